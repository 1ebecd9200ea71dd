//! An issuer of tokens: what they must be, by which keys they are verified, and who they name.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation};
use serde::de::IgnoredAny;

use super::claims::{Absent, Mapping, ServiceRule, TenantRule};
use super::keys::{Found, KeySource, Signing, TrustedKey};
use super::path::ClaimPath;
use super::principal::Principal;
use super::token::{Declared, LEEWAY_S, TokenError, Window};

/// One that tokens are taken of.
pub struct Issuer {
    /// As `iss` names it, to the letter.
    name: Arc<str>,
    types: Vec<String>,
    leeway_s: i64,
    mapping: Mapping,
    keys: Arc<dyn KeySource>,
    /// What the library checks, for each algorithm that is taken.
    validations: Vec<(Signing, Validation)>,
}

/// What tokens of an issuer must be.
#[derive(Clone, Debug)]
pub struct Demands {
    /// As `iss` names it, to the letter.
    pub issuer: String,
    /// One that `aud` must name.
    pub audience: String,
    /// That may sign; never empty.
    pub algorithms: Vec<Signing>,
    /// Values of the header's `typ`, whatever their case; `""` takes tokens without.
    pub types: Vec<String>,
    /// How far its clock may be off, seconds; not negative.
    pub leeway_s: i64,
}

/// A token's key is not among those of its issuer.
pub(super) struct KeyUnknown;

impl Issuer {
    #[must_use]
    pub fn new(demands: Demands, mapping: Mapping, keys: Arc<dyn KeySource>) -> Self {
        let validation = |signing: &Signing| (*signing, validation(*signing, &demands));
        Self {
            validations: demands.algorithms.iter().map(validation).collect(),
            name: demands.issuer.into(),
            types: demands.types,
            leeway_s: demands.leeway_s,
            mapping,
            keys,
        }
    }

    /// The installation itself, whose names begin with none of `foreign_prefixes`.
    #[must_use]
    pub fn local(key: TrustedKey, audience: &str, foreign_prefixes: Vec<String>) -> Self {
        let claim = |name| Some(ClaimPath::of(name));
        let demands = Demands {
            issuer: super::LOCAL_ISSUER.to_owned(),
            audience: audience.to_owned(),
            algorithms: vec![Signing::EdDSA],
            types: vec!["at+jwt".to_owned()],
            leeway_s: LEEWAY_S,
        };
        let mapping = Mapping {
            tenant: TenantRule::Claim(ClaimPath::of("tenant")),
            actor: vec![ClaimPath::of("sub")],
            actor_prefix: String::new(),
            foreign_prefixes,
            roles: vec![ClaimPath::of("roles")],
            agent: claim("agent"),
            books: claim("books"),
            accounts: claim("accounts"),
            ceiling: claim("ceiling"),
            absent: Absent::All,
            service: Some(ServiceRule {
                claim: ClaimPath::of("kind"),
                is: "service".to_owned(),
            }),
        };
        Self::new(demands, mapping, Arc::new(vec![key]))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn keys(&self) -> &dyn KeySource {
        &*self.keys
    }

    /// All that does not change with time, by a key that is known.
    pub(super) fn prove(
        &self,
        declared: &Declared,
        token: &str,
    ) -> Result<Result<(Principal, Window), TokenError>, KeyUnknown> {
        // What is wrong whatever the key is must not make us ask for keys.
        let named = declared
            .is_access_token(&self.types)
            .and_then(|()| Ok((self.algorithm(declared)?, declared.kid()?)));
        let ((signing, validation), kid) = match named {
            Ok(named) => named,
            Err(error) => return Ok(Err(error)),
        };
        match self.keys.find(kid, *signing) {
            Found::Key(key) => Ok(self.verified(declared, token, key.key(), validation)),
            Found::OtherAlgorithm => Ok(Err(TokenError::Algorithm)),
            Found::Unknown => Err(KeyUnknown),
        }
    }

    /// The configuration decides the algorithm; the token may only choose.
    fn algorithm(&self, declared: &Declared) -> Result<&(Signing, Validation), TokenError> {
        let name = declared.algorithm()?;
        let mut taken = self.validations.iter();
        taken
            .find(|(signing, _)| signing.name() == name)
            .ok_or(TokenError::Algorithm)
    }

    fn verified(
        &self,
        declared: &Declared,
        token: &str,
        key: &DecodingKey,
        validation: &Validation,
    ) -> Result<(Principal, Window), TokenError> {
        match jsonwebtoken::decode::<IgnoredAny>(token, key, validation) {
            Ok(_) => self.said(declared),
            Err(error) => Err(match error.kind() {
                // The library cannot read on behind an object where it expects a text.
                ErrorKind::Json(_) => self.said(declared).err().unwrap_or(TokenError::Malformed),
                kind => reason(kind),
            }),
        }
    }

    /// Who the bearer is, and for how long, if the token is true.
    fn said(&self, declared: &Declared) -> Result<(Principal, Window), TokenError> {
        let window = Window::of(&declared.claims, self.leeway_s)?;
        let subject = self.mapping.subject(&self.name, &declared.claims)?;
        Ok((subject.into(), window))
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuer").field(&self.name).finish()
    }
}

/// What the library checks: all but times, which it would take from the system's clock.
fn validation(signing: Signing, demands: &Demands) -> Validation {
    let mut validation = Validation::new(signing.algorithm());
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[&demands.issuer]);
    validation.set_audience(&[&demands.audience]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn reason(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(name) | ErrorKind::InvalidClaimFormat(name) => {
            TokenError::Claim(match name.as_str() {
                "aud" => "audience",
                "iss" => "issuer",
                _ => "exp",
            })
        }
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}
