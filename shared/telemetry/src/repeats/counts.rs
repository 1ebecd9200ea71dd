//! How many lines of each kind were logged, and how many left out.

use std::collections::HashMap;
use std::time::Duration;

use tracing::Level;

use super::kind::Kind;

/// Lines of a kind that are logged as they come.
pub(super) const LOGGED_MAX: u32 = 2;
/// Time between the last of them and the first count; each further count takes twice as long …
pub(super) const PERIOD_FIRST: Duration = Duration::from_secs(10);
/// … up to this. A kind of which nothing came for so long is new again.
pub(super) const PERIOD_MAX: Duration = Duration::from_secs(60);
/// Kinds that are distinguished.
pub(super) const KINDS_MAX: usize = 256;
/// Longest text kept of a line that was left out, bytes.
const LAST_MAX: usize = 512;

#[derive(Default)]
pub(super) struct Counts {
    kinds: HashMap<Kind, Count>,
    /// The counts are no longer logged.
    ended: bool,
}

struct Count {
    /// Lines logged since the kind was new.
    logged: u32,
    /// Lines left out since the last logged line or count, and the text of the latest.
    left_out: u64,
    last: String,
    /// When a line of the kind came last, logged or not.
    seen: Duration,
    /// When a line or a count was last logged.
    logged_at: Duration,
    period: Duration,
}

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Logged,
    /// Left out; the first since something of the kind was logged?
    Counted {
        first: bool,
    },
}

/// Lines of one kind that were left out.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) level: Level,
    pub(super) origin: String,
    /// The latest of them.
    pub(super) last: String,
    pub(super) count: u64,
    /// Time since something of the kind was logged.
    pub(super) seconds: u64,
}

impl Counts {
    /// Logs or counts a line; `text` is its content.
    pub(super) fn admit(&mut self, kind: Kind, now: Duration, text: String) -> Verdict {
        let kind = self.known(kind, now);
        let count = self.kinds.entry(kind).or_insert_with(|| Count::new(now));
        if count.left_out == 0 && now >= count.seen + PERIOD_MAX {
            *count = Count::new(now);
        }
        count.seen = now;
        let waited = count.left_out == 0 && now >= count.due();
        if count.logged < LOGGED_MAX || waited {
            count.logged = count.logged.saturating_add(1);
            count.logged_at = now;
            return Verdict::Logged;
        }
        count.left_out += 1;
        count.last = cut(text);
        Verdict::Counted {
            first: count.left_out == 1,
        }
    }

    /// The kind itself, or the one for whatever finds no place.
    fn known(&mut self, kind: Kind, now: Duration) -> Kind {
        if self.kinds.len() < KINDS_MAX || self.kinds.contains_key(&kind) {
            return kind;
        }
        self.kinds
            .retain(|_, count| count.left_out > 0 || now < count.seen + PERIOD_MAX);
        if self.kinds.len() < KINDS_MAX {
            return kind;
        }
        Kind::Other(kind.level())
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// When the next count is due, if there is any.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let counted = self.kinds.values().filter(|count| count.left_out > 0);
        counted.map(Count::due).min()
    }

    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Left> {
        self.take(now, |count| now >= count.due())
    }

    pub(super) fn take_all(&mut self, now: Duration) -> Vec<Left> {
        self.take(now, |_| true)
    }

    fn take(&mut self, now: Duration, wanted: impl Fn(&Count) -> bool) -> Vec<Left> {
        let mut taken = Vec::new();
        for (kind, count) in &mut self.kinds {
            if count.left_out > 0 && wanted(count) {
                taken.push(Left {
                    level: kind.level(),
                    origin: kind.origin(),
                    last: std::mem::take(&mut count.last),
                    count: std::mem::take(&mut count.left_out),
                    seconds: (now - count.logged_at).as_secs(),
                });
                count.logged_at = now;
                count.period = (count.period * 2).min(PERIOD_MAX);
            }
        }
        taken
    }
}

impl Count {
    fn new(now: Duration) -> Self {
        Self {
            logged: 0,
            left_out: 0,
            last: String::new(),
            seen: now,
            logged_at: now,
            period: PERIOD_FIRST,
        }
    }

    fn due(&self) -> Duration {
        self.logged_at + self.period
    }
}

fn cut(mut text: String) -> String {
    let mut places = text.char_indices().map(|(place, _)| place);
    if let Some(place) = places.find(|place| *place >= LAST_MAX) {
        text.truncate(place);
        text.push('…');
    }
    text
}
