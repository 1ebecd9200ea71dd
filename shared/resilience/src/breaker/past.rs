//! What a breaker did lately, for people who ask afterwards.

use std::collections::VecDeque;
use std::time::Duration;

use super::state::Transition;

/// For how long moves are remembered.
const REMEMBERED: Duration = Duration::from_secs(3_600);
/// Moves that are remembered at most: a breaker that flaps moves every few seconds.
const MOVES_MAX: usize = 64;

/// A change of state, and how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Before now.
    pub ago: Duration,
    /// From which state to which.
    pub transition: Transition,
}

/// The latest moves of a breaker, oldest first.
#[derive(Debug, Default)]
pub(super) struct Past(VecDeque<(Duration, Transition)>);

impl Past {
    pub(super) fn note(&mut self, now: Duration, moves: &[Transition]) {
        for transition in moves {
            if self.0.len() == MOVES_MAX {
                self.0.pop_front();
            }
            self.0.push_back((now, *transition));
        }
    }

    /// The last move, however long ago, and those of the last hour before it.
    pub(super) fn told(&self, now: Duration) -> Vec<Moved> {
        let last = self.0.len().saturating_sub(1);
        let moves = self.0.iter().enumerate().map(|(n, (at, transition))| {
            let ago = now.saturating_sub(*at);
            (
                n,
                Moved {
                    ago,
                    transition: *transition,
                },
            )
        });
        let lately = moves.filter(|(n, moved)| *n == last || moved.ago <= REMEMBERED);
        lately.map(|(_, moved)| moved).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::State;
    use super::*;

    const OPENS: Transition = Transition {
        from: State::Closed,
        to: State::Open,
    };

    #[test]
    fn moves_of_an_hour_are_told_and_the_last_one_for_ever() {
        let (mut past, hour) = (Past::default(), REMEMBERED);
        past.note(Duration::ZERO, &[OPENS]);
        past.note(hour, &[OPENS, OPENS]);
        assert_eq!(past.told(hour).len(), 3);
        assert_eq!(past.told(hour + Duration::from_secs(1)).len(), 2);
        let late = past.told(hour * 9);
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].ago, hour * 8);
    }

    #[test]
    fn no_more_moves_are_remembered_than_the_bound() {
        let mut past = Past::default();
        for second in 0..1_000 {
            past.note(Duration::from_secs(second), &[OPENS]);
        }
        let told = past.told(Duration::from_secs(999));
        assert_eq!(told.len(), MOVES_MAX);
        assert_eq!(told[MOVES_MAX - 1].ago, Duration::ZERO);
    }
}
