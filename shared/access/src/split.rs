//! What a policy says before the thing in question is known.
//!
//! Most questions never need the thing: whoever has no limit of book may read every trade. So each
//! policy is also kept without those of its clauses that ask about the resource. Where the remainder
//! does not apply, the policy does not either, whatever the thing is.

use cedar_policy::{Effect, Policy, PolicyId, PolicySet};
use serde_json::{Value, json};

use crate::bad::BadPolicies;

/// The policies by what they need.
#[derive(Default)]
pub(crate) struct Split {
    /// Those that ask nothing about the resource.
    pub(crate) flat: PolicySet,
    /// What remains of permits that do; where one applies, the thing may be allowed.
    pub(crate) permits: PolicySet,
    /// What remains of forbids that do, as permits: where one applies, the thing may be forbidden.
    pub(crate) forbids: PolicySet,
}

impl Split {
    /// # Errors
    /// A policy cannot be taken apart, which Cedar's own JSON of it rules out.
    pub(crate) fn of(policies: &PolicySet) -> Result<Self, BadPolicies> {
        let mut split = Self::default();
        for policy in policies.policies() {
            split.add(policy)?;
        }
        Ok(split)
    }

    fn add(&mut self, policy: &Policy) -> Result<(), BadPolicies> {
        let json = policy.to_json().map_err(BadPolicies::whole)?;
        let Some(remainder) = without_resource(&json) else {
            let added = self.flat.add(policy.clone());
            return added.map_err(BadPolicies::whole);
        };
        let of_its_kind = match policy.effect() {
            Effect::Permit => &mut self.permits,
            Effect::Forbid => &mut self.forbids,
        };
        let id = PolicyId::new(policy.id());
        let remainder = Policy::from_json(Some(id), remainder).map_err(BadPolicies::whole)?;
        of_its_kind.add(remainder).map_err(BadPolicies::whole)
    }
}

/// The policy as a permit without its clauses about the resource; `None` when it has none.
fn without_resource(policy: &Value) -> Option<Value> {
    let clauses = policy["conditions"].as_array().cloned().unwrap_or_default();
    let (asking, others): (Vec<_>, Vec<_>) = clauses.into_iter().partition(asks_resource);
    let is_scoped = policy["resource"]["op"] != json!("All");
    if asking.is_empty() && !is_scoped {
        return None;
    }
    let mut remainder = policy.clone();
    remainder["effect"] = json!("permit");
    remainder["resource"] = json!({ "op": "All" });
    remainder["conditions"] = Value::Array(others);
    Some(remainder)
}

/// Whether an expression in Cedar's JSON names the variable `resource`.
fn asks_resource(expression: &Value) -> bool {
    match expression {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| (name == "Var" && value == "resource") || asks_resource(value)),
        Value::Array(items) => items.iter().any(asks_resource),
        _ => false,
    }
}
