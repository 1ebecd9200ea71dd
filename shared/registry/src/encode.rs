//! Framing what is written.

use std::collections::BTreeMap;

use jsonschema::Validator;
use schemas::Subject;

use crate::client::Registry;
use crate::frame::frame;
use crate::register::{RegisterError, look_up};

/// Puts the number of its schema before JSON.
///
/// The numbers are those of the schemas given, not of the newest ones registered: during a rolling
/// upgrade the old process names the old schema.
pub struct Framer {
    subjects: BTreeMap<String, Numbered>,
}

struct Numbered {
    id: u32,
    validator: Validator,
}

/// Why a value is not written.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    #[error("no subject {0}")]
    Unknown(String),
    #[error("not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("does not fit subject {subject}: {detail}")]
    Invalid { subject: String, detail: String },
}

impl Framer {
    /// Looks the subjects' numbers up; registers nothing.
    ///
    /// # Errors
    /// [`RegisterError::Unregistered`] when a schema was not registered.
    pub async fn connect(url: &str, subjects: &[Subject]) -> Result<Self, RegisterError> {
        let registry = Registry::new(url)?;
        let mut numbered = BTreeMap::new();
        for subject in subjects {
            let id = look_up(&registry, subject).await?.id;
            let validator = jsonschema::validator_for(&subject.schema);
            let validator = validator.map_err(|error| RegisterError::Refused {
                subject: subject.name.clone(),
                status: 422,
                detail: error.to_string(),
            })?;
            numbered.insert(subject.name.clone(), Numbered { id, validator });
        }
        Ok(Self { subjects: numbered })
    }

    /// Frames what our own types wrote, unchecked; `None` when there is no such subject.
    #[must_use]
    pub fn frame(&self, subject: &str, json: &[u8]) -> Option<Vec<u8>> {
        self.subjects
            .get(subject)
            .map(|numbered| frame(numbered.id, json))
    }

    /// Frames what others wrote, once it fits the schema.
    ///
    /// # Errors
    /// [`Misfit`].
    pub fn encode(&self, subject: &str, json: &[u8]) -> Result<Vec<u8>, Misfit> {
        let numbered = self.subjects.get(subject);
        let numbered = numbered.ok_or_else(|| Misfit::Unknown(subject.to_owned()))?;
        let value = serde_json::from_slice(json).map_err(Misfit::NotJson)?;
        numbered
            .validator
            .validate(&value)
            .map_err(|error| Misfit::Invalid {
                subject: subject.to_owned(),
                detail: format!("{error} at `{}`", error.instance_path()),
            })?;
        Ok(frame(numbered.id, json))
    }
}
