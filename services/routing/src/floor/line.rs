//! Who waits in a queue, in the order in which they are served.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use kernel::Timestamp;

use super::conversation::{Conversation, Place};
use super::moment::before_s;
use crate::label::{Channel, ConversationId, Skill};
use crate::settings::{Order, QueueSettings};

/// Seconds of waiting that one unit of priority is worth, as with Genesys Cloud.
const PRIORITY_S: i64 = 60;
const SECOND: i64 = 1_000_000;

/// A place in an order. All that counts is known when the place is given: all that wait age at one
/// rate, so nothing has to be sorted again as time goes by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    rank: i64,
    pub(crate) enqueued_at: Timestamp,
    seq: u64,
    pub(crate) id: ConversationId,
}

/// Those who wait for the same: an agent who can serve one of them can serve them all.
#[derive(Debug, Default)]
pub(crate) struct Line {
    order: BTreeSet<Spot>,
    /// By waiting time alone.
    ages: BTreeSet<Spot>,
}

/// The lines of a queue by channel and required skills.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: BTreeMap<Channel, BTreeMap<BTreeSet<Skill>, Line>>,
    waiting: usize,
}

impl Spot {
    pub(crate) fn of(
        id: &ConversationId,
        conversation: &Conversation,
        place: &Place,
        settings: &QueueSettings,
    ) -> Self {
        let rank = match settings.order {
            Order::Ageing => {
                let boost = i64::from(boost_s(conversation, settings));
                let ahead_s = place
                    .priority
                    .saturating_mul(PRIORITY_S)
                    .saturating_add(boost);
                let ahead = ahead_s.saturating_mul(SECOND);
                place.enqueued_at.micros().saturating_sub(ahead)
            }
            Order::Strict { .. } => place.priority.saturating_neg(),
        };
        Self {
            rank,
            enqueued_at: place.enqueued_at,
            seq: place.seq,
            id: id.clone(),
        }
    }

    fn by_age(&self) -> Self {
        Self {
            rank: 0,
            ..self.clone()
        }
    }
}

pub(crate) fn boost_s(conversation: &Conversation, settings: &QueueSettings) -> u32 {
    let boosts = &settings.intent_boost_s;
    boosts
        .get(&conversation.intent)
        .copied()
        .unwrap_or_default()
}

impl Line {
    pub(crate) fn ages(&self) -> impl Iterator<Item = &Spot> {
        self.ages.iter()
    }
}

impl Lines {
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    pub(crate) fn enter(&mut self, channel: &Channel, required: &BTreeSet<Skill>, spot: Spot) {
        let lines = self.lines.entry(channel.clone()).or_default();
        let line = lines.entry(required.clone()).or_default();
        line.ages.insert(spot.by_age());
        if line.order.insert(spot) {
            self.waiting += 1;
        }
    }

    pub(crate) fn leave(&mut self, channel: &Channel, required: &BTreeSet<Skill>, spot: &Spot) {
        let Some(lines) = self.lines.get_mut(channel) else {
            return;
        };
        let Some(line) = lines.get_mut(required) else {
            return;
        };
        line.ages.remove(&spot.by_age());
        if line.order.remove(spot) {
            self.waiting -= 1;
        }
        if line.order.is_empty() {
            lines.remove(required);
        }
        if lines.is_empty() {
            self.lines.remove(channel);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Channel, &BTreeSet<Skill>, &Line)> {
        self.lines.iter().flat_map(|(channel, lines)| {
            let lines = lines.iter();
            lines.map(move |(required, line)| (channel, required, line))
        })
    }

    /// Who has waited longest.
    pub(crate) fn oldest(&self) -> Option<&Spot> {
        let firsts = self.all().filter_map(|(_, _, line)| line.ages.first());
        firsts.min()
    }
}

/// Those of some lines in the order in which they are served.
pub(crate) fn served<'a>(
    lines: &[&'a Line],
    order: Order,
    now: Timestamp,
) -> Box<dyn Iterator<Item = &'a Spot> + 'a> {
    let Order::Strict { max_wait_s } = order else {
        return Box::new(merge(lines.iter().map(|line| line.order.iter()).collect()));
    };
    let waited_too_long = before_s(now, max_wait_s.get());
    let escaped = move |spot: &&Spot| spot.enqueued_at <= waited_too_long;
    let first = merge(lines.iter().map(|line| line.ages.iter()).collect()).take_while(escaped);
    let then = merge(lines.iter().map(|line| line.order.iter()).collect());
    Box::new(first.chain(then.filter(move |spot| !escaped(spot))))
}

/// Merges sorted iterators into a sorted one.
fn merge<'a, I: Iterator<Item = &'a Spot>>(mut lines: Vec<I>) -> impl Iterator<Item = &'a Spot> {
    let mut heads = BinaryHeap::new();
    for (index, line) in lines.iter_mut().enumerate() {
        heads.extend(line.next().map(|spot| Reverse((spot, index))));
    }
    std::iter::from_fn(move || {
        let Reverse((spot, index)) = heads.pop()?;
        heads.extend(lines[index].next().map(|next| Reverse((next, index))));
        Some(spot)
    })
}
