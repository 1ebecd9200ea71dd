//! Events as they were written by earlier versions.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::lots::lot::Lot;
use crate::lots::restated::RestatedLots;

/// Until version 2 a restatement listed every open lot, as `lots_after`.
pub(super) fn restated_lots<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<RestatedLots, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum EitherVersion {
        V2(RestatedLots),
        V1(Vec<Arc<Lot>>),
    }
    Ok(match EitherVersion::deserialize(deserializer)? {
        EitherVersion::V2(lots) => lots,
        EitherVersion::V1(all) => RestatedLots::All(all),
    })
}
