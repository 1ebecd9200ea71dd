//! Who a command record is from.

use http::signature::Keyring;
use kernel::port::{Authority, Record, SIGNATURE, Sender};

use crate::config::Producer;

/// Trusts what the platform signed, and the producers that the broker vouches for.
pub(in crate::ports) struct ConfiguredAuthority {
    pub(in crate::ports) records: Keyring,
    pub(in crate::ports) producers: Vec<Producer>,
}

impl Authority for ConfiguredAuthority {
    fn sign(&self, context: &str, key: &[u8], value: &[u8]) -> bytes::Bytes {
        Authority::sign(&self.records, context, key, value)
    }

    fn sender(&self, context: &str, record: &Record) -> Option<Sender> {
        if record.header(SIGNATURE).is_some() {
            // A signature that does not hold is worse than none.
            return self.records.sender(context, record);
        }
        let producer = self
            .producers
            .iter()
            .find(|producer| producer.context == context)?;
        let (tenant, actor) = (producer.tenant.clone(), producer.actor.clone());
        Some(Sender::Producer { tenant, actor })
    }
}
