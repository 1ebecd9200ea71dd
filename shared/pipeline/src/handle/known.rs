//! Command ids that are known already: in the inbox, or in batches that are not durable yet.

use std::sync::Arc;

use foldhash::HashMap;
use kernel::Fault;
use kernel::batch::OutcomeRow;
use kernel::id::CommandId;
use kernel::port::EventReader;
use kernel::topic::Shard;

/// The outcomes of batches still in flight, over those of the inbox.
#[derive(Default)]
pub(super) struct Known {
    /// Places in the growing batch's outcomes, and in those of the batch on its way to disk.
    growing: HashMap<CommandId, usize>,
    flying: HashMap<CommandId, usize>,
    /// The inbox's answer about the records at hand.
    found: HashMap<CommandId, OutcomeRow>,
    gap: Option<Gap>,
}

/// A range of ids of which the inbox has none, and which lie between two that it has.
///
/// Ids that are ordered by time nearly always fall into the one behind the newest, and need not be
/// asked about: a look-up costs the database a quarter of what a commit does.
#[derive(Clone, Copy, Debug)]
struct Gap {
    after: CommandId,
    before: Option<CommandId>,
}

impl Gap {
    fn contains(&self, id: CommandId) -> bool {
        id > self.after && self.before.is_none_or(|before| id < before)
    }

    /// The id is taken now. What comes next is expected behind one that is ordered by time, and
    /// anywhere else after a random one.
    fn take(&mut self, id: CommandId) {
        if is_ordered(id) {
            self.after = id;
        } else {
            self.before = Some(id);
        }
    }
}

fn is_ordered(id: CommandId) -> bool {
    id.0.get_version_num() == 7
}

impl Known {
    /// Asks the inbox about those ids that it may have; says whether there were any.
    pub(super) async fn look_up(
        &mut self,
        store: &Arc<dyn EventReader>,
        shard: Shard,
        ids: impl Iterator<Item = CommandId>,
    ) -> Result<bool, Fault> {
        let (mut asked, mut all) = (Vec::new(), 0);
        for id in ids {
            all += 1;
            let is_new = self.gap.is_some_and(|gap| gap.contains(id));
            if !is_new && !self.growing.contains_key(&id) && !self.flying.contains_key(&id) {
                asked.push(id);
            }
        }
        self.found.clear();
        if asked.is_empty() {
            return Ok(false);
        }
        // A gap that spares few of the questions is not where the ids come from now.
        let newest = asked.iter().copied().filter(|id| is_ordered(*id)).max();
        let newest = newest.filter(|_| asked.len() * 2 > all);
        let next = async {
            match newest {
                Some(newest) => store.scan_outcomes(shard, Some(newest), 1).await,
                None => Ok(Vec::new()),
            }
        };
        let (rows, next) = tokio::join!(store.outcomes(shard, &asked), next);
        let (rows, next) = (rows?, next?);
        self.found
            .extend(rows.into_iter().map(|row| (row.command, row)));
        if let Some(after) = newest {
            let before = next.first().map(|row| row.command);
            self.gap = Some(Gap { after, before });
            // Those in flight are not in the inbox yet and lie behind none or all of it.
            let flying: Vec<_> = self
                .growing
                .keys()
                .chain(self.flying.keys())
                .copied()
                .collect();
            flying.into_iter().for_each(|id| self.take(id));
        }
        Ok(true)
    }

    /// The answer that the id was given before, if it was; `growing` and `flying` are the outcomes of
    /// the batches it may stand in.
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

    /// The id was given an answer, which stands at that place of the growing batch.
    pub(super) fn add(&mut self, id: CommandId, place: usize) {
        self.growing.insert(id, place);
        self.take(id);
    }

    /// The growing batch is on its way to disk.
    pub(super) fn submitted(&mut self) {
        self.flying = std::mem::take(&mut self.growing);
    }

    /// The batch is durable: the inbox knows its commands now.
    pub(super) fn landed(&mut self) {
        self.flying.clear();
    }

    fn take(&mut self, id: CommandId) {
        if let Some(gap) = self.gap.as_mut().filter(|gap| gap.contains(id)) {
            gap.take(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use kernel::batch::{EventRow, Outcome};
    use kernel::port::{KnownCommand, LoadedStream};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const SHARD: Shard = Shard {
        context: "trades",
        partition: 0,
    };

    /// An inbox, and how many ids it was asked about.
    #[derive(Default)]
    struct Inbox(Mutex<(BTreeMap<CommandId, OutcomeRow>, usize)>);

    #[async_trait]
    impl EventReader for Inbox {
        async fn load(&self, _: Shard, _: &[Arc<str>], _: u64) -> Result<Vec<LoadedStream>, Fault> {
            Ok(Vec::new())
        }

        async fn outcomes(&self, _: Shard, ids: &[CommandId]) -> Result<Vec<OutcomeRow>, Fault> {
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
            _: CommandId,
        ) -> Result<Option<KnownCommand>, Fault> {
            Ok(None)
        }

        async fn read(&self, _: Shard, _: u64, _: usize) -> Result<Vec<EventRow>, Fault> {
            Ok(Vec::new())
        }

        async fn scan_outcomes(
            &self,
            _: Shard,
            after: Option<CommandId>,
            max: usize,
        ) -> Result<Vec<OutcomeRow>, Fault> {
            let inbox = self.0.lock().unwrap();
            let above = inbox.0.values().filter(|row| Some(row.command) > after);
            Ok(above.take(max).cloned().collect())
        }
    }

    /// Batches of ids as the processor meets them; gives back how many the inbox was asked about.
    async fn handled(batches: &[Vec<CommandId>]) -> usize {
        let inbox = Arc::new(Inbox::default());
        let store = Arc::clone(&inbox) as Arc<dyn EventReader>;
        let mut known = Known::default();
        let (mut growing, mut flying): (Vec<OutcomeRow>, Vec<OutcomeRow>) =
            (Vec::new(), Vec::new());
        for batch in batches {
            let ids = batch.iter().copied();
            known.look_up(&store, SHARD, ids.clone()).await.unwrap();
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
                first_position: 1,
                events: 0,
            },
        }
    }

    /// An id of the fourth or seventh kind, of few enough that they come again.
    fn id() -> impl Strategy<Value = CommandId> {
        (0..40_u128, any::<bool>()).prop_map(|(number, ordered)| {
            let version = if ordered { 7 } else { 4 };
            CommandId(Uuid::from_u128((number << 80) | (version << 76)))
        })
    }

    fn ordered(number: u128) -> CommandId {
        CommandId(Uuid::from_u128((number << 80) | (7 << 76)))
    }

    proptest! {
        #[test]
        fn known_id_is_never_taken_for_new(batches in prop::collection::vec(prop::collection::vec(id(), 0..6), 0..30)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(handled(&batches));
        }
    }

    #[tokio::test]
    async fn ids_in_time_order_are_asked_about_once() {
        let batches: Vec<_> = (0..100)
            .map(|n| vec![ordered(2 * n), ordered(2 * n + 1)])
            .collect();
        assert_eq!(handled(&batches).await, 2);
    }
}
