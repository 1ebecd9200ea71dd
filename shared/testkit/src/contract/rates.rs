//! What every counter of rates does, whatever it is made of.

use std::time::Duration;

use kernel::port::{Rate, Rates, Taken};

/// Slow enough that nothing comes back while a test takes.
const SLOW: Rate = Rate {
    per_second: 1,
    burst: 100,
};

/// Runs the suite. Each call of `make` gives rates from which nothing was taken.
///
/// # Panics
/// The counter breaks the contract of its port.
pub async fn rates<R: Rates>(make: impl AsyncFn() -> R) {
    burst_is_there_at_once_and_no_more(&make().await).await;
    names_do_not_share(&make().await).await;
    what_was_waited_for_is_there(&make().await).await;
    rest_adds_up_to_the_burst_and_no_further(&make().await).await;
}

async fn take(rates: &impl Rates, name: &str, rate: Rate, wanted: u32) -> Taken {
    let taken = rates.take(name, rate, wanted).await;
    taken.expect("the rates can be reached")
}

/// Until there is nothing: how many, and how long until the next.
async fn drain(rates: &impl Rates, name: &str, rate: Rate) -> (u32, Duration) {
    let mut all = 0;
    loop {
        match take(rates, name, rate, 7).await {
            Taken::Granted(some) => {
                assert!((1..=7).contains(&some), "{some} granted");
                all += some;
            }
            Taken::After(wait) => return (all, wait),
        }
    }
}

async fn burst_is_there_at_once_and_no_more(rates: &impl Rates) {
    let (all, wait) = drain(rates, "demo", SLOW).await;
    assert!((100..=103).contains(&all), "{all} of a burst of 100");
    assert!(
        !wait.is_zero() && wait <= Duration::from_secs(1),
        "{wait:?}"
    );
}

async fn names_do_not_share(rates: &impl Rates) {
    drain(rates, "demo", SLOW).await;
    let (all, _) = drain(rates, "acme", SLOW).await;
    assert!(all >= 100, "{all}");
}

async fn what_was_waited_for_is_there(rates: &impl Rates) {
    let rate = Rate {
        per_second: 20,
        burst: 1,
    };
    for _ in 0..5 {
        let (_, wait) = drain(rates, "demo", rate).await;
        assert!(wait <= Duration::from_millis(50), "{wait:?}");
        tokio::time::sleep(wait + Duration::from_millis(2)).await;
        assert!(matches!(
            take(rates, "demo", rate, 1).await,
            Taken::Granted(1)
        ));
    }
}

async fn rest_adds_up_to_the_burst_and_no_further(rates: &impl Rates) {
    let rate = Rate {
        per_second: 1_000,
        burst: 10,
    };
    drain(rates, "demo", rate).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let taken = take(rates, "demo", rate, 1_000).await;
    assert!(matches!(taken, Taken::Granted(5..=10)), "{taken:?}");
}
