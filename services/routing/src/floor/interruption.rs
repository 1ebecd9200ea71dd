//! Which work another channel may interrupt.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::label::Channel;

/// By channel of the work, the channels that may still be offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Interruptions(BTreeMap<Channel, BTreeSet<Channel>>);

impl Interruptions {
    /// As the agents' own rule: of a channel that is not named, a call is interrupted by nothing, any
    /// other work by everything.
    pub(crate) fn admit(&self, work: &Channel, offer: &Channel) -> bool {
        work == offer
            || match self.0.get(work) {
                Some(admitted) => admitted.contains(offer),
                None => work.as_str() != "voice",
            }
    }
}
