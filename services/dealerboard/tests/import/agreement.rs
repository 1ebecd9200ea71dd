//! Positions after an import are the oracle's, to the last digit.

use std::time::Duration;

use testkit::eventually;

use super::oracle::{Rows, expected, served};
use super::site::{Site, sample, summary};

const METHODS: [&str; 5] = ["AVERAGE", "FIFO", "HIFO", "LIFO", "SPECID"];
/// The durable view of a list is written every 250 ms; a busy machine takes longer.
const LIST_WAIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn embedded_import_agrees_with_the_oracle_under_every_lot_method() {
    every_lot_method_agrees(Site::embedded().await).await;
}

#[tokio::test]
async fn production_import_agrees_with_the_oracle_under_every_lot_method() {
    every_lot_method_agrees(Site::production().await).await;
}

/// Each method has a tenant, so that all share one platform.
async fn every_lot_method_agrees(site: Site) {
    let (file, rows) = sample(site.folder());
    for method in METHODS {
        let tenant = method.to_lowercase();
        let mut import = site.import(&file, &tenant);
        let output = import.args(["--lot-method", method]).output().unwrap();
        let all = format!("{rows} rows: {rows} imported, 0 already there, 0 rejected");
        assert_eq!(summary(&output), (all, Some(0)), "{output:?}");
        agrees(&site, &tenant, &expected(&file, method)).await;
    }
    site.discard().await;
}

pub(crate) async fn agrees(site: &Site, tenant: &str, expected: &Rows) {
    let what = format!("the positions of {tenant}");
    eventually(&what, LIST_WAIT, async || {
        let served = served(&site.positions(tenant).await);
        let differs = expected
            .iter()
            .find(|(key, row)| served.get(*key) != Some(row));
        if let Some((key, row)) = differs {
            eprintln!("expected {row}\nserved   {:?}", served.get(key));
        }
        (differs.is_none() && served.len() == expected.len()).then_some(())
    })
    .await;
}
