//! A member as a query answers it: a fold of its events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Parameters, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Member;
use super::event::{Limits, MemberEvent};
use super::route;
use super::summary::MemberSummary;

/// The body of a query's answer; `null` before the first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MemberView(pub Option<MemberSummary>);

impl View for MemberView {
    type Of = Member;
    const NAME: &'static str = "member";
    const VERSION: u16 = 1;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] =
        &[Parameter::of::<Role>("role", "those who were granted it")];

    /// `?role=trader`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let role = parameters.read::<Role>("role")?;
        Ok(role.map(|role| -> Filter<Self> {
            Box::new(move |Self(member)| {
                let granted = member.as_ref().map(|member| member.roles.contains(&role));
                granted.unwrap_or_default()
            })
        }))
    }

    fn update(&mut self, meta: &EventMeta, event: &MemberEvent) {
        let member = self.0.get_or_insert_with(|| MemberSummary::new(meta));
        member.version = meta.sequence;
        member.updated_at = meta.at;
        match event {
            MemberEvent::RolesGranted(changed) | MemberEvent::RolesWithdrawn(changed) => {
                member.roles.clone_from(&changed.roles);
            }
            MemberEvent::LimitsSet(set) => member.limits.clone_from(&set.limits),
            MemberEvent::TokensRevoked(revoked) => {
                member.tokens_revoked_before = Some(revoked.issued_before);
            }
        }
    }
}

impl MemberSummary {
    fn new(meta: &EventMeta) -> Self {
        Self {
            member_id: meta.aggregate.clone(),
            roles: [].into(),
            limits: Limits::default(),
            tokens_revoked_before: None,
            version: 0,
            updated_at: meta.at,
        }
    }
}
