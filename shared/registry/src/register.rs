//! Registers our schemas, before anything is written with them.

use kernel::Fault;
use schemas::Subject;
use serde_json::{Value, json};

use crate::client::{Answer, Asked, DEPENDENCY, Registry, message};

/// A subject and the number that its schema has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub subject: String,
    pub id: u32,
}

/// Why a subject is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The registry refuses: mostly, because the schema breaks one registered before.
    #[error("registry refuses subject {subject}: {status} {detail}")]
    Refused {
        subject: String,
        status: u16,
        detail: String,
    },
    /// Nothing registered this schema yet.
    #[error("schema of subject {0} is not registered; `dealerboard migrate` registers it")]
    Unregistered(String),
    #[error("registry cannot be asked")]
    Fault(#[from] Fault),
}

/// Sets how each subject's schema may change, then registers the schema. Doing it again changes
/// nothing. Subjects before one that is refused stay registered.
///
/// # Errors
/// [`RegisterError`].
pub async fn register_all(
    url: &str,
    subjects: &[Subject],
) -> Result<Vec<Registered>, RegisterError> {
    let registry = Registry::new(url)?;
    let mut registered = Vec::with_capacity(subjects.len());
    // One after the other: a migration has time, and the order of the numbers is then the same on
    // every fresh registry.
    for subject in subjects {
        registered.push(register(&registry, subject).await?);
    }
    Ok(registered)
}

async fn register(registry: &Registry, subject: &Subject) -> Result<Registered, RegisterError> {
    let name = subject.name.as_str();
    let refused = |asked| refused(name, asked);
    // The rule first: under the default, NONE, the very first change could be a breaking one.
    let rule = json!({ "compatibility": subject.compatibility.as_str() });
    registry
        .put(&["config", name], &rule)
        .await
        .map_err(refused)?;
    let path = ["subjects", name, "versions"];
    let answer = registry
        .post(&path, &document(subject))
        .await
        .map_err(refused)?;
    numbered(name, &answer)
}

/// The number of a schema that is registered already.
pub(crate) async fn look_up(
    registry: &Registry,
    subject: &Subject,
) -> Result<Registered, RegisterError> {
    let name = subject.name.as_str();
    match registry.post(&["subjects", name], &document(subject)).await {
        Ok(answer) => numbered(name, &answer),
        Err(Asked::Refused(Answer { status, .. })) if status.as_u16() == 404 => {
            Err(RegisterError::Unregistered(subject.name.clone()))
        }
        Err(asked) => Err(refused(name, asked)),
    }
}

/// The number of the newest schema of a subject; `None` when there is no such subject.
pub(crate) async fn latest(registry: &Registry, name: &str) -> Result<Option<u32>, RegisterError> {
    match registry
        .get(&["subjects", name, "versions", "latest"])
        .await
    {
        Ok(answer) => Ok(Some(numbered(name, &answer)?.id)),
        Err(Asked::Refused(Answer { status, .. })) if status.as_u16() == 404 => Ok(None),
        Err(asked) => Err(refused(name, asked)),
    }
}

fn document(subject: &Subject) -> Value {
    json!({ "schemaType": "JSON", "schema": subject.schema.to_string() })
}

fn numbered(subject: &str, answer: &Value) -> Result<Registered, RegisterError> {
    let id = answer["id"].as_u64().and_then(|id| u32::try_from(id).ok());
    let id = id.ok_or_else(|| Fault::bare(DEPENDENCY, format!("no number for {subject}")))?;
    Ok(Registered {
        subject: subject.to_owned(),
        id,
    })
}

fn refused(subject: &str, asked: Asked) -> RegisterError {
    match asked {
        Asked::Fault(fault) => RegisterError::Fault(fault),
        Asked::Refused(Answer { status, body }) => RegisterError::Refused {
            subject: subject.to_owned(),
            status: status.as_u16(),
            detail: message(&body).to_owned(),
        },
    }
}
