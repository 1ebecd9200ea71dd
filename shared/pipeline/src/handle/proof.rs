//! Who sent a record, as it proves.

use kernel::Fault;
use kernel::batch::DeadReason;
use kernel::port::{AUTHORIZATION, Record, SIGNATURE, Sender, Unproven};

use super::decode::{Decoder, Refused, keyed};
use super::sender::may_write;

impl Decoder {
    /// # Errors
    /// What its proof is judged by is still being read.
    pub(super) async fn sender(
        &self,
        context: &str,
        record: &Record,
    ) -> Result<Result<Sender, Refused>, Fault> {
        // What cannot be read could have been anything, a proof too.
        if let Some(detail) = record.unreadable {
            return Ok(Err(Refused::new(DeadReason::Unreadable, detail)));
        }
        if record.value.is_none() {
            return Ok(Err(Refused::undecodable("the record has no value")));
        }
        // Before a registry is asked: an unknown sender must not make us ask.
        let proved = match self.bearer(record).await? {
            Some(bearer) => bearer,
            None => self.authority.sender(context, record).ok_or_else(|| {
                let detail = "neither signed nor from the topic's configured producer";
                Refused::new(DeadReason::NotAuthentic, detail)
            }),
        };
        Ok(proved.and_then(|sender| self.sized(sender, record)))
    }

    /// The bearer of the record's token. A token that does not hold is worse than none; beside a signature
    /// it is not looked at.
    async fn bearer(&self, record: &Record) -> Result<Option<Result<Sender, Refused>>, Fault> {
        let (Some(bearers), None) = (&self.bearers, record.header(SIGNATURE)) else {
            return Ok(None);
        };
        let Some(header) = record.header(AUTHORIZATION) else {
            return Ok(None);
        };
        match bearers.bearer(header, record.logged_at).await {
            Ok(bearer) => Ok(Some(Ok(Sender::Producer(bearer.into())))),
            Err(Unproven::Refused(why)) => {
                Ok(Some(Err(Refused::new(DeadReason::NotAuthentic, why))))
            }
            Err(Unproven::NotYet(fault)) => Err(fault),
        }
    }

    fn sized(&self, sender: Sender, record: &Record) -> Result<Sender, Refused> {
        let bytes = record.value.as_deref().unwrap_or_default().len();
        if bytes <= self.value_bytes_max {
            return Ok(sender);
        }
        // It is not read, but its sender is known, and whose key it is.
        if let Sender::Producer(producer) = &sender {
            let (_, tenant, _) = keyed(record)?;
            may_write(producer, &tenant)?;
        }
        let detail = format!("{bytes} bytes, at most {}", self.value_bytes_max);
        Err(Refused::new(DeadReason::TooLarge, detail))
    }
}
