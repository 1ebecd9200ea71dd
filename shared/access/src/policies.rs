//! The policies of an installation, and how they answer.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Authorizer, Decision, PolicySet, Response, ValidationMode, Validator};
use kernel::{Access, Facts, Permission, Standing, Subject, Verdict};
use sha2::{Digest, Sha256};

use crate::bad::{BadPolicies, Fault};
use crate::question::{Question, Words};
use crate::schema::schema;
use crate::split::Split;

/// Policies in Cedar, checked against the permissions that exist. What no policy permits is denied.
pub struct CedarPolicies {
    authorizer: Authorizer,
    /// Those that can concern a permission: Cedar looks at every policy of the set that it is given.
    concerning: BTreeMap<Permission, Concerning>,
    words: Words,
    version: String,
}

/// The policies about one permission.
struct Concerning {
    whole: PolicySet,
    split: Split,
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
        let concerning = permissions.iter().map(|permission| {
            let concerning = Concerning::of(&whole, &words, *permission)?;
            Ok((*permission, concerning))
        });
        Ok(Self {
            authorizer: Authorizer::new(),
            concerning: concerning.collect::<Result<_, BadPolicies>>()?,
            words,
            version: version(text),
        })
    }

    /// The question, and the policies that it is for; `None` for what cannot be asked, which is denied.
    fn ask(
        &self,
        subject: &Subject,
        permission: Permission,
        facts: &Facts,
    ) -> Option<(Question, &Concerning)> {
        let concerning = self.concerning.get(&permission)?;
        match self.words.ask(subject, permission, facts) {
            Ok(question) => Some((question, concerning)),
            Err(unaskable) => {
                tracing::error!(error = &unaskable as &dyn std::error::Error, "denied");
                None
            }
        }
    }

    fn answer(&self, question: &Question, policies: &PolicySet) -> Response {
        let (request, entities) = (&question.request, &question.entities);
        self.authorizer.is_authorized(request, policies, entities)
    }

    fn before(&self, question: &Question, split: &Split) -> Standing {
        let applies = |policies| self.answer(question, policies).decision() == Decision::Allow;
        let flat = self.answer(question, &split.flat);
        let permitted = flat.decision() == Decision::Allow;
        // A reason to deny is a policy that forbids.
        if !permitted && flat.diagnostics().reason().next().is_some() {
            return Standing::Denied;
        }
        if permitted && !applies(&split.forbids) {
            Standing::Allowed
        } else if permitted || applies(&split.permits) {
            Standing::Depends
        } else {
            Standing::Denied
        }
    }
}

impl Concerning {
    fn of(whole: &PolicySet, words: &Words, permission: Permission) -> Result<Self, BadPolicies> {
        let mut about = PolicySet::new();
        for policy in whole.policies() {
            if words.concerns(&policy.action_constraint(), permission) {
                about.add(policy.clone()).map_err(BadPolicies::whole)?;
            }
        }
        Ok(Self {
            split: Split::of(&about)?,
            whole: about,
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
}

impl Access for CedarPolicies {
    fn standing(&self, subject: &Subject, permission: Permission) -> Standing {
        let asked = self.ask(subject, permission, &Facts::default());
        asked.map_or(Standing::Denied, |(question, concerning)| {
            self.before(&question, &concerning.split)
        })
    }

    fn decide(&self, subject: &Subject, permission: Permission, facts: &Facts) -> Verdict {
        let Some((question, concerning)) = self.ask(subject, permission, facts) else {
            return Verdict {
                allowed: false,
                by: Vec::new(),
            };
        };
        let response = self.answer(&question, &concerning.whole);
        // A policy that cannot be evaluated is left out by Cedar: of one that forbids, that would allow.
        let is_sound = response.diagnostics().errors().next().is_none();
        Verdict {
            allowed: is_sound && response.decision() == Decision::Allow,
            by: concerning.names(&response),
        }
    }

    fn version(&self) -> &str {
        &self.version
    }
}

/// The first 12 digits of the text's SHA-256.
fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest[..6].iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
