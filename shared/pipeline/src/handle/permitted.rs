//! Whether a producer may have its command handled. What the platform signed was asked about before.

use kernel::batch::DeadReason;
use kernel::id::AggregateId;
use kernel::port::Sender;
use kernel::{Context, Standing};

use super::decode::{Decoder, Refused};

impl Decoder {
    /// What the platform signed was accepted when its sender was served, or is its own.
    pub(super) fn served(&self, sender: &Sender) -> Result<(), Refused> {
        let Sender::Producer(producer) = sender else {
            return Ok(());
        };
        let unserved = self.tenancy.unserved(&producer.subject.tenant);
        unserved.map_or(Ok(()), |unserved| {
            Err(Refused::new(unserved.reason(), unserved))
        })
    }

    /// The command, if the policies let its producer send it: by the permission of its route, as over
    /// HTTP, and with the facts that the record holds. A command without a route is the platform's own.
    pub(super) fn allowed<C: Context>(
        &self,
        sender: &Sender,
        kind: &str,
        aggregate: &AggregateId,
        command: C::Input,
    ) -> Result<C::Input, Refused> {
        let mut routes = C::COMMANDS.iter();
        let (Sender::Producer(producer), Some(route)) =
            (sender, routes.find(|route| route.command == kind))
        else {
            return Ok(command);
        };
        let (subject, permission) = (&producer.subject, route.allow);
        let ask = || self.access.standing(subject, permission);
        let is_allowed = match producer.standings.of(permission, ask) {
            Standing::Allowed => true,
            Standing::Denied => false,
            Standing::Depends => {
                let facts = C::facts(aggregate, Some(&command));
                self.access.decide(subject, permission, &facts).allowed
            }
        };
        if is_allowed {
            return Ok(command);
        }
        let detail = format!("{} needs the permission {permission}", producer.name);
        Err(Refused::new(DeadReason::NotAllowed, detail))
    }
}
