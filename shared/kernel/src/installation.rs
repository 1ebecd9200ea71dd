//! The installation: what all its processes have to agree on before one of them may work.

use std::fmt;

use bytes::Bytes;

/// A key of the installation, as the shared store of all its processes holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledKey {
    /// What it is for, such as `records`.
    pub purpose: String,
    /// Its name among the keys for that purpose; a rotation adds another.
    pub id: String,
    /// Distinguishes it from any other key, and reveals nothing of it.
    pub fingerprint: String,
    /// The key itself, if it is kept there.
    pub wrapped: Option<Wrapped>,
}

/// A key encrypted by another one, which is kept elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Fingerprint of the other one.
    pub by: String,
    /// Of no use without the other one.
    pub bytes: Bytes,
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped").field("by", &self.by).finish()
    }
}

/// What prevents work on an installation, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What is wrong.
    pub what: String,
    /// What a person does about it.
    pub remedy: String,
}

impl Obstacle {
    /// One that `dealerboard migrate` removes.
    pub fn unmigrated(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: "run `dealerboard migrate`".to_owned(),
        }
    }

    /// An obstacle and its remedy.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// Names for a sentence: the first, and how many more there are.
#[must_use]
pub fn such(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [one, more @ ..] => format!("{} and {} more", one.as_ref(), more.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::such;

    #[test]
    fn many_names_are_reported_by_the_first_and_a_count() {
        assert_eq!(such(&["a"]), "a");
        assert_eq!(such(&["a", "b", "c"]), "a and 2 more");
    }
}
