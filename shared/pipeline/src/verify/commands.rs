//! I1: every record of the command log below the cursor has an outcome or a dead letter; and I6: there
//! are as many as the cursor has handled.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use kernel::Fault;
use kernel::batch::{Cursor, DeadReason};
use kernel::frame::framed_object;
use kernel::id::CommandId;
use kernel::port::{DeadLetterState, FRAME, Reader, Record, SchemaError, StoredDeadLetter};
use kernel::topic::{self, PartitionId};

use super::counts::stuck;
use super::finding::{at, in_full, quoted};
use super::log::{Missing, Scan};
use super::{Findings, Invariant, PAGE, Verifier, VerifyPorts, Watch, bound};
use crate::handle::{REDRIVE, command_id};
use crate::skip::RECREATED;

impl Verifier<'_> {
    pub(super) async fn commands(
        &self,
        partition_id: PartitionId,
        cursor: &Cursor,
        reader: Box<dyn Reader>,
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) {
        if let Err(fault) = self
            .all_commands(partition_id, cursor, reader, findings, watch)
            .await
        {
            let rules = [Invariant::I1, Invariant::I6, Invariant::I12];
            findings.uncompared(
                &rules,
                format!("{partition_id} command log"),
                in_full(&fault),
            );
        }
    }

    async fn all_commands(
        &self,
        partition_id: PartitionId,
        cursor: &Cursor,
        reader: Box<dyn Reader>,
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) -> Result<(), Fault> {
        let mut scan = Scan::new(reader).await?;
        if cursor.next_offset > scan.end {
            findings.violation(
                Invariant::I8,
                partition_id,
                format!(
                    "the cursor is at {}, the command log ends at {}",
                    cursor.next_offset, scan.end
                ),
            );
        }
        let mut check = Check {
            verifier: self,
            partition_id,
            partitions: self.partitions,
            cursor,
            letters: Letters::new(partition_id),
            redriven: HashMap::new(),
            elsewhere: 0,
            handled: 0,
            waiting: 0,
        };
        loop {
            let page = scan.page().await?;
            if page.is_empty() {
                break;
            }
            watch.progress(page.len());
            check.page(page, findings).await?;
        }
        let mut unaccounted = Vec::new();
        for missing in &scan.missing {
            if self.was_skipped(partition_id, missing).await? {
                check.handled += 1;
                findings.note(format!(
                    "{partition_id} command log: {missing}, and were skipped"
                ));
            } else {
                unaccounted.push(missing.clone());
            }
        }
        let recreated = self.letter_at(partition_id, RECREATED).await?;
        if let Some(stored) = &recreated {
            findings.note(format!(
                "{partition_id} command log: {}",
                stored.letter.detail
            ));
        }
        let complete = unaccounted.is_empty() && recreated.is_none();
        check.finish(&unaccounted, complete, findings);
        Ok(())
    }

    async fn letter_at(
        &self,
        partition_id: PartitionId,
        offset: i64,
    ) -> Result<Option<StoredDeadLetter>, Fault> {
        let found = self.letter_from(partition_id, offset).await?;
        Ok(found.filter(|stored| stored.letter.offset == offset))
    }

    /// The first letter at the offset or behind it.
    async fn letter_from(
        &self,
        partition_id: PartitionId,
        offset: i64,
    ) -> Result<Option<StoredDeadLetter>, Fault> {
        let letters = self
            .ports
            .dead_letters
            .list(partition_id, Some(offset - 1), 1);
        let letters =
            bound::answer(|| format!("list dead letters of {partition_id}"), letters).await?;
        Ok(letters.into_iter().next())
    }

    /// Whether an operator decided to continue behind it: one letter covers all of it.
    async fn was_skipped(
        &self,
        partition_id: PartitionId,
        missing: &Missing,
    ) -> Result<bool, Fault> {
        let found = self.letter_from(partition_id, missing.from).await?;
        Ok(found.is_some_and(|stored| {
            let letter = stored.letter;
            letter.reason == DeadReason::Unreadable
                && letter.value.is_none()
                && letter.offset < missing.to
        }))
    }
}

struct Check<'a> {
    verifier: &'a Verifier<'a>,
    partition_id: PartitionId,
    partitions: u16,
    cursor: &'a Cursor,
    letters: Letters,
    /// Letters marked redriven whose copy has not been met yet, by hash of key and value.
    redriven: HashMap<u64, i64>,
    /// Commands whose outcome is another key's: each repeats an id that was used there.
    elsewhere: u64,
    /// Records below the cursor, and those not handled yet.
    handled: u64,
    waiting: u64,
}

impl Check<'_> {
    async fn page(&mut self, page: Vec<Record>, findings: &mut Findings) -> Result<(), Fault> {
        let mut ids = Vec::with_capacity(page.len());
        for record in page {
            if record.header(REDRIVE).is_some() {
                self.redriven.remove(&content(&record.key, &record.value));
            }
            if record.offset >= self.cursor.next_offset {
                self.waiting += 1;
                continue;
            }
            self.handled += 1;
            findings.commands += 1;
            let letter = self.letters.at(self.verifier.ports, record.offset);
            if let Some(stored) = letter.await? {
                self.letter(&record, &stored, findings);
                continue;
            }
            match self.id(&record).await? {
                Some(id) if self.is_misplaced(&record) => {
                    self.forwarded(&record, id, findings).await?;
                }
                Some(id) => ids.push((record, id)),
                None => findings.violation(
                    Invariant::I1,
                    at(self.partition_id, record.offset),
                    "the record names no command id and has no dead letter",
                ),
            }
        }
        self.outcomes(&ids, findings).await
    }

    fn is_misplaced(&self, record: &Record) -> bool {
        self.home(record) != self.partition_id
    }

    fn home(&self, record: &Record) -> PartitionId {
        let key = record.key.as_deref().unwrap_or_default();
        PartitionId {
            partition: topic::partition_of(key, self.partitions),
            ..self.partition_id
        }
    }

    /// A record that was sent on to the partition of its key is accounted for there.
    async fn forwarded(
        &self,
        record: &Record,
        id: CommandId,
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        let home = self.home(record);
        let handled = self.verifier.outcomes(home, &[id], findings).await?;
        if !handled.is_empty() {
            return Ok(());
        }
        let contexts = [home.context];
        let parked = self.verifier.ports.dead_letters.find(&contexts, id..=id);
        let parked = bound::answer(|| format!("find dead letters of {id}"), parked).await?;
        if parked.is_empty() {
            let place = at(self.partition_id, record.offset);
            let why = format!("command {id} was sent on to {home} and is not handled there yet");
            findings.uncompared(&[Invariant::I1], place, why);
        }
        Ok(())
    }

    /// A letter keeps its record as it came.
    fn letter(&mut self, record: &Record, stored: &StoredDeadLetter, findings: &mut Findings) {
        let letter = &stored.letter;
        if letter.key != record.key || letter.value != record.value {
            findings.violation(
                Invariant::I1,
                at(self.partition_id, record.offset),
                "the dead letter's key or value is not the record's",
            );
        }
        // The copy of a record in the wrong partition is in another, and has its outcome there.
        let is_here = letter.reason != DeadReason::WrongPartition;
        if stored.state == DeadLetterState::Redriven && is_here {
            self.redriven
                .insert(content(&letter.key, &letter.value), letter.offset);
        }
    }

    async fn id(&self, record: &Record) -> Result<Option<CommandId>, Fault> {
        let value = record.value.as_deref().unwrap_or_default();
        let (authority, context) = (
            self.verifier.ports.authority.as_ref(),
            self.partition_id.context,
        );
        let command_id = |json: &[u8]| command_id(authority, context, record, json);
        // JSON behind a prefix is JSON, and gives every checker the same id.
        if let Some(json) = framed_object(value) {
            return Ok(command_id(json));
        }
        let Some(schemas) = &self.verifier.ports.schemas else {
            return Ok(command_id(value));
        };
        if value.first() != Some(&FRAME) {
            return Ok(command_id(value));
        }
        let decode = async {
            match schemas.decode(value).await {
                Ok(json) => Ok(command_id(&json)),
                Err(SchemaError::Permanent(_)) => Ok(None),
                Err(SchemaError::Fault(fault)) => Err(fault),
            }
        };
        bound::answer(|| "ask the schema registry".to_owned(), decode).await
    }

    async fn outcomes(
        &mut self,
        commands: &[(Record, CommandId)],
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        let mut ids: Vec<CommandId> = commands.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = self
            .verifier
            .outcomes(self.partition_id, &ids, findings)
            .await?;
        for (record, id) in commands {
            let place = at(self.partition_id, record.offset);
            let Some(row) = rows.get(id) else {
                let detail = format!("command {id} has neither outcome nor dead letter");
                findings.violation(Invariant::I1, place, detail);
                continue;
            };
            let Some(row) = row else { continue };
            if record.key.as_deref() == Some(row.outcome.key().as_bytes()) {
                continue;
            }
            self.elsewhere += 1;
            if self.elsewhere > self.cursor.repeats {
                let (key, other) = (quoted(record.key.as_ref()), row.outcome.key());
                let detail = format!("command {id} of {key} has the outcome of {other}");
                findings.violation(Invariant::I12, place, detail);
            }
        }
        Ok(())
    }

    /// `complete`: the log holds, or a letter names, everything that was handled.
    fn finish(self, missing: &[Missing], complete: bool, findings: &mut Findings) {
        let partition_id = self.partition_id;
        for offset in self.redriven.into_values() {
            findings.violation(
                Invariant::I1,
                at(partition_id, offset),
                "the dead letter is marked redriven, but no copy of it is in the log",
            );
        }
        if self.waiting > 0 {
            findings.waiting += self.waiting;
            findings.note(format!(
                "{partition_id}: {} commands wait to be handled",
                self.waiting
            ));
        }
        for missing in missing {
            let rules = [Invariant::I1, Invariant::I6, Invariant::I12];
            findings.uncompared(&rules, format!("{partition_id} command log"), missing);
        }
        let (handled, counted) = (self.handled, self.cursor.handled);
        if handled > counted || (complete && handled < counted) {
            let detail = format!(
                "the log holds {handled} commands below the cursor, which has handled {counted}"
            );
            findings.violation(Invariant::I6, partition_id, detail);
        }
    }
}

fn content(key: &impl Hash, value: &impl Hash) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    key.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.digest()
}

/// The letters of a partition beside its log, both in offset order.
struct Letters {
    partition_id: PartitionId,
    page: VecDeque<StoredDeadLetter>,
    after: Option<i64>,
    more: bool,
}

impl Letters {
    fn new(partition_id: PartitionId) -> Self {
        Self {
            partition_id,
            page: VecDeque::new(),
            after: None,
            more: true,
        }
    }

    async fn at(
        &mut self,
        ports: &VerifyPorts,
        offset: i64,
    ) -> Result<Option<StoredDeadLetter>, Fault> {
        loop {
            while self
                .page
                .front()
                .is_some_and(|stored| stored.letter.offset < offset)
            {
                self.page.pop_front();
            }
            if !self.page.is_empty() || !self.more {
                break;
            }
            let partition_id = self.partition_id;
            let page = ports.dead_letters.list(partition_id, self.after, PAGE);
            let page =
                bound::answer(|| format!("list dead letters of {partition_id}"), page).await?;
            let last = page.last().map(|last| last.letter.offset);
            if last.is_some() && last <= self.after {
                return Err(stuck(format!("list dead letters of {partition_id}")));
            }
            self.more = page.len() == PAGE;
            self.after = last.or(self.after);
            self.page = page.into();
        }
        let here = self
            .page
            .front()
            .is_some_and(|stored| stored.letter.offset == offset);
        Ok(if here { self.page.pop_front() } else { None })
    }
}
