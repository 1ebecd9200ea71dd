//! I5: every value of every read model and every snapshot is the fold of its stream, byte by byte.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kernel::port::{LoadedStream, ReadModel, Snapshot, ViewValue, WHOLE};
use kernel::topic::PartitionId;
use kernel::{Fault, Parameters};

use super::finding::in_full;
use super::{Findings, Invariant, Verifier, Watch, bound};
use crate::handle::Proof;
use crate::project::Until;
use crate::slices::ViewSlice;

/// Streams loaded at once, each whole.
const STREAMS_MAX: usize = 32;

impl Verifier<'_> {
    pub(super) async fn streams(
        &self,
        partition_id: PartitionId,
        new: &[(Arc<str>, i64)],
        head: u64,
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) {
        for new in new.chunks(STREAMS_MAX) {
            let (keys, numbers): (Vec<_>, Vec<_>) = new.iter().cloned().unzip();
            // The order matters on a live system: what a model has seen is in the values read after
            // it, and what is in a value is in the streams read after that.
            let mut shown = Vec::new();
            for view in self.views {
                for (name, model) in &self.ports.models {
                    let read =
                        Shown::read(*view, name, model.as_ref(), partition_id, &keys, findings);
                    shown.extend(read.await);
                }
            }
            let snapshots = self.snapshots(partition_id, &numbers, findings).await;
            for stream in self.load(partition_id, &keys, findings, watch).await {
                watch.progress(1);
                findings.streams += 1;
                if sound(|| watch.stream(partition_id, &stream, head)).is_none() {
                    let place = format!("{partition_id} {}", stream.key);
                    findings.violation(Invariant::I9, place, PANICKED);
                    watch.unseen(partition_id);
                }
                for shown in &shown {
                    shown.compare(partition_id, &stream, self.live, findings);
                }
                let mine = snapshots.iter().filter(|kept| kept.stream == stream.stream);
                mine.for_each(|snapshot| self.snapshot(partition_id, &stream, snapshot, findings));
            }
        }
    }

    async fn snapshots(
        &self,
        partition_id: PartitionId,
        numbers: &[i64],
        findings: &mut Findings,
    ) -> Vec<Snapshot> {
        let stored = self.ports.snapshots.stored(partition_id, numbers);
        let stored = bound::answer(|| format!("read snapshots of {partition_id}"), stored).await;
        stored.unwrap_or_else(|fault| {
            findings.uncompared(
                &[Invariant::I5],
                format!("{partition_id} snapshots"),
                in_full(&fault),
            );
            Vec::new()
        })
    }

    /// The streams of the keys. One that cannot be loaded, such as one with a hole, spoils no other.
    async fn load(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) -> Vec<LoadedStream> {
        let load = |keys| {
            let load = self.ports.reader.load(partition_id, keys, WHOLE);
            bound::answer(move || format!("load streams of {partition_id}"), load)
        };
        if let Ok(streams) = load(keys).await {
            return streams;
        }
        let mut streams = Vec::with_capacity(keys.len());
        for key in keys {
            match load(std::slice::from_ref(key)).await {
                Ok(loaded) => streams.extend(loaded),
                Err(fault) => {
                    let place = format!("{partition_id} {key}");
                    findings.uncompared(&[Invariant::I5], place, in_full(&fault));
                    watch.unseen(partition_id);
                }
            }
        }
        streams
    }

    fn snapshot(
        &self,
        partition_id: PartitionId,
        stream: &LoadedStream,
        snapshot: &Snapshot,
        findings: &mut Findings,
    ) {
        let place = format!(
            "{partition_id} snapshot of {} at version {}",
            stream.key, snapshot.version
        );
        let proof = sound(|| (self.context.prove)(stream, snapshot));
        match proof.unwrap_or_else(|| Proof::Refuted(PANICKED.to_owned())) {
            Proof::Holds => findings.snapshots += 1,
            Proof::Refuted(why) => {
                findings.snapshots += 1;
                findings.violation(Invariant::I5, place, why);
            }
            Proof::OtherShape => findings.note(format!("{place}: of another shape, not compared")),
        }
    }
}

/// What one model shows of some keys of one view.
struct Shown {
    view: ViewSlice,
    model: &'static str,
    /// Position that the model had reached before the values were read.
    reached: u64,
    values: Vec<(Arc<str>, Option<ViewValue>)>,
}

impl Shown {
    async fn read(
        view: ViewSlice,
        name: &'static str,
        model: &dyn ReadModel,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        findings: &mut Findings,
    ) -> Option<Self> {
        let place = || format!("{partition_id} {} in {name}", view.id);
        let question = || format!("read {} in {name}", view.id);
        let reached = model.checkpoint(view.id, partition_id.partition);
        let reached = match bound::answer(question, reached).await {
            Ok(reached) => reached.log_position,
            Err(fault) => {
                refused(&fault, place(), findings);
                return None;
            }
        };
        let mut values = Vec::with_capacity(keys.len());
        match bound::answer(question, model.get(view.id, keys)).await {
            Ok(found) => values.extend(keys.iter().cloned().zip(found)),
            // One of them is damaged: the others are compared all the same.
            Err(_) => {
                for key in keys {
                    let one = model.get(view.id, std::slice::from_ref(key));
                    match bound::answer(question, one).await {
                        Ok(mut found) => values.push((Arc::clone(key), found.pop().flatten())),
                        Err(fault) => refused(&fault, format!("{} of {key}", place()), findings),
                    }
                }
            }
        }
        Some(Self {
            view,
            model: name,
            reached,
            values,
        })
    }

    fn compare(
        &self,
        partition_id: PartitionId,
        stream: &LoadedStream,
        live: bool,
        findings: &mut Findings,
    ) {
        let Some((_, value)) = self.values.iter().find(|(key, _)| *key == stream.key) else {
            return;
        };
        let value = value.as_ref();
        let shown = value.map_or(0, |value| value.log_position);
        let mut log_positions = stream.events.iter().map(|row| row.record.log_position);
        let place = format!(
            "{partition_id} {} in {} of {}",
            self.view.id, self.model, stream.key
        );
        if let Some(missed) = log_positions.find(|at| *at > shown && *at <= self.reached) {
            let detail = format!(
                "the model has seen position {}, the value ends at {shown} and lacks {missed}",
                self.reached
            );
            return findings.violation(Invariant::I5, place, detail);
        }
        let Some(value) = value else { return };
        findings.values += 1;
        // On a live system it may have moved since its checkpoint was read.
        if shown > self.reached && !live {
            let detail = format!(
                "the value ends at {shown}, and the model has seen position {} only",
                self.reached
            );
            findings.violation(Invariant::I5, &place, detail);
        }
        let folded = sound(|| {
            (self.view.fold)(
                stream,
                partition_id.partition,
                Until::LogPosition(shown),
                &Parameters::default(),
            )
        });
        let Some(folded) = folded else {
            return findings.violation(Invariant::I5, place, PANICKED);
        };
        match folded {
            Ok(Some(folded)) if folded == *value => {}
            Ok(folded) => {
                let detail = format!(
                    "the value {} is not the fold of its events {}",
                    text(Some(value)),
                    text(folded.as_ref())
                );
                findings.violation(Invariant::I5, place, detail);
            }
            Err(error) => {
                findings.violation(
                    Invariant::I5,
                    place,
                    format!("the events do not fold: {error}"),
                );
            }
        }
    }
}

/// What a model returns instead of a value.
fn refused(fault: &Fault, place: String, findings: &mut Findings) {
    match fault.damage() {
        Some(damaged) => {
            let detail = format!("it is not the fold of its events: {damaged}");
            findings.violation(Invariant::I5, place, detail);
        }
        None => findings.uncompared(&[Invariant::I5], place, in_full(fault)),
    }
}

const PANICKED: &str = "folding the events panicked";

/// Whatever is stored, a fold of it ends in a finding. `None`: it panicked.
fn sound<T>(fold: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(fold)).ok()
}

/// Bytes of a value that a finding quotes.
const QUOTED_MAX: usize = 300;

fn text(value: Option<&ViewValue>) -> String {
    value.map_or_else(
        || "(none)".to_owned(),
        |value| {
            let body = &value.body[..value.body.len().min(QUOTED_MAX)];
            let body = String::from_utf8_lossy(body);
            format!("v{} at {}: {body}", value.version, value.log_position)
        },
    )
}
