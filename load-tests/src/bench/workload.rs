//! The commands a benchmark sends: trades booked and filled, as a desk would.

use std::sync::Arc;

use bytes::Bytes;
use kernel::envelope::CommandEnvelope;
use kernel::id::{Actor, Tenant};
use kernel::port::{Ids as _, NewRecord};
use kernel::topic;
use pipeline::accept::{Request, Sealer};
use serde_json::value::RawValue;

use pipeline::SystemIds;

/// Fills of each trade: with its booking, four commands and five events per trade.
const FILLS: u64 = 3;
/// Commands of each trade.
pub(super) const COMMANDS_PER_TRADE: u64 = 1 + FILLS;

/// Events of each trade: booked, filled three times, executed.
pub(super) const EVENTS_PER_TRADE: u64 = 5;

/// Makes the commands of trade after trade; those of many trades are interleaved.
pub(super) struct Workload {
    tenant: Tenant,
    /// Distinguishes this run from others in the same store.
    run: String,
}

impl Workload {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self::of(Tenant::new("bench")?))
    }

    pub(super) fn of(tenant: Tenant) -> Self {
        let run = SystemIds.random().simple().to_string()[..8].to_owned();
        Self { tenant, run }
    }

    /// Booking and fills of trades `first .. first + trades`: all bookings, then all first fills …
    pub(super) fn commands(&self, first: u64, trades: u64) -> Vec<NewRecord> {
        let mut commands = Vec::new();
        for step in 0..COMMANDS_PER_TRADE {
            for trade in first..first + trades {
                let (kind, data) = self.step(trade, step);
                commands.push(self.record("trades", &self.trade(trade), kind, data));
            }
        }
        commands
    }

    /// The same as the gateway sends them: signed by the platform, for a log without a broker that
    /// vouches for a producer.
    pub(super) fn sealed(
        &self,
        sealer: &Sealer,
        first: u64,
        trades: u64,
    ) -> anyhow::Result<Vec<NewRecord>> {
        let mut commands = Vec::new();
        for step in 0..COMMANDS_PER_TRADE {
            for trade in first..first + trades {
                let (kind, data) = self.step(trade, step);
                let request = Request {
                    context: "trades",
                    tenant: &self.tenant,
                    actor: &"generator".parse()?,
                    identity: None,
                    aggregate: &self.trade(trade).parse()?,
                    id: None,
                    kind,
                    data: &RawValue::from_string(data)?,
                    expected_version: None,
                    correlation: None,
                    causation: None,
                };
                commands.push(sealer.seal(request, None)?.1);
            }
        }
        Ok(commands)
    }

    fn trade(&self, trade: u64) -> String {
        format!("T-{}-{trade}", self.run)
    }

    /// A booking first, then fills.
    fn step(&self, trade: u64, step: u64) -> (&'static str, String) {
        if step == 0 {
            ("BookTrade", Self::booking(trade))
        } else {
            ("RecordFill", self.fill(trade, step))
        }
    }

    fn booking(trade: u64) -> String {
        let account = trade % 200;
        format!(
            r#"{{"account":"ACC-{account:04}","book":"AGENCY","instrument":"IBM","side":"BUY","quantity":"300","price":"181.5200","currency":"USD","traded_at":"2013-10-07T13:30:00.688Z"}}"#
        )
    }

    fn fill(&self, trade: u64, step: u64) -> String {
        format!(
            r#"{{"exec_id":"E-{}-{trade}-{step}","quantity":"100","price":"181.5{step}00","fee":"0.3500","traded_at":"2013-10-07T13:30:0{step}.052Z"}}"#,
            self.run
        )
    }

    /// The `fill`th fill of a position, as the reaction to trades sends it: two buy, two sell, so that
    /// no more than two lots are open.
    pub(super) fn apply_fill(
        &self,
        sealer: &Sealer,
        position: u64,
        fill: u64,
    ) -> anyhow::Result<NewRecord> {
        let run = &self.run;
        let side = if fill % 4 < 2 { "BUY" } else { "SELL" };
        let (minute, second) = (fill / 60, fill % 60);
        let data = format!(
            r#"{{"exec_id":"E-{run}-{position}-{fill}","side":"{side}","quantity":"100","price":"181.{second:02}00","fee":"0.3500","currency":"USD","traded_at":"2013-10-07T13:{minute:02}:{second:02}.688Z"}}"#
        );
        let id = format!("ACC-{:04}/{run}/I-{}", position % 200, position / 200);
        let request = Request {
            context: "positions",
            tenant: &self.tenant,
            actor: &Actor::reaction("fills-to-positions")?,
            identity: None,
            aggregate: &id.parse()?,
            id: None,
            kind: "ApplyFill",
            data: &RawValue::from_string(data)?,
            expected_version: None,
            correlation: None,
            causation: None,
        };
        Ok(sealer.seal(request, None)?.1)
    }

    pub(super) fn record(
        &self,
        context: &'static str,
        aggregate: &str,
        kind: &str,
        data: String,
    ) -> NewRecord {
        let aggregate = aggregate.parse();
        let aggregate = aggregate.expect("letters, digits, dashes and slashes are an aggregate id");
        let data = RawValue::from_string(data).expect("a literal with numbers in it is JSON");
        let envelope = CommandEnvelope {
            id: SystemIds.ordered().to_string().into(),
            kind: kind.into(),
            tenant: None,
            actor: None,
            identity: None,
            at: None,
            correlation: None,
            causation: None,
            expected_version: None,
            reply_to: None,
            data: &data,
        };
        let value = serde_json::to_vec(&envelope)
            .expect("an envelope is a struct of strings and raw JSON, which always serialises");
        let key: Arc<str> = topic::key(&self.tenant, &aggregate);
        NewRecord {
            context,
            key,
            value: Bytes::from(value),
            headers: Vec::new(),
        }
    }
}
