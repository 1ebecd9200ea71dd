//! Reading: the facts of a value, from its key and its body.

use actix_web::web::Bytes;
use http::auth::Principal;
use http::problem::Problem;
use kernel::{AggregateId, Facts, topic};
use pipeline::ViewSlice;

use super::Passage;
use crate::gateway::Gateway;

impl Gateway {
    /// # Errors
    /// The caller may not see the value, or it does not decode.
    pub(crate) fn admit_read(
        &self,
        principal: &Principal,
        view: &ViewSlice,
        id: &AggregateId,
        body: &Bytes,
    ) -> Result<(), Problem> {
        let facts = self.facts_of(view, id, body).map_err(Problem::defect)?;
        self.gate.admit(principal, view.route.allow, &facts)
    }

    /// Keeps those values of a list that the caller may see; none where that is all of them.
    pub(crate) fn visible(
        self: &std::sync::Arc<Self>,
        principal: &Principal,
        passage: Passage,
        view: ViewSlice,
    ) -> Option<Visible> {
        if passage == Passage::Open {
            return None;
        }
        let (gateway, principal) = (self.clone(), principal.clone());
        let permission = view.route.allow;
        Some(Box::new(move |key, body| {
            // Every stored key is one.
            let Ok((_, id)) = topic::split_key(key) else {
                return Ok(false);
            };
            let facts = gateway.facts_of(&view, &id, body)?;
            Ok(gateway.gate.judge(&principal, permission, &facts).is_ok())
        }))
    }

    fn facts_of(
        &self,
        view: &ViewSlice,
        id: &AggregateId,
        body: &[u8],
    ) -> Result<Facts, serde_json::Error> {
        let contexts = &self.table.slices.contexts;
        let context = contexts.iter().find(|context| context.name == view.of);
        let named = context.map(|context| (context.facts)(id, None));
        let named = named.transpose()?.unwrap_or_default();
        let stored = view.facts.map(|facts| facts(body, None)).transpose()?;
        Ok(stored.unwrap_or_default().or(named))
    }
}

/// Whether a caller may see a value, by its key and its body.
pub(crate) type Visible = Box<dyn Fn(&str, &[u8]) -> Result<bool, serde_json::Error> + Send + Sync>;
