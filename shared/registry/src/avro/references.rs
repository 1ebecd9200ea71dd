//! The schemas that a schema refers to, each under a subject of its own.

use schema_registry_converter::async_impl::schema_registry::{SrSettings, get_referenced_schema};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{RegisteredReference, RegisteredSchema};

/// Schemas that one schema may refer to, directly and through others: each is a question to the
/// registry.
const REFERENCES_MAX: usize = 100;

/// The texts of all schemas that `schema` needs; each comes after those it needs itself.
///
/// The converter's own resolution is not used: it finds a name with its namespace only when it is
/// written with a dot before it, which no other tool does.
pub(super) async fn referenced(
    schema: &RegisteredSchema,
    settings: &SrSettings,
) -> Result<Vec<String>, SRCError> {
    let mut found: Vec<(Place, String)> = Vec::new();
    let mut open: Vec<Step> = steps(&schema.references);
    let mut asked = 0;
    while let Some(step) = open.pop() {
        let reference = match step {
            Step::Take(place, text) => {
                if !found.iter().any(|(known, _)| *known == place) {
                    found.push((place, text));
                }
                continue;
            }
            Step::Ask(reference) => reference,
        };
        asked += 1;
        if asked > REFERENCES_MAX {
            let detail = format!("refers to more than {REFERENCES_MAX} schemas");
            return Err(SRCError::non_retryable_without_cause(&detail));
        }
        let schema = get_referenced_schema(settings, &reference).await?;
        open.push(Step::Take(
            (reference.subject, reference.version),
            schema.schema,
        ));
        open.extend(steps(&schema.references));
    }
    Ok(found.into_iter().map(|(_, text)| text).collect())
}

/// Subject and version.
type Place = (String, u32);

/// What is left to do; the last first.
enum Step {
    Ask(RegisteredReference),
    Take(Place, String),
}

fn steps(references: &[RegisteredReference]) -> Vec<Step> {
    references.iter().cloned().map(Step::Ask).collect()
}
