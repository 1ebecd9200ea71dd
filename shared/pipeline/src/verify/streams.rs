//! I5: every value of every read model and every snapshot is the fold of its stream, byte by byte.

use std::sync::Arc;

use kernel::port::{LoadedStream, ReadModel, Snapshot, ViewValue, WHOLE};
use kernel::topic::Shard;
use kernel::{Fault, Parameters};

use super::{Findings, Invariant, Verifier, Watch};
use crate::handle::Proof;
use crate::project::Until;
use crate::slices::ViewSlice;

/// Streams loaded at once, each whole.
const STREAMS_MAX: usize = 32;

impl Verifier<'_> {
    /// Gives back why some streams could not be loaded: a hole is a fault to a store, and the pass
    /// over the events names it.
    ///
    /// # Errors
    /// A read model or the snapshots cannot be reached.
    pub(super) async fn streams(
        &self,
        shard: Shard,
        new: &[(Arc<str>, i64)],
        head: u64,
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) -> Result<Option<Fault>, Fault> {
        let mut unloaded = None;
        for new in new.chunks(STREAMS_MAX) {
            let (keys, numbers): (Vec<_>, Vec<_>) = new.iter().cloned().unzip();
            let keys = &keys[..];
            // The order matters on a live system: what a model has seen is in the values read after
            // it, and what is in a value is in the streams read after that.
            let mut shown = Vec::new();
            for view in self.views {
                for (name, model) in &self.ports.models {
                    shown.push(Shown::read(*view, name, model.as_ref(), shard, keys).await?);
                }
            }
            let snapshots = self.ports.snapshots.stored(shard, &numbers).await?;
            let streams = match self.ports.reader.load(shard, keys, WHOLE).await {
                Ok(streams) => streams,
                Err(fault) => {
                    unloaded.get_or_insert(fault);
                    continue;
                }
            };
            watch.progress(streams.len());
            findings.streams += streams.len() as u64;
            for stream in &streams {
                watch.stream(shard, stream, head);
                for shown in &shown {
                    shown.compare(shard, stream, findings);
                }
                let mine = snapshots.iter().filter(|kept| kept.stream == stream.stream);
                mine.for_each(|snapshot| self.snapshot(shard, stream, snapshot, findings));
            }
        }
        Ok(unloaded)
    }

    fn snapshot(
        &self,
        shard: Shard,
        stream: &LoadedStream,
        snapshot: &Snapshot,
        findings: &mut Findings,
    ) {
        let place = format!(
            "{shard} snapshot of {} at version {}",
            stream.key, snapshot.version
        );
        match (self.context.prove)(stream, snapshot) {
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
        shard: Shard,
        keys: &[Arc<str>],
    ) -> Result<Self, Fault> {
        let reached = model.checkpoint(view.id, shard.partition).await?.position;
        let values = model.get(view.id, keys).await?;
        Ok(Self {
            view,
            model: name,
            reached,
            values: keys.iter().cloned().zip(values).collect(),
        })
    }

    fn compare(&self, shard: Shard, stream: &LoadedStream, findings: &mut Findings) {
        let value = self.values.iter().find(|(key, _)| *key == stream.key);
        let value = value.and_then(|(_, value)| value.as_ref());
        let shown = value.map_or(0, |value| value.position);
        let mut positions = stream.events.iter().map(|row| row.record.position);
        let place = format!(
            "{shard} {} in {} of {}",
            self.view.id, self.model, stream.key
        );
        if let Some(missed) = positions.find(|at| *at > shown && *at <= self.reached) {
            let detail = format!(
                "the model has seen position {}, the value ends at {shown} and lacks {missed}",
                self.reached
            );
            return findings.violation(Invariant::I5, place, detail);
        }
        let Some(value) = value else { return };
        findings.values += 1;
        let folded = (self.view.fold)(
            stream,
            shard.partition,
            Until::Position(shown),
            &Parameters::default(),
        );
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

/// Bytes of a value that a finding quotes.
const QUOTED_MAX: usize = 300;

fn text(value: Option<&ViewValue>) -> String {
    value.map_or_else(
        || "(none)".to_owned(),
        |value| {
            let body = &value.body[..value.body.len().min(QUOTED_MAX)];
            let body = String::from_utf8_lossy(body);
            format!("v{} at {}: {body}", value.version, value.position)
        },
    )
}
