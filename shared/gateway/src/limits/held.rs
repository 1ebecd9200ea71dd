//! A gateway's share of what all gateways count under a name.

use std::time::{Duration, Instant};

use kernel::port::Taken;
use tokio::sync::Mutex;

use super::{Limiter, Quota};

/// How long a share is good for: what is not used by then is lost, not saved up.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Those who ask while a share is on its way wait for it.
#[derive(Default)]
pub(super) struct Held(Mutex<Share>);

#[derive(Clone, Copy, Default)]
enum Share {
    #[default]
    Unknown,
    Left {
        requests: u32,
        until: Instant,
    },
    /// The next can be taken then; until then nobody has to ask.
    Empty {
        until: Instant,
    },
}

impl Held {
    /// # Errors
    /// How long there is nothing.
    pub(super) async fn take(
        &self,
        limiter: &Limiter,
        name: &str,
        quota: Quota,
    ) -> Result<(), Duration> {
        let mut share = self.0.lock().await;
        let now = Instant::now();
        match &mut *share {
            Share::Left { requests, until } if *requests > 0 && now < *until => {
                *requests -= 1;
                return Ok(());
            }
            Share::Empty { until } if now < *until => return Err(*until - now),
            Share::Unknown | Share::Left { .. } | Share::Empty { .. } => {}
        }
        match limiter.ask(name, quota).await {
            Taken::Granted(requests) => {
                let (requests, until) = (requests.saturating_sub(1), now + GOOD_FOR);
                *share = Share::Left { requests, until };
                Ok(())
            }
            Taken::After(wait) => {
                *share = Share::Empty { until: now + wait };
                Err(wait)
            }
        }
    }
}
