//! An issuer of tokens: what they must be, by which keys they are verified, and who they name.

use std::fmt;
use std::sync::Arc;

use super::claims::{Absent, Mapping, ServiceRule, TenantRule};
use super::keys::{KeySource, Signing, TrustedKey};
use super::path::ClaimPath;
use super::principal::Principal;
use super::signatures::{KeyUnknown, Signatures};
use super::token::{Declared, LEEWAY_S, TokenError, Window};

/// One that tokens are taken of.
pub struct Issuer {
    /// As `iss` names it, to the letter.
    name: Arc<str>,
    types: Vec<String>,
    leeway_s: i64,
    mapping: Mapping,
    signatures: Signatures,
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

impl Issuer {
    #[must_use]
    pub fn new(demands: Demands, mapping: Mapping, keys: Arc<dyn KeySource>) -> Self {
        let (issuer, audience) = (&demands.issuer, &demands.audience);
        Self {
            signatures: Signatures::new(issuer, audience, &demands.algorithms, keys),
            name: demands.issuer.into(),
            types: demands.types,
            leeway_s: demands.leeway_s,
            mapping,
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
        self.signatures.keys()
    }

    /// All that does not change with time, by a key that is known.
    pub(super) fn prove(
        &self,
        declared: &Declared,
        token: &str,
    ) -> Result<Result<(Principal, Window), TokenError>, KeyUnknown> {
        if let Err(error) = declared.is_access_token(&self.types) {
            return Ok(Err(error));
        }
        Ok(match self.signatures.hold(declared, token)? {
            Ok(_) => self.said(declared),
            // The library cannot read on behind an object where it expects a text.
            Err(TokenError::Malformed) => {
                Err(self.said(declared).err().unwrap_or(TokenError::Malformed))
            }
            Err(error) => Err(error),
        })
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
