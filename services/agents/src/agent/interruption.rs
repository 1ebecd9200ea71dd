//! Which work another channel may interrupt.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::Channel;

/// What may be offered while an agent is at work on a channel; how much of each, the capacity says.
///
/// Of a channel that is not named: a call is interrupted by nothing, any other work by everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Interruptions(pub BTreeMap<Channel, BTreeSet<Channel>>);

impl Interruptions {
    /// Whether work on a channel lets an offer of another one in.
    #[must_use]
    pub fn admit(&self, work: &Channel, offer: &Channel) -> bool {
        work == offer
            || match self.0.get(work) {
                Some(admitted) => admitted.contains(offer),
                None => work.as_str() != "voice",
            }
    }
}
