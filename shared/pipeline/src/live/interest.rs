//! What a stream wants of one view: all of it, or what a filter lets through.

use std::any::Any;

use kernel::port::LoadedStream;
use kernel::{BadParameter, Parameters, View};
use xxhash_rust::xxh3::Xxh3;

use crate::project::FoldError;

/// A view's filter on a value whose type has been erased.
type AnyFilter = Box<dyn Fn(&dyn Any) -> bool + Send + Sync>;

/// What a stream wants of a view.
#[derive(Default)]
pub struct Interest {
    /// The facet that every value it wants has, when the view knows one.
    pub(super) facet: Option<u64>,
    filter: Option<AnyFilter>,
}

impl Interest {
    /// What the parameters narrow the view to.
    pub(crate) fn of<V: View>(parameters: &Parameters) -> Result<Self, BadParameter> {
        let Some(filter) = V::filter(parameters)? else {
            return Ok(Self::default());
        };
        let mut indexed = V::INDEXED.iter();
        Ok(Self {
            facet: indexed.find_map(|name| Some(facet(name, parameters.get(name)?))),
            filter: Some(Box::new(move |value| {
                value.downcast_ref::<V>().is_some_and(&filter)
            })),
        })
    }

    pub(super) fn is_narrow(&self) -> bool {
        self.filter.is_some()
    }

    pub(super) fn wants(&self, value: &dyn Any) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter(value))
    }
}

/// Name and text of a filter as one number. Two that share a number cost a look at the filter.
fn facet(name: &str, text: &str) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(name.as_bytes());
    hash.update(&[0]);
    hash.update(text.as_bytes());
    hash.digest()
}

/// The facets of a value, added to those that are there already.
pub(super) fn facets<V: View>(value: &V, facets: &mut Vec<u64>) {
    value.indexed(&mut |name, text| {
        let facet = facet(name, text);
        if !facets.contains(&facet) {
            facets.push(facet);
        }
    });
}

/// Whether it wanted the value that the stream's events had made by `from`, or any since. Whoever saw one
/// of those has to be told the newest, even one that it does not want.
pub(crate) fn wanted<V: View>(
    interest: &Interest,
    stream: &LoadedStream,
    from: u64,
) -> Result<bool, FoldError> {
    let (mut view, mut wanted) = (V::default(), false);
    for row in &stream.events {
        let (meta, event) = row.record.decode()?;
        view.update(&meta, &event);
        let is_since = meta.log_position > from;
        wanted = interest.wants(&view) || (wanted && is_since);
    }
    Ok(wanted)
}

/// A value of any view.
pub(crate) type AnyValue = Box<dyn Any + Send>;

/// The value that has these bytes; `None` when they are no such value.
pub(crate) fn decode<V: View>(body: &[u8]) -> Option<AnyValue> {
    let value: V = serde_json::from_slice(body).ok()?;
    Some(Box::new(value))
}
