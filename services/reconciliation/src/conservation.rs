//! I9: what trades have filled is what positions hold, quantity and fees, key by key.
//!
//! The two contexts share no code, only the events that one publishes and the other follows; here
//! their sums meet.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use kernel::decimal::Inexact;
use kernel::port::LoadedStream;
use kernel::topic::PartitionId;
use kernel::{Context as _, Decimal, Fault, topic};
use pipeline::{Coverage, Findings, Invariant, Rule, RuleWorld};
use positions::Position;
use trades::{Trade, TradeEvent};

use crate::executions::Executions;

/// Sums per position key, of both sides; one entry per position.
#[derive(Default)]
pub struct Conservation {
    filled: BTreeMap<Arc<str>, Sum>,
    held: BTreeMap<Arc<str>, Sum>,
    /// Reports of trades that positions refused, and raised as breaks.
    refused: usize,
    coverage: Coverage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Bought less sold.
    pub(crate) quantity: Decimal,
    pub(crate) fees: Decimal,
}

impl Sum {
    pub(crate) fn add(&mut self, other: Self) -> Result<(), Inexact> {
        self.quantity = self.quantity.plus(other.quantity)?;
        self.fees = self.fees.plus(other.fees)?;
        Ok(())
    }
}

#[async_trait]
impl Rule for Conservation {
    fn contexts(&self) -> &'static [&'static str] {
        &[Trade::NAME, Position::NAME]
    }

    fn stream(&mut self, partition_id: PartitionId, stream: &LoadedStream, until: u64) {
        let added = match partition_id.context {
            Trade::NAME => self.trade(stream, until),
            Position::NAME => self.position(stream, until),
            _ => Ok(()),
        };
        if let Err(error) = added {
            self.coverage
                .broken(format!("{partition_id} {}: {error}", stream.key));
        }
    }

    fn unseen(&mut self, partition_id: PartitionId) {
        self.coverage.unseen(partition_id);
    }

    async fn finish(
        self: Box<Self>,
        world: &RuleWorld<'_>,
        moving: Option<String>,
        findings: &mut Findings,
    ) {
        if !self.coverage.report(Position::NAME, findings) {
            return;
        }
        if self.refused > 0 {
            findings.note(format!(
                "{} reports of trades were refused by their positions and raised as breaks",
                self.refused
            ));
        }
        let differences = self.differences();
        if differences.is_empty() {
            return;
        }
        if let Some(moving) = moving {
            let why = format!(
                "{} differ from their trades while {moving}",
                differences.len()
            );
            return findings.uncompared(&[Invariant::I9], Position::NAME, why);
        }
        let parked = match parked(world).await {
            Ok(parked) => parked,
            Err(fault) => return findings.uncompared(&[Invariant::I9], Position::NAME, fault),
        };
        for (key, detail) in differences {
            if parked.contains(&**key) {
                findings.note(format!("{detail}; commands of it are parked"));
            } else {
                findings.violation(Invariant::I9, Position::NAME, detail);
            }
        }
    }
}

impl Conservation {
    /// The effective fills of a trade, each on the position it was recorded for.
    fn trade(&mut self, stream: &LoadedStream, until: u64) -> anyhow::Result<()> {
        let mut fills: HashMap<trades::ExecId, (Arc<str>, bool, Sum)> = HashMap::new();
        for row in stream.until(until) {
            let tenant = row.record.meta()?.tenant;
            match serde_json::from_slice(&row.record.value)? {
                TradeEvent::FillRecorded(fill) => {
                    let key = format!(
                        "{tenant}/{}/{}/{}",
                        fill.account, fill.book, fill.instrument
                    );
                    let sold = fill.side == trades::Side::Sell;
                    let sum = Sum {
                        quantity: signed(fill.quantity.get(), sold),
                        fees: own_fee(fill.fee.get(), fill.fee_currency.is_some()),
                    };
                    fills.insert(fill.exec_id, (key.into(), sold, sum));
                }
                TradeEvent::FillCorrected(fill) => {
                    if let Some((_, sold, sum)) = fills.get_mut(&fill.exec_id) {
                        sum.quantity = signed(fill.quantity.get(), *sold);
                        sum.fees = own_fee(fill.fee.get(), fill.fee_currency.is_some());
                    }
                }
                TradeEvent::FillBusted(fill) => drop(fills.remove(&fill.exec_id)),
                _ => {}
            }
        }
        for (key, _, sum) in fills.into_values() {
            self.filled.entry(key).or_default().add(sum)?;
        }
        Ok(())
    }

    /// The executions of a position as trades count them, including those it refused and raised as
    /// breaks; and all its fields compared with its events.
    fn position(&mut self, stream: &LoadedStream, until: u64) -> anyhow::Result<()> {
        let mut executions = Executions::default();
        for row in stream.until(until) {
            let event = serde_json::from_slice(&row.record.value)?;
            executions.apply(&row.record.meta()?, event);
        }
        let all = executions.held()?;
        let says = executions.says;
        if !executions.is_split && (all.quantity, all.fees) != (says.quantity, says.fees) {
            self.coverage.broken(format!(
                "{}: executions sum to {} with fees {}, the position says {} with fees {}",
                stream.key, all.quantity, all.fees, says.quantity, says.fees
            ));
        }
        let counted = executions.as_trades_count()?;
        self.held.insert(Arc::clone(&stream.key), counted);
        self.refused += executions.refused();
        Ok(())
    }

    fn differences(&self) -> Vec<(&Arc<str>, String)> {
        let keys: BTreeSet<_> = self.filled.keys().chain(self.held.keys()).collect();
        let mut differences = Vec::new();
        for key in keys {
            let filled = self.filled.get(key).copied().unwrap_or_default();
            let held = self.held.get(key).copied().unwrap_or_default();
            if filled != held {
                let detail = format!(
                    "{key}: trades filled {} with fees {}, the position has or refused {} with fees {}",
                    filled.quantity, filled.fees, held.quantity, held.fees
                );
                differences.push((key, detail));
            }
        }
        differences
    }
}

/// A fee in another currency is none of those that are compared.
pub(crate) fn own_fee(fee: Decimal, is_in_another: bool) -> Decimal {
    if is_in_another { Decimal::ZERO } else { fee }
}

pub(crate) fn signed(quantity: Decimal, sold: bool) -> Decimal {
    if sold { quantity.negated() } else { quantity }
}

/// Keys of positions with a parked command.
async fn parked(world: &RuleWorld<'_>) -> Result<HashSet<String>, Fault> {
    let mut keys = HashSet::new();
    for partition in 0..world.partitions {
        let partition_id = PartitionId {
            context: Position::NAME,
            partition,
        };
        let parked = world.dead_letters.parked_keys(partition_id).await?;
        let texts = parked
            .iter()
            .filter_map(|key| std::str::from_utf8(key).ok());
        keys.extend(
            texts
                .filter(|key| topic::split_key(key).is_ok())
                .map(str::to_owned),
        );
    }
    Ok(keys)
}
