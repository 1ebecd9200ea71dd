//! Where in a token a claim stands.

use std::str::FromStr;

use serde_json::{Map, Value};

/// Longest path, bytes.
const BYTES_MAX: usize = 256;

/// The place of a claim: names with dots between, `realm_access.roles`; or a JSON Pointer (RFC 6901),
/// for names that hold dots or slashes: `/resource_access/desk.example/roles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

/// A text is no place of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no claim: write names with dots between, or a JSON Pointer; 256 bytes at most")]
pub struct NoClaimPath;

impl FromStr for ClaimPath {
    type Err = NoClaimPath;

    fn from_str(text: &str) -> Result<Self, NoClaimPath> {
        let names: Vec<_> = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescaped).collect(),
            None => text.split('.').map(str::to_owned).collect(),
        };
        if text.len() > BYTES_MAX || names.iter().any(String::is_empty) {
            return Err(NoClaimPath);
        }
        Ok(Self(names))
    }
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

impl ClaimPath {
    /// A claim at the top.
    pub(super) fn of(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// What stands there; null is nothing.
    pub(super) fn value<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c Value> {
        let (first, rest) = self.0.split_first()?;
        let mut value = claims.get(first)?;
        for name in rest {
            value = value.as_object()?.get(name)?;
        }
        (!value.is_null()).then_some(value)
    }

    pub(super) fn text<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c str> {
        self.value(claims)?.as_str()
    }

    /// Whether it is one of these claims at the top.
    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        matches!(&self.0[..], [name] if names.contains(&name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ClaimPath;

    #[test]
    fn names_lead_through_objects() {
        let token = json!({
            "sub": "ann", "gone": null, "realm_access": { "roles": ["trader"] },
            "https://desk.example/roles": ["risk"], "a/b": { "c~d": 1 },
        });
        let claims = token.as_object().unwrap();
        let value = |path: &str| {
            let path: ClaimPath = path.parse().unwrap();
            path.value(claims).cloned()
        };
        assert_eq!(value("sub"), Some(json!("ann")));
        assert_eq!(value("realm_access.roles"), Some(json!(["trader"])));
        assert_eq!(value("/realm_access/roles"), Some(json!(["trader"])));
        assert_eq!(
            value("/https:~1~1desk.example~1roles"),
            Some(json!(["risk"]))
        );
        assert_eq!(value("/a~1b/c~0d"), Some(json!(1)));
        for none in [
            "gone",
            "sub.x",
            "realm_access.roles.0",
            "realm_access.groups",
        ] {
            assert_eq!(value(none), None, "{none}");
        }
    }

    #[test]
    fn text_with_an_empty_name_is_no_path() {
        let long = "x".repeat(257);
        for text in ["", ".", "a.", "a..b", "/", "/a//b", &long] {
            assert!(text.parse::<ClaimPath>().is_err(), "{text}");
        }
    }
}
