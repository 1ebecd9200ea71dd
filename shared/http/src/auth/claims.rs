//! Who the claims of a token say its bearer is.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::access::{ROLES_MAX, Role, SCOPE_MAX, SubjectKind};
use kernel::{Actor, Subject, Tenant};
use serde_json::{Map, Value};

use super::path::ClaimPath;
use super::token::TokenError;

/// All claims of a token, by name.
pub(super) type Claims = Map<String, Value>;

/// In place of a list or an amount: no limit.
const UNLIMITED: &str = "*";

/// Bytes of one name in a list of books or accounts.
const NAME_MAX: usize = 128;

/// Claims that name the program which asked for a token, in the order of RFC 9068 and OpenID Connect.
const CLIENT: [&str; 2] = ["client_id", "azp"];

/// What precedes a client's name in the user name that Keycloak makes for it.
const SERVICE_ACCOUNT: &str = "service-account-";

/// Whose data the bearer of a token may see.
#[derive(Clone, Debug)]
pub enum TenantRule {
    /// That of the tenant which the claim names.
    Claim(ClaimPath),
    /// That of one tenant, whatever the token says.
    Fixed(Tenant),
}

/// A token with this text in this claim, alone or in a list, is a service's.
#[derive(Clone, Debug)]
pub struct ServiceRule {
    /// Where to look.
    pub claim: ClaimPath,
    /// The text.
    pub is: String,
}

/// What a token without the claim of a limit may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Everything: the claim narrows.
    All,
    /// Nothing: the claim allows.
    Nothing,
}

/// Which claims become which property of a [`Subject`].
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The tenant.
    pub tenant: TenantRule,
    /// The actor's name: the first of them that the token has. Those that name a program count for
    /// services only: a person's token has them too, and all who use one program would be one actor.
    pub actor: Vec<ClaimPath>,
    /// Put before the name, so that no two issuers give one.
    pub actor_prefix: String,
    /// Beginnings of names that other issuers give.
    pub foreign_prefixes: Vec<String>,
    /// Lists of roles, or texts of them with blanks between; all count together.
    pub roles: Vec<ClaimPath>,
    /// The agent it works as.
    pub agent: Option<ClaimPath>,
    /// The books it may reach.
    pub books: Option<ClaimPath>,
    /// The accounts it may reach.
    pub accounts: Option<ClaimPath>,
    /// The largest amount it may trade at once.
    pub ceiling: Option<ClaimPath>,
    /// What a token without one of the three before may reach.
    pub absent: Absent,
    /// Which tokens are services'; `None`: those that a program got in its own name.
    pub service: Option<ServiceRule>,
}

impl Mapping {
    /// The claims of a token that its issuer signed.
    pub(super) fn subject(
        &self,
        issuer: &Arc<str>,
        claims: &Claims,
    ) -> Result<Subject, TokenError> {
        let kind = self.kind(claims);
        let name = self.name(kind, claims)?;
        let actor = self.actor(name)?;
        let tenant = match &self.tenant {
            TenantRule::Fixed(tenant) => tenant.clone(),
            TenantRule::Claim(path) => path
                .text(claims)
                .and_then(|tenant| Tenant::new(tenant).ok())
                .ok_or(TokenError::Claim("tenant"))?,
        };
        let (books, accounts) = (self.books.as_ref(), self.accounts.as_ref());
        Ok(Subject {
            tenant,
            kind,
            issuer: Arc::clone(issuer),
            name: claims
                .get("sub")
                .and_then(Value::as_str)
                .unwrap_or(name)
                .into(),
            issued_s: claims.get("iat").and_then(Value::as_i64),
            expires_s: claims.get("exp").and_then(Value::as_i64),
            roles: self.roles(claims)?,
            agent: self.agent(claims, &actor)?,
            actor,
            books: self.names("books", books, claims)?,
            accounts: self.names("accounts", accounts, claims)?,
            ceiling: self.ceiling(claims)?,
        })
    }

    fn kind(&self, claims: &Claims) -> SubjectKind {
        let is_service = match &self.service {
            Some(rule) => rule.holds(claims),
            None => is_own_name(claims),
        };
        if is_service {
            SubjectKind::Service
        } else {
            SubjectKind::Person
        }
    }

    fn name<'c>(&self, kind: SubjectKind, claims: &'c Claims) -> Result<&'c str, TokenError> {
        let counts = |path: &&ClaimPath| kind == SubjectKind::Service || !path.is_one_of(&CLIENT);
        let mut named = self.actor.iter().filter(counts);
        let value = named.find_map(|path| path.value(claims));
        value
            .and_then(Value::as_str)
            .ok_or(TokenError::Claim("actor"))
    }

    fn actor(&self, name: &str) -> Result<Actor, TokenError> {
        let full = format!("{}{name}", self.actor_prefix);
        let is_foreign = |prefix: &String| full.starts_with(prefix.as_str());
        if self.foreign_prefixes.iter().any(is_foreign) {
            return Err(TokenError::ForeignName);
        }
        // With nothing behind the prefix it would be everybody's.
        if name.is_empty() {
            return Err(TokenError::Claim("actor"));
        }
        Actor::of_caller(&full).map_err(|_| TokenError::Claim("actor"))
    }

    /// Providers list names that are no roles of ours, such as groups with blanks in them. No policy
    /// can name those, so that they are left out.
    fn roles(&self, claims: &Claims) -> Result<Vec<Role>, TokenError> {
        let mut roles = BTreeSet::new();
        for path in &self.roles {
            let Some(value) = path.value(claims) else {
                continue;
            };
            // A text is a list with blanks between; in a list, a name with a blank is one name.
            match value {
                Value::String(scope) => roles.extend(scope.split_whitespace().filter_map(role)),
                listed => {
                    let listed = texts(listed).ok_or(TokenError::Claim("roles"))?;
                    roles.extend(listed.filter_map(role));
                }
            }
            if roles.len() > ROLES_MAX {
                return Err(TokenError::TooMany("roles", ROLES_MAX));
            }
        }
        Ok(roles.into_iter().collect())
    }

    fn agent(&self, claims: &Claims, actor: &Actor) -> Result<Arc<str>, TokenError> {
        let Some(value) = self.agent.as_ref().and_then(|path| path.value(claims)) else {
            return Ok(actor.as_str().into());
        };
        let agent = value.as_str().filter(|agent| is_name(agent));
        agent.map(Arc::from).ok_or(TokenError::Claim("agent"))
    }

    fn names(
        &self,
        what: &'static str,
        path: Option<&ClaimPath>,
        claims: &Claims,
    ) -> Result<Option<BTreeSet<Arc<str>>>, TokenError> {
        let Some(path) = path else {
            return Ok(None);
        };
        let Some(value) = path.value(claims) else {
            return Ok((self.absent == Absent::Nothing).then(BTreeSet::new));
        };
        let listed = texts(value).ok_or(TokenError::Claim(what))?;
        let mut names = BTreeSet::new();
        for name in listed {
            if name == UNLIMITED {
                return Ok(None);
            }
            if !is_name(name) {
                return Err(TokenError::Claim(what));
            }
            names.insert(name.into());
            if names.len() > SCOPE_MAX {
                return Err(TokenError::TooMany(what, SCOPE_MAX));
            }
        }
        Ok(Some(names))
    }

    fn ceiling(&self, claims: &Claims) -> Result<Option<i64>, TokenError> {
        let Some(path) = &self.ceiling else {
            return Ok(None);
        };
        let Some(value) = path.value(claims) else {
            return Ok((self.absent == Absent::Nothing).then_some(0));
        };
        if value == UNLIMITED {
            return Ok(None);
        }
        // Providers that keep attributes as texts send digits.
        let amount = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let amount = amount.filter(|amount| *amount >= 0);
        amount.map(Some).ok_or(TokenError::Claim("ceiling"))
    }
}

impl ServiceRule {
    fn holds(&self, claims: &Claims) -> bool {
        let value = self.claim.value(claims);
        value
            .and_then(texts)
            .is_some_and(|mut texts| texts.any(|text| text == self.is))
    }
}

/// Whether a program got the token in its own name, by client credentials. There is then no session
/// of a person, and the subject is the client, by its name or by the user that Keycloak makes for it.
fn is_own_name(claims: &Claims) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let Some(client) = CLIENT.iter().find_map(|name| text(name)) else {
        return false;
    };
    let account = text("preferred_username").and_then(|name| name.strip_prefix(SERVICE_ACCOUNT));
    let is_client = text("sub") == Some(client)
        || account.is_some_and(|account| account.eq_ignore_ascii_case(client));
    is_client && !claims.contains_key("sid")
}

/// A role under a name that policies may use. Keycloak writes groups as paths.
fn role(name: &str) -> Option<Role> {
    Role::new(name.strip_prefix('/').unwrap_or(name)).ok()
}

/// A text, or a list of nothing else.
fn texts(value: &Value) -> Option<impl Iterator<Item = &str>> {
    let listed = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(listed) if listed.iter().all(Value::is_string) => listed,
        _ => return None,
    };
    Some(listed.iter().filter_map(Value::as_str))
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}
