//! The policies of an installation, and how they answer.

use std::collections::BTreeSet;

use cedar_policy::{Authorizer, Decision, PolicySet, Response, ValidationMode, Validator};
use kernel::{Access, Facts, Permission, Standing, Subject, Verdict};
use sha2::{Digest, Sha256};

use crate::bad::{BadPolicies, Fault};
use crate::question::{Question, Unaskable, Words};
use crate::schema::schema;
use crate::split::Split;

/// Policies in Cedar, checked against the permissions that exist. What no policy permits is denied.
pub struct CedarPolicies {
    authorizer: Authorizer,
    whole: PolicySet,
    split: Split,
    words: Words,
    version: String,
}

impl CedarPolicies {
    /// Reads the policies.
    ///
    /// # Errors
    /// Every fault with its line: what is not Cedar, and what names a permission, an attribute or a
    /// type that does not exist.
    pub fn parse(text: &str, permissions: &BTreeSet<Permission>) -> Result<Self, BadPolicies> {
        let schema = schema(permissions)?;
        let whole: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
            let faults = errors.iter().map(|error| Fault::of(text, error));
            BadPolicies(faults.collect())
        })?;
        if whole.templates().next().is_some() {
            return Err(BadPolicies::whole("a template has nothing to fill it here"));
        }
        let words = Words::new(&schema)?;
        let checked = Validator::new(schema).validate(&whole, ValidationMode::Strict);
        let faults = checked.validation_errors();
        let faults: Vec<_> = faults.map(|error| Fault::of(text, error)).collect();
        if !faults.is_empty() {
            return Err(BadPolicies(faults));
        }
        Ok(Self {
            authorizer: Authorizer::new(),
            split: Split::of(&whole)?,
            words,
            version: version(text),
            whole,
        })
    }

    /// The names that a response's reasons have: their `@id`, or Cedar's number.
    fn names(&self, response: &Response) -> Vec<String> {
        let reasons = response.diagnostics().reason();
        let name = |id| match self.whole.annotation(id, "id") {
            Some(name) => name.to_owned(),
            None => id.to_string(),
        };
        let mut names: Vec<_> = reasons.map(name).collect();
        names.sort_unstable();
        names
    }

    fn before(&self, question: &Question) -> Standing {
        let ask = |policies| {
            let (request, entities) = (&question.request, &question.entities);
            self.authorizer.is_authorized(request, policies, entities)
        };
        let applies = |policies| ask(policies).decision() == Decision::Allow;
        let flat = ask(&self.split.flat);
        let permitted = flat.decision() == Decision::Allow;
        // A reason to deny is a policy that forbids.
        if !permitted && flat.diagnostics().reason().next().is_some() {
            return Standing::Denied;
        }
        if permitted && !applies(&self.split.forbids) {
            Standing::Allowed
        } else if permitted || applies(&self.split.permits) {
            Standing::Depends
        } else {
            Standing::Denied
        }
    }
}

impl Access for CedarPolicies {
    fn standing(&self, subject: &Subject, permission: Permission) -> Standing {
        let question = self.words.ask(subject, permission, &Facts::default());
        match question {
            Ok(question) => self.before(&question),
            Err(unaskable) => {
                report(&unaskable);
                Standing::Denied
            }
        }
    }

    fn decide(&self, subject: &Subject, permission: Permission, facts: &Facts) -> Verdict {
        let question = match self.words.ask(subject, permission, facts) {
            Ok(question) => question,
            Err(unaskable) => {
                report(&unaskable);
                return Verdict {
                    allowed: false,
                    by: Vec::new(),
                };
            }
        };
        let (request, entities) = (&question.request, &question.entities);
        let response = self
            .authorizer
            .is_authorized(request, &self.whole, entities);
        // A policy that cannot be evaluated is left out by Cedar: of one that forbids, that would allow.
        let is_sound = response.diagnostics().errors().next().is_none();
        Verdict {
            allowed: is_sound && response.decision() == Decision::Allow,
            by: self.names(&response),
        }
    }

    fn version(&self) -> &str {
        &self.version
    }
}

/// A defect of ours; what cannot be asked is denied.
fn report(unaskable: &Unaskable) {
    tracing::error!(error = unaskable as &dyn std::error::Error, "denied");
}

/// The first 12 digits of the text's SHA-256.
fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest[..6].iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
