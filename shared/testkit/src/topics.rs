//! The topics of one test, on a broker of many.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

const WAIT: Duration = Duration::from_secs(20);

/// Deletes those whose names begin so: a broker with ten thousand partitions answers within seconds
/// where it took milliseconds.
///
/// # Panics
/// The broker refuses.
pub async fn delete(brokers: &str, prefix: &str) {
    assert!(!prefix.is_empty(), "these would be all topics");
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().expect("a client can be made");
    let known = admin.inner().fetch_metadata(None, WAIT);
    let known = known.expect("the broker tells its topics");
    let names = known
        .topics()
        .iter()
        .map(rdkafka::metadata::MetadataTopic::name);
    let names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
    if names.is_empty() {
        return;
    }
    let options = AdminOptions::new().request_timeout(Some(WAIT));
    let deleted = admin.delete_topics(&names, &options).await;
    deleted.expect("the broker deletes topics");
}
