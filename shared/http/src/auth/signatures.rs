//! Whether an issuer signed a token, and for whom.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation};
use serde::de::IgnoredAny;

use super::keys::{Found, KeySource, Signing};
use super::token::{Declared, TokenError};

/// By what the tokens of an issuer for one audience are proven.
pub(super) struct Signatures {
    keys: Arc<dyn KeySource>,
    /// What the library checks, for each algorithm that is taken.
    validations: Vec<(Signing, Validation)>,
}

/// A token's key is not among those of its issuer.
pub(super) struct KeyUnknown;

impl Signatures {
    /// `algorithms` is never empty.
    pub(super) fn new(
        issuer: &str,
        audience: &str,
        algorithms: &[Signing],
        keys: Arc<dyn KeySource>,
    ) -> Self {
        let validation = |signing: &Signing| (*signing, validation(*signing, issuer, audience));
        Self {
            keys,
            validations: algorithms.iter().map(validation).collect(),
        }
    }

    pub(super) fn keys(&self) -> &dyn KeySource {
        &*self.keys
    }

    /// By which algorithm the issuer signed it, if it did, and for this audience.
    pub(super) fn hold(
        &self,
        declared: &Declared,
        token: &str,
    ) -> Result<Result<Signing, TokenError>, KeyUnknown> {
        // What is wrong whatever the key is must not make us ask for keys.
        let named = self
            .algorithm(declared)
            .and_then(|algorithm| Ok((algorithm, declared.kid()?)));
        let ((signing, validation), kid) = match named {
            Ok(named) => named,
            Err(error) => return Ok(Err(error)),
        };
        match self.keys.find(kid, *signing) {
            Found::Key(key) => Ok(decoded(token, key.key(), validation).map(|()| *signing)),
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
}

/// What the library checks: all but times, which it would take from the system's clock.
fn validation(signing: Signing, issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(signing.algorithm());
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn decoded(token: &str, key: &DecodingKey, validation: &Validation) -> Result<(), TokenError> {
    match jsonwebtoken::decode::<IgnoredAny>(token, key, validation) {
        Ok(_) => Ok(()),
        Err(error) => Err(reason(error.kind())),
    }
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
