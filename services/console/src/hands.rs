//! The hands of operations: they do the steps, which reach them as calls.
//!
//! A call may come twice, after a crash in the middle of it. So the letters of a step are named by the
//! step before: what the first try has dealt with is recognised, and counted as dealt with.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::effect::{Answer, Call, IdempotencyKey};
use kernel::port::{DeadLetterState, EventReader, EventStore, NoAnswer, Outside, StoredDeadLetter};
use kernel::topic::PartitionId;
use operations::{Counts, LEFT_SHOWN, Left, Mending, Place, Planned, Step, Stepped};
use pipeline::{Known, Responsible, Stays, redrive_of};
use uuid::Uuid;

use crate::search::{Found, Letters, Wanted};
use crate::selection::{By, Selection};
use crate::watch::{Sent, Watch, is_sent};

/// Letters of one step: their places are an event.
const STEP_LETTERS: usize = 100;
/// Names the redrives of operations.
const NAMESPACE: Uuid = Uuid::from_u128(0x8b1a_52c3_6f0e_4d0b_9a57_2f6d_13c8_e004);

/// Does the steps of operations.
pub struct Hands {
    letters: Arc<Letters>,
    watch: Watch,
}

impl Hands {
    /// `store` and `reader` say what became of what was sent.
    #[must_use]
    pub fn new(
        letters: Arc<Letters>,
        store: Arc<dyn EventStore>,
        reader: Arc<dyn EventReader>,
    ) -> Self {
        let redriver = letters.ports.redriver.clone();
        let watch = Watch {
            redriver,
            store,
            reader,
            whose: letters.ports.whose.clone(),
        };
        Self { letters, watch }
    }
}

#[async_trait]
impl Outside for Hands {
    async fn perform(
        &self,
        call: &Call,
        _key: IdempotencyKey,
        _within: Duration,
    ) -> Result<Answer, NoAnswer> {
        let refused = |code: &str, detail: String| {
            Ok(Answer::Refused {
                code: code.into(),
                detail: detail.into(),
            })
        };
        let step: Step = match serde_json::from_slice(&call.body) {
            Ok(step) => step,
            Err(error) => return refused("unreadable_step", error.to_string()),
        };
        let selection = match Selection::of(&step.letters, &self.letters.names()) {
            Ok(selection) => selection,
            Err(error) => return refused("unknown_letters", error.to_string()),
        };
        let stepped = self.step(&step, &selection).await?;
        let body = serde_json::to_vec(&stepped);
        let body = body.map_err(|error| NoAnswer::Unusable(error.to_string()))?;
        Ok(Answer::Done(body.into()))
    }
}

/// What has become of a step so far.
#[derive(Default)]
struct Tally {
    counts: Counts,
    left: Vec<Left>,
}

impl Tally {
    fn leaves(&mut self, place: Place, why: &str) {
        self.counts.left += 1;
        if self.left.len() < LEFT_SHOWN {
            let why = why.to_owned();
            self.left.push(Left { place, why });
        }
    }
}

impl Hands {
    async fn step(&self, step: &Step, selection: &Selection) -> Result<Stepped, Fault> {
        let mut tally = Tally::default();
        let planned = self.planned(step, selection, &mut tally).await?;
        match step.what {
            Mending::Redrive => self.redrive(step, planned, &mut tally).await?,
            Mending::Discard => self.discard(planned, &mut tally).await?,
        }
        let next = if step.planned.found_all {
            Planned {
                found_all: true,
                ..Planned::default()
            }
        } else {
            self.plan(step, selection).await?
        };
        Ok(Stepped {
            counts: tally.counts,
            left: tally.left,
            next,
        })
    }

    /// The letters that the step before has found, as they are now.
    async fn planned(
        &self,
        step: &Step,
        selection: &Selection,
        tally: &mut Tally,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let mut planned = Vec::with_capacity(step.planned.places.len());
        for place in &step.planned.places {
            let partition_id = PartitionId {
                context: selection.contexts[0],
                partition: place.partition,
            };
            let found = self.letters.at(partition_id, place.offset).await?;
            let known = found.map(|stored| self.letters.ports.whose.known(stored));
            let is_meant = |known: &Known| {
                let whose = &self.letters.ports.whose;
                whose.sees(&step.tenant, known) && selection.is_meant(known)
            };
            match known.filter(is_meant) {
                Some(known) => planned.push(known.stored),
                None => tally.leaves(*place, "it is no longer there"),
            }
        }
        Ok(planned)
    }

    async fn discard(
        &self,
        planned: Vec<StoredDeadLetter>,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        for stored in planned {
            let before = stored.state == DeadLetterState::Discarded;
            if before || self.letters.ports.redriver.discard(&stored).await? {
                tally.counts.discarded += 1;
            } else {
                tally.leaves(place(&stored), Stays::Settled.as_str());
            }
        }
        Ok(())
    }

    async fn redrive(
        &self,
        step: &Step,
        planned: Vec<StoredDeadLetter>,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let redriver = &self.letters.ports.redriver;
        let (before, planned): (Vec<_>, Vec<_>) = planned.into_iter().partition(is_sent);
        let barred = redriver.barred(&planned).await?;
        let mut free = Vec::with_capacity(planned.len());
        for stored in planned {
            let key = (stored.partition_id, stored.letter.offset);
            if stored.state != DeadLetterState::Parked {
                tally.leaves(place(&stored), Stays::Settled.as_str());
            } else if barred.contains_key(&key) {
                tally.leaves(place(&stored), Stays::Behind.as_str());
            } else {
                free.push(stored);
            }
        }
        let responsible = Responsible {
            by: step.by.clone(),
            approved_by: step.confirmed_by.clone(),
        };
        let redrive = name_of(step);
        let redriven = redriver.redrive_as(redrive, free, &responsible).await?;
        for (stored, stays) in &redriven.stay {
            tally.leaves(place(stored), stays.as_str());
        }
        let before = before.into_iter().map(|stored| (stored, None));
        let sent = redriven.sent.into_iter();
        let sent = sent.map(|(stored, appended)| (stored, Some(appended)));
        let sent: Vec<Sent> = before.chain(sent).collect();
        let counts = self.watch.count(redrive, &sent).await?;
        tally.counts = tally.counts.plus(counts);
        Ok(())
    }

    /// The letters of the next step. What this redrive came to again is not meant once more, nor what
    /// came after the operation began.
    async fn plan(&self, step: &Step, selection: &Selection) -> Result<Planned, Fault> {
        let wanted = Wanted {
            tenant: &step.tenant,
            selection,
            after: step.planned.after.map(|place| (0, place)),
        };
        let Found { letters, after } = self.letters.find(&wanted, STEP_LETTERS).await?;
        let redrive = name_of(step);
        let is_named = matches!(selection.by, By::Letter { .. });
        let is_meant = |stored: &StoredDeadLetter| {
            let letter = &stored.letter;
            redrive_of(letter) != Some(redrive) && (is_named || letter.logged_at <= step.as_of)
        };
        let meant = letters.iter().map(|known| &known.stored);
        Ok(Planned {
            places: meant.filter(|stored| is_meant(stored)).map(place).collect(),
            found_all: after.is_none(),
            after: after.map(|(_, place)| place),
        })
    }
}

fn name_of(step: &Step) -> Uuid {
    let name = format!("{}/{}", step.tenant, step.operation_id);
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

fn place(stored: &StoredDeadLetter) -> Place {
    Place {
        partition: stored.partition_id.partition,
        offset: stored.letter.offset,
    }
}
