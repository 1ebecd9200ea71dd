//! Which queues an agent has served. Each set of them has a number, so that time can be kept by it
//! and what is past does not move when the agent does.

use serde::{Deserialize, Serialize};

use crate::label::QueueId;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Teams {
    /// By number; the first is of those who serve nothing yet.
    sets: Vec<Vec<QueueId>>,
    current: usize,
}

impl Default for Teams {
    fn default() -> Self {
        Self {
            sets: vec![Vec::new()],
            current: 0,
        }
    }
}

impl Teams {
    /// The agent serves these from now on, in whatever order they are named.
    pub(super) fn change(&mut self, mut queues: Vec<QueueId>) {
        queues.sort_unstable();
        let known = self.sets.iter().position(|set| *set == queues);
        self.current = known.unwrap_or_else(|| {
            self.sets.push(queues);
            self.sets.len() - 1
        });
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Whether the set of that number has the queue.
    pub(super) fn serves(&self, team: usize, queue: &QueueId) -> bool {
        self.sets
            .get(team)
            .is_some_and(|queues| queues.contains(queue))
    }
    pub(super) fn ever_served(&self, queue: &QueueId) -> bool {
        self.sets.iter().any(|queues| queues.contains(queue))
    }
}
