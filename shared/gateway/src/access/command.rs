//! Changing: the facts of a thing as it is, and of what a command makes of it. Both must be allowed.

use http::auth::Principal;
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::IdFrom;
use kernel::topic;
use kernel::{AggregateId, Facts, Parameters};
use pipeline::{ContextSlice, Demand, Named, Query, Until, ViewSlice};
use serde_json::value::RawValue;

use super::Need;
use crate::gateway::Gateway;
use crate::views::refused;

/// A command whose caller is limited to things of some kind.
pub(crate) struct Commanded<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) need: Need,
    pub(crate) context: ContextSlice,
    pub(crate) id_from: IdFrom,
    pub(crate) aggregate: &'a AggregateId,
    pub(crate) kind: &'static str,
    pub(crate) data: &'a RawValue,
}

impl Commanded<'_> {
    /// # Errors
    /// The caller may not, or it cannot be found out now. The data is known to be of its type.
    pub(crate) async fn admit(&self, gateway: &Gateway) -> Result<(), Problem> {
        let asked = (self.context.facts)(self.aggregate, Some(self.named()));
        let asked = asked.map_err(Problem::defect)?;
        let views = &gateway.table.slices.views;
        let mut telling = views.iter().filter(|view| view.of == self.context.name);
        let Some(view) = telling.find(|view| view.facts.is_some()) else {
            return gateway.gate.admit(self.principal, self.need, &asked);
        };
        let read = self.read(gateway, view).await?;
        let Err(forbidden) = self.judge(gateway, read.as_ref(), &asked) else {
            return Ok(());
        };
        // A view may be behind: what has just become the caller's is not refused for that.
        let judged = match self.folded(gateway, view).await {
            Some(None) if matches!(self.id_from, IdFrom::Path) => return Err(unknown(view)),
            Some(now) if now != read => self.judge(gateway, now.as_ref(), &asked),
            _ => Err(forbidden),
        };
        let gate = &gateway.gate;
        judged.map_err(|by| gate.refuse(self.principal, self.need.permission, &by))
    }

    /// As it is, and as the command makes it.
    fn judge(
        &self,
        gateway: &Gateway,
        stored: Option<&Facts>,
        asked: &Facts,
    ) -> Result<(), Vec<String>> {
        let judge = |facts: &Facts| gateway.gate.judge(self.principal, self.need, facts);
        let Some(stored) = stored else {
            return judge(asked);
        };
        let (before, after) = (
            stored.clone().or(asked.clone()),
            asked.clone().or(stored.clone()),
        );
        judge(&before)?;
        if after == before {
            Ok(())
        } else {
            judge(&after)
        }
    }

    /// What a read model says.
    async fn read(&self, gateway: &Gateway, view: &ViewSlice) -> Result<Option<Facts>, Problem> {
        let key = topic::key(&self.principal.tenant, self.aggregate);
        let answer = gateway.query.get(view, &key, Demand::default()).await;
        let value = answer.map_err(refused)?.value;
        value
            .map(|value| self.stored(view, &value.body))
            .transpose()
    }

    /// What the events say now; `None` when there was no time to ask. Away from the threads that serve,
    /// and of the tenant's budget, so that being refused costs others nothing.
    async fn folded(&self, gateway: &Gateway, view: &ViewSlice) -> Option<Option<Facts>> {
        let key = topic::key(&self.principal.tenant, self.aggregate);
        let view_slice = *view;
        let fold = move |query: Query| async move {
            let parameters = Parameters::default();
            query
                .folded(&view_slice, &key, Until::Now, &parameters)
                .await
        };
        let tenant = self.principal.tenant.as_str();
        let answer = gateway.query.run_expensive(tenant, fold).await.ok()?;
        match answer.value {
            None => Some(None),
            Some(value) => self.stored(view, &value.body).ok().map(Some),
        }
    }

    fn stored(&self, view: &ViewSlice, body: &[u8]) -> Result<Facts, Problem> {
        let stored = view.facts.map(|facts| facts(body, Some(self.named())));
        let stored = stored.transpose().map_err(Problem::defect)?;
        Ok(stored.unwrap_or_default())
    }

    fn named(&self) -> Named<'_> {
        (self.kind, self.data)
    }
}

fn unknown(view: &ViewSlice) -> Problem {
    Problem::new(platform::NOT_FOUND, format!("no such {}", view.id.name))
}
