//! Changing: the facts of a thing as it is, and of what a command makes of it. Both must be allowed.

use http::auth::Principal;
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::{CommandRoute, IdFrom};
use kernel::topic;
use kernel::{AggregateId, Facts};
use pipeline::{ContextSlice, Named, ViewSlice};
use serde_json::value::RawValue;

use crate::gateway::Gateway;
use crate::views::refused;

/// A command whose caller is limited to things of some kind.
pub(crate) struct Commanded<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) context: ContextSlice,
    pub(crate) route: CommandRoute,
    pub(crate) aggregate: &'a AggregateId,
    pub(crate) data: &'a RawValue,
}

impl Commanded<'_> {
    /// What the command asks for.
    ///
    /// # Errors
    /// The data is not of its type.
    pub(crate) fn asked(&self) -> Result<Facts, serde_json::Error> {
        (self.context.facts)(self.aggregate, Some(self.named()))
    }

    /// # Errors
    /// The caller may not, with what is [asked](Self::asked) for, or it cannot be found out now.
    pub(crate) async fn admit(&self, gateway: &Gateway, asked: Facts) -> Result<(), Problem> {
        let views = &gateway.table.slices.views;
        let mut telling = views.iter().filter(|view| view.of == self.context.name);
        let Some(view) = telling.find(|view| view.facts.is_some()) else {
            return gateway.gate.admit(self.principal, self.route.allow, &asked);
        };
        // What the events say: a view that is behind would refuse what has just become the caller's, and
        // allow what no longer is.
        let now = self
            .facts_now(gateway, view, self.aggregate, Some(self.named()))
            .await?;
        if now.is_none() && matches!(self.route.id, IdFrom::Path) {
            return Err(unknown(view));
        }
        self.judge(gateway, now.as_ref(), &asked)?;
        let reached = (self.context.reaches)(self.named()).map_err(Problem::defect)?;
        let Some(reached) = reached else {
            return Ok(());
        };
        let other = self.facts_now(gateway, view, &reached, None).await?;
        let other = other.ok_or_else(|| unknown(view))?;
        gateway.gate.admit(self.principal, self.route.allow, &other)
    }

    /// As it is, and as the command makes it.
    fn judge(
        &self,
        gateway: &Gateway,
        stored: Option<&Facts>,
        asked: &Facts,
    ) -> Result<(), Problem> {
        let admit = |facts: &Facts| gateway.gate.admit(self.principal, self.route.allow, facts);
        let Some(stored) = stored else {
            return admit(asked);
        };
        let before = stored.clone().or(asked.clone());
        let after = asked.clone().or(stored.clone());
        admit(&before)?;
        if after == before {
            Ok(())
        } else {
            admit(&after)
        }
    }

    /// The facts of an aggregate by its events; `None` when there are none.
    async fn facts_now(
        &self,
        gateway: &Gateway,
        view: &ViewSlice,
        id: &AggregateId,
        command: Option<Named<'_>>,
    ) -> Result<Option<Facts>, Problem> {
        let key = topic::key(&self.principal.tenant, id);
        let answer = gateway.query.now(view, &key).await.map_err(refused)?;
        let Some(value) = answer.value else {
            return Ok(None);
        };
        let stored = view.facts.map(|facts| facts(&value.body, command));
        let stored = stored.transpose().map_err(Problem::defect)?;
        Ok(Some(stored.unwrap_or_default()))
    }

    fn named(&self) -> Named<'_> {
        (self.route.command, self.data)
    }
}

fn unknown(view: &ViewSlice) -> Problem {
    Problem::new(platform::NOT_FOUND, format!("no such {}", view.id.name))
}
