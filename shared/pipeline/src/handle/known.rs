//! Command ids that are known already: in the inbox, or in batches that are not durable yet.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use kernel::batch::OutcomeRow;
use kernel::id::CommandId;
use kernel::port::EventReader;
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};

/// The outcomes of batches still in flight, over those of the inbox.
#[derive(Default)]
pub(super) struct Known {
    /// Places in the growing batch's outcomes, and in those of the batch on its way to disk.
    growing: HashMap<CommandId, usize>,
    flying: HashMap<CommandId, usize>,
    /// The inbox's answer about the records at hand.
    found: HashMap<CommandId, OutcomeRow>,
    recent: Option<Recent>,
}

/// Ids kept of one stretch: at 50,000 commands a second those of more than a second of one partition,
/// which is more than clocks of several gateways are apart.
const RECENT_MAX: usize = 32_768;

/// A stretch of ids of which the inbox had none when it was asked, and what was taken of it since.
///
/// Ids that hold the time of their acceptance nearly all fall into the stretch behind the newest that
/// the inbox had, and need not be asked about: a look-up costs the database a quarter of what a commit
/// does.
struct Recent {
    after: CommandId,
    before: Option<CommandId>,
    taken: HashSet<CommandId>,
}

impl Recent {
    fn contains(&self, id: CommandId) -> bool {
        id > self.after && self.before.is_none_or(|before| id < before)
    }

    /// Whether the id lies in the stretch and is not taken.
    fn is_new(&self, id: CommandId) -> bool {
        self.contains(id) && !self.taken.contains(&id)
    }

    fn take(&mut self, id: CommandId) {
        if !self.contains(id) {
            return;
        }
        self.taken.insert(id);
        if self.taken.len() > RECENT_MAX {
            self.forget_older_half();
        }
    }

    /// The stretch begins later from now on; the inbox holds what lies before.
    fn forget_older_half(&mut self) {
        let mut ids: Vec<_> = self.taken.iter().copied().collect();
        let middle = ids.len() / 2;
        let (_, after, newer) = ids.select_nth_unstable(middle);
        self.after = *after;
        self.taken = newer.iter().copied().collect();
    }
}

impl Known {
    /// Asks the inbox about those ids that it may have, each with the time of its acceptance; returns
    /// whether there were any.
    pub(super) async fn look_up(
        &mut self,
        store: &Arc<dyn EventReader>,
        partition_id: PartitionId,
        ids: impl Iterator<Item = (CommandId, Timestamp)>,
    ) -> Result<bool, Fault> {
        let (mut asked, mut newest, mut all) = (Vec::new(), None, 0);
        for (id, at) in ids {
            all += 1;
            let recent = self.recent.as_ref();
            let is_new = recent.is_some_and(|recent| recent.is_new(id));
            if !is_new && !self.growing.contains_key(&id) && !self.flying.contains_key(&id) {
                asked.push(id);
                // An id that claims another time does not show where its neighbours are.
                newest = newest.max(id.is_about(at).then_some(id));
            }
        }
        self.found.clear();
        if asked.is_empty() {
            return Ok(false);
        }
        // A stretch that spares few of the questions is not where the ids come from now.
        let newest = newest.filter(|_| asked.len() * 2 > all);
        let next = async {
            match newest {
                Some(newest) => store.scan_outcomes(partition_id, Some(newest), 1).await,
                None => Ok(Vec::new()),
            }
        };
        let (rows, next) = tokio::join!(store.outcomes(partition_id, &asked), next);
        let (rows, next) = (rows?, next?);
        self.found
            .extend(rows.into_iter().map(|row| (row.command, row)));
        if let Some(after) = newest {
            self.recent_from(after, next.first().map(|row| row.command));
        }
        Ok(true)
    }

    fn recent_from(&mut self, after: CommandId, before: Option<CommandId>) {
        let mut recent = Recent {
            after,
            before,
            taken: HashSet::default(),
        };
        // Those in flight are not in the inbox yet.
        let in_flight = self.growing.keys().chain(self.flying.keys());
        in_flight.for_each(|id| recent.take(*id));
        self.recent = Some(recent);
    }

    /// The answer that the id was given before, if it was; `growing` and `flying` are the outcomes of
    /// the batches it may be in.
    pub(super) fn get<'a>(
        &'a self,
        id: CommandId,
        growing: &'a [OutcomeRow],
        flying: &'a [OutcomeRow],
    ) -> Option<&'a OutcomeRow> {
        let place = |places: &HashMap<CommandId, usize>| places.get(&id).copied();
        place(&self.growing)
            .and_then(|place| growing.get(place))
            .or_else(|| place(&self.flying).and_then(|place| flying.get(place)))
            .or_else(|| self.found.get(&id))
    }

    /// The id was given an answer, which is at that place of the growing batch.
    pub(super) fn add(&mut self, id: CommandId, place: usize) {
        self.growing.insert(id, place);
        self.take(id);
    }

    /// The growing batch is on its way to disk.
    pub(super) fn submitted(&mut self) {
        self.flying = std::mem::take(&mut self.growing);
    }

    /// The batch is durable: the inbox holds its commands now.
    pub(super) fn landed(&mut self) {
        self.flying.clear();
    }

    fn take(&mut self, id: CommandId) {
        if let Some(recent) = &mut self.recent {
            recent.take(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::RangeInclusive;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use kernel::batch::{EventRow, Outcome};
    use kernel::port::{KnownCommand, LoadedStream};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const PARTITION: PartitionId = PartitionId {
        context: "trades",
        partition: 0,
    };

    /// An inbox, and how many ids it was asked about.
    #[derive(Default)]
    struct Inbox(Mutex<(BTreeMap<CommandId, OutcomeRow>, usize)>);

    #[async_trait]
    impl EventReader for Inbox {
        async fn load(
            &self,
            _: PartitionId,
            _: &[Arc<str>],
            _: u64,
        ) -> Result<Vec<LoadedStream>, Fault> {
            Ok(Vec::new())
        }

        async fn outcomes(
            &self,
            _: PartitionId,
            ids: &[CommandId],
        ) -> Result<Vec<OutcomeRow>, Fault> {
            let mut inbox = self.0.lock().unwrap();
            inbox.1 += ids.len();
            Ok(ids
                .iter()
                .filter_map(|id| inbox.0.get(id).cloned())
                .collect())
        }

        async fn find(
            &self,
            _: &[&'static str],
            _: RangeInclusive<CommandId>,
        ) -> Result<Vec<KnownCommand>, Fault> {
            Ok(Vec::new())
        }

        async fn heads(&self, _: &[&'static str]) -> Result<Vec<(PartitionId, u64)>, Fault> {
            Ok(Vec::new())
        }

        async fn read(&self, _: PartitionId, _: u64, _: usize) -> Result<Vec<EventRow>, Fault> {
            Ok(Vec::new())
        }

        async fn scan_outcomes(
            &self,
            _: PartitionId,
            after: Option<CommandId>,
            max: usize,
        ) -> Result<Vec<OutcomeRow>, Fault> {
            let inbox = self.0.lock().unwrap();
            let above = inbox.0.values().filter(|row| Some(row.command) > after);
            Ok(above.take(max).cloned().collect())
        }
    }

    /// Batches of ids as the processor meets them; returns how many the inbox was asked about.
    async fn handled(batches: &[Vec<CommandId>]) -> usize {
        let inbox = Arc::new(Inbox::default());
        let store = Arc::clone(&inbox) as Arc<dyn EventReader>;
        let mut known = Known::default();
        let (mut growing, mut flying): (Vec<OutcomeRow>, Vec<OutcomeRow>) =
            (Vec::new(), Vec::new());
        for batch in batches {
            let ids = batch.iter().copied();
            let dated = ids.clone().map(|id| (id, at(id)));
            known.look_up(&store, PARTITION, dated).await.unwrap();
            for id in ids {
                let handled = |rows: &[OutcomeRow]| rows.iter().any(|row| row.command == id);
                let before = handled(&growing)
                    || handled(&flying)
                    || inbox.0.lock().unwrap().0.contains_key(&id);
                let answer = known.get(id, &growing, &flying);
                assert_eq!(answer.map(|row| row.command), before.then_some(id));
                if !before {
                    growing.push(row(id));
                    known.add(id, growing.len() - 1);
                }
            }
            // The batch in flight lands, and the one that grew takes its place.
            let landed = std::mem::replace(&mut flying, std::mem::take(&mut growing));
            known.landed();
            let landed = landed.into_iter().map(|row| (row.command, row));
            inbox.0.lock().unwrap().0.extend(landed);
            known.submitted();
        }
        inbox.0.lock().unwrap().1
    }

    fn row(command: CommandId) -> OutcomeRow {
        OutcomeRow {
            command,
            body_hash: 0,
            stream: 0,
            outcome: Outcome::Accepted {
                key: "demo/T-1".into(),
                version: 1,
                first_log_position: 1,
                events: 0,
                breaks: Vec::new(),
            },
        }
    }

    /// The time of an id that holds one.
    fn at(id: CommandId) -> Timestamp {
        let (millis, _) = id.0.as_u64_pair();
        Timestamp::from_millis(i64::try_from(millis >> 16).unwrap())
    }

    /// The `place`th id of a millisecond: their order is not the one they come in.
    fn dated(millis: u128, place: u128) -> CommandId {
        CommandId(Uuid::from_u128(
            (millis << 80) | (8 << 76) | (2 << 62) | place,
        ))
    }

    /// A random id, or one that holds a time; of few enough that they come again.
    fn id() -> impl Strategy<Value = CommandId> {
        (0..12_u128, 0..4_u128, any::<bool>()).prop_map(|(millis, place, holds_time)| {
            if holds_time {
                dated(millis, place)
            } else {
                CommandId(Uuid::from_u128((millis << 80) | (4 << 76) | place))
            }
        })
    }

    proptest! {
        #[test]
        fn known_id_is_never_taken_for_new(batches in prop::collection::vec(prop::collection::vec(id(), 0..6), 0..40)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(handled(&batches));
        }
    }

    #[tokio::test]
    async fn ids_of_the_time_they_come_in_are_asked_about_once_whatever_their_order_within_it() {
        let batches: Vec<_> = (1..100)
            .map(|n| vec![dated(n, 7), dated(n, 3), dated(n, 5)])
            .collect();
        assert!(handled(&batches).await <= 6);
    }

    #[tokio::test]
    async fn id_that_claims_another_time_does_not_have_the_others_asked_about() {
        let claims = CommandId(Uuid::from_u128((9_000_000_000_000 << 80) | (7 << 76)));
        let inbox = Arc::new(Inbox::default());
        let store = Arc::clone(&inbox) as Arc<dyn EventReader>;
        let mut known = Known::default();
        for n in 1..100 {
            let ids = [claims, dated(n, 1), dated(n, 2), dated(n, 3)];
            let now = Timestamp::from_millis(i64::try_from(n).unwrap());
            let dated = ids.map(|id| (id, now)).into_iter();
            known.look_up(&store, PARTITION, dated).await.unwrap();
            ids.into_iter().for_each(|id| known.add(id, 0));
            known.submitted();
        }
        let asked = inbox.0.lock().unwrap().1;
        assert!(asked < 110, "{asked}");
    }

    #[tokio::test]
    async fn stretch_that_grows_too_long_forgets_the_older_half_and_asks_about_it_again() {
        let count = u128::try_from(RECENT_MAX).unwrap() + 3;
        let batches: Vec<_> = (1..=count).map(|n| vec![dated(n, 1)]).collect();
        handled(&batches).await;
        let again = batches.iter().step_by(1_000).cloned();
        handled(&batches.iter().cloned().chain(again).collect::<Vec<_>>()).await;
    }
}
