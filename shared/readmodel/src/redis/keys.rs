//! Where things lie on the server, spelled once.

use std::fmt::Display;

use kernel::id::{CommandKey, Tenant};
use kernel::port::{SessionKey, ViewId};

/// Names of keys and channels under one prefix.
///
/// A value's key has a `/` behind its tenant and a marker's has none, so the two cannot meet.
#[derive(Clone, Debug)]
pub(super) struct Keys(String);

impl Keys {
    pub(super) fn under(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    pub(super) fn value(&self, view: ViewId, key: &str) -> String {
        let version = view.version.to_string();
        [&self.0, view.name, ":v", &version, ":", key].concat()
    }

    pub(super) fn checkpoint(&self, view: ViewId, partition: u16) -> String {
        self.of(view, format_args!("checkpoint:{partition}"))
    }

    /// Exists while readers may trust the partition's values.
    pub(super) fn ready(&self, view: ViewId, partition: u16) -> String {
        self.of(view, format_args!("ready:{partition}"))
    }

    /// A glob over the view's values and nothing else.
    pub(super) fn values(&self, view: ViewId) -> String {
        let mut glob = String::with_capacity(self.0.len() + 32);
        for character in self.of(view, "").chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                glob.push('\\');
            }
            glob.push(character);
        }
        glob + "*/*"
    }

    /// The request that a caller's key is bound to.
    pub(super) fn binding(&self, tenant: &Tenant, key: &CommandKey) -> String {
        format!("{}key:{tenant}/{key}", self.0)
    }

    /// When each session last gave a sign of life.
    pub(super) fn heartbeats(&self) -> String {
        format!("{}heartbeats", self.0)
    }

    /// What was taken from a rate.
    pub(super) fn rate(&self, name: &str) -> String {
        format!("{}rate:{name}", self.0)
    }

    /// A browser's session.
    pub(super) fn session(&self, key: SessionKey) -> String {
        format!("{}session:{key}", self.0)
    }

    /// Something that is done once, such as a sign-in.
    pub(super) fn claim(&self, key: SessionKey) -> String {
        format!("{}claim:{key}", self.0)
    }

    pub(super) fn replies(&self, instance: &str) -> String {
        format!("{}replies:{instance}", self.0)
    }

    fn of(&self, view: ViewId, rest: impl Display) -> String {
        format!("{}{view}:{rest}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, ViewId};

    const POSITION: ViewId = ViewId {
        name: "position",
        version: 2,
    };

    #[test]
    fn keys_name_prefix_view_and_version() {
        let keys = Keys::under("desk:");
        assert_eq!(
            keys.value(POSITION, "demo/ACC-1"),
            "desk:position:v2:demo/ACC-1"
        );
        assert_eq!(
            keys.checkpoint(POSITION, 11),
            "desk:position:v2:checkpoint:11"
        );
        assert_eq!(keys.ready(POSITION, 0), "desk:position:v2:ready:0");
        assert_eq!(keys.replies("gateway-1"), "desk:replies:gateway-1");
        assert_eq!(keys.heartbeats(), "desk:heartbeats");
        let (tenant, key) = ("demo".parse().unwrap(), "order 1".parse().unwrap());
        assert_eq!(keys.binding(&tenant, &key), "desk:key:demo/order 1");
    }

    #[test]
    fn pattern_takes_the_prefix_literally() {
        let keys = Keys::under("a*[b]?");
        assert_eq!(keys.values(POSITION), r"a\*\[b\]\?position:v2:*/*");
    }
}
