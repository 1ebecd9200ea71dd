//! Trades that are booked and filled at a steady pace.

use std::time::Duration;

use kernel::id::Tenant;
use pipeline::accept::Request;
use serde_json::value::RawValue;
use tokio::time::{Instant, MissedTickBehavior, interval};

use dealerboard::roles::Platform;

/// Booked, filled three times, executed.
pub(super) const EVENTS_PER_TRADE: u64 = 5;
const FILLS: u64 = 3;
/// Trades in a step: with steps of 10 ms, 5,000 events a second.
const TRADES_PER_STEP: u64 = 10;
const STEP: Duration = Duration::from_millis(10);

pub(super) struct Desk {
    tenant: Tenant,
    accounts: u64,
}

impl Desk {
    pub(super) fn new(tenant: Tenant, accounts: u64) -> Self {
        Self { tenant, accounts }
    }

    /// Sends trades for so long; returns how many.
    pub(super) async fn trade(&self, platform: &Platform, lasts: Duration) -> anyhow::Result<u64> {
        let until = Instant::now() + lasts;
        let mut ticks = interval(STEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut first = 0;
        while Instant::now() < until {
            ticks.tick().await;
            let mut commands = Vec::new();
            for step in 0..=FILLS {
                for trade in first..first + TRADES_PER_STEP {
                    let (kind, data) = self.step(trade, step);
                    let request = Request {
                        context: "trades",
                        tenant: &self.tenant,
                        actor: &"generator".parse()?,
                        identity: None,
                        aggregate: &format!("T-{trade}").parse()?,
                        id: None,
                        kind,
                        data: &RawValue::from_string(data)?,
                        expected_version: None,
                        correlation: None,
                        causation: None,
                    };
                    commands.push(platform.sealer.seal(request, None)?.1);
                }
            }
            platform.ports.command_log.append(commands).await?;
            first += TRADES_PER_STEP;
        }
        Ok(first)
    }

    fn step(&self, trade: u64, step: u64) -> (&'static str, String) {
        if step == 0 {
            let account = trade % self.accounts;
            let booking = format!(
                r#"{{"account":"ACC-{account}","book":"AGENCY","instrument":"IBM","side":"BUY","quantity":"300","price":"181.52","currency":"USD","traded_at":"2013-10-07T13:30:00Z"}}"#
            );
            return ("BookTrade", booking);
        }
        let fill = format!(
            r#"{{"exec_id":"E-{trade}-{step}","quantity":"100","price":"181.5{step}","fee":"0.35","traded_at":"2013-10-07T13:30:0{step}Z"}}"#
        );
        ("RecordFill", fill)
    }
}
