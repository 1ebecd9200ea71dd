//! Waiting until the positions show what was imported.
//!
//! A position that shows the last fill of a partition of trades shows all fills before it.

use std::collections::HashMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kernel::PositionToken;

use super::api::Api;
use super::send::Filled;

/// Questions under way at once: what the gateway looks up at the same time.
const ASKED_AT_ONCE: usize = 16;

/// Where the last fill of each pair of trades partition and position stands.
#[derive(Default)]
pub(super) struct Settling(HashMap<(u16, [String; 3]), PositionToken>);

impl Settling {
    pub(super) fn note(&mut self, fill: Filled) {
        let last = self.0.entry((fill.at.partition, fill.position));
        last.and_modify(|last| {
            if last.position < fill.at.position {
                *last = fill.at.clone();
            }
        })
        .or_insert(fill.at);
    }

    /// Returns when every position can be read with all the fills in it.
    pub(super) async fn wait(&self, api: &Api) -> anyhow::Result<()> {
        stream::iter(&self.0)
            .map(anyhow::Ok)
            .try_for_each_concurrent(ASKED_AT_ONCE, |((_, position), last)| async move {
                api.shown(position, &last.to_string()).await
            })
            .await
    }
}
