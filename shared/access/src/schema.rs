//! The Cedar schema: made from the permissions, so that a policy cannot name one that no route has.

use std::collections::BTreeSet;

use cedar_policy::Schema;
use kernel::Permission;
use serde_json::{Map, Value, json};

use crate::bad::BadPolicies;

/// The group of all permissions `<area>:read`.
pub(crate) const READ: &str = "read";

/// # Errors
/// Cedar does not take the schema, which no list of permissions can cause.
pub(crate) fn schema(permissions: &BTreeSet<Permission>) -> Result<Schema, BadPolicies> {
    let mut actions = Map::from_iter([(READ.to_owned(), json!({}))]);
    for permission in permissions {
        actions.insert(permission.to_string(), action(*permission));
    }
    let schema = json!({ "": { "entityTypes": entity_types(), "actions": actions } });
    Schema::from_json_value(schema).map_err(BadPolicies::whole)
}

fn action(permission: Permission) -> Value {
    let groups = match permission.verb() {
        READ => vec![json!({ "id": READ })],
        _ => Vec::new(),
    };
    let applies = json!({ "principalTypes": ["Subject"], "resourceTypes": ["Resource"] });
    json!({ "memberOf": groups, "appliesTo": applies })
}

/// What a policy can ask of both sides; see docs/access.md, which lists the same.
fn entity_types() -> Value {
    let optional = |mut of: Value| {
        of["required"] = json!(false);
        of
    };
    let (text, number) = (json!({ "type": "String" }), json!({ "type": "Long" }));
    let texts = json!({ "type": "Set", "element": text });
    let subject = json!({
        "tenant": text.clone(),
        "actor": text.clone(),
        "kind": text.clone(),
        "issuer": text.clone(),
        "agent": text.clone(),
        "books": optional(texts.clone()),
        "accounts": optional(texts.clone()),
        "ceiling": optional(number.clone()),
    });
    let resource = json!({
        "book": optional(text.clone()),
        "account": optional(text.clone()),
        "agents": optional(texts),
        "amount": optional(number),
        "tenant": optional(text),
    });
    json!({
        "Role": {},
        "Subject": { "memberOfTypes": ["Role"], "shape": record(&subject) },
        "Resource": { "shape": record(&resource) },
    })
}

fn record(attributes: &Value) -> Value {
    json!({ "type": "Record", "attributes": attributes })
}
