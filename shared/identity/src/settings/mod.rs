//! What the configuration says of issuers.

mod sign_in;

#[cfg(test)]
mod tests;

use http::auth::{
    Absent, ClaimPath, Demands, LEEWAY_S, LOCAL_ISSUER, Mapping, NoClaimPath, ServiceRule, Signing,
    TenantRule,
};
use kernel::{Actor, Tenant};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

pub use sign_in::SignInSettings;

/// Most issuers of an installation.
pub const ISSUERS_MAX: usize = 8;

/// Most entries of a list, and most bytes of a text.
const LIST_MAX: usize = 16;
const TEXT_MAX: usize = 512;
const PREFIX_MAX: usize = 32;

/// Most that an issuer's clock may be off, seconds.
const LEEWAY_MAX_S: u32 = 300;

/// An issuer whose tokens are taken: `[[auth.issuers]]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    pub issuer: String,
    /// That of the installation if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    #[serde(default = "all_algorithms")]
    pub algorithms: Vec<String>,
    #[serde(default = "usual_types")]
    pub types: Vec<String>,
    pub tenant: TenantSettings,
    #[serde(default = "usual_actor")]
    pub actor: Vec<String>,
    #[serde(default)]
    pub actor_prefix: String,
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub books: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSettings>,
    /// Where its keys are, if it has no discovery: an address, or a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    #[serde(default = "usual_leeway_s")]
    pub leeway_s: u32,
    /// How browsers sign in there, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInSettings>,
}

/// Where the tenant is from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantSettings {
    Claim(String),
    Fixed(Tenant),
}

/// Which tokens are services'.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    pub claim: String,
    pub is: String,
}

fn all_algorithms() -> Vec<String> {
    Signing::ALL.map(|signing| signing.name().to_owned()).into()
}

fn usual_types() -> Vec<String> {
    ["at+jwt", "JWT"].map(str::to_owned).into()
}

fn usual_actor() -> Vec<String> {
    ["preferred_username", "client_id", "sub"]
        .map(str::to_owned)
        .into()
}

fn usual_leeway_s() -> u32 {
    LEEWAY_S.unsigned_abs().try_into().unwrap_or(LEEWAY_MAX_S)
}

/// Everything that is wrong with the issuers of an installation, at once. `local`: its own key is one
/// of them.
#[must_use]
pub fn faults(issuers: &[IssuerSettings], local: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if issuers.is_empty() && !local {
        let nobody = "auth.local is false and there are no auth.issuers: nobody could sign in";
        faults.push(nobody.to_owned());
    }
    if issuers.len() > ISSUERS_MAX {
        let (count, max) = (issuers.len(), ISSUERS_MAX);
        faults.push(format!("auth.issuers has {count} entries, at most {max}"));
    }
    for (at, issuer) in issuers.iter().enumerate() {
        let place = format!("auth.issuers[{at}]");
        let own = issuer.faults().into_iter();
        faults.extend(own.map(|fault| format!("{place}.{fault}")));
        if issuers[..at]
            .iter()
            .any(|other| other.issuer == issuer.issuer)
        {
            faults.push(format!("{place}.issuer is configured twice"));
        }
        let name = issuer.sign_in.as_ref().map(|sign_in| &sign_in.name);
        let before = issuers[..at]
            .iter()
            .filter_map(|other| other.sign_in.as_ref());
        if before
            .map(|sign_in| &sign_in.name)
            .any(|other| Some(other) == name)
        {
            faults.push(format!("{place}.sign_in.name is that of another issuer"));
        }
        let others = issuers[..at].iter();
        for other in others.filter(|other| other.may_share_names(issuer)) {
            faults.push(shared_names(&place, &other.issuer));
        }
        if local && issuer.actor_prefix.is_empty() {
            let own = "the installation's own key (or switch that off: auth.local = false)";
            faults.push(shared_names(&place, own));
        }
    }
    faults
}

fn shared_names(place: &str, other: &str) -> String {
    format!(
        "{place}.actor_prefix must differ from that of {other}: both may name actors of one tenant, and \
         two of them would have one name"
    )
}

impl IssuerSettings {
    /// Whether a tenant could have an actor of each with one name.
    fn may_share_names(&self, other: &Self) -> bool {
        let one_tenant = match (&self.tenant, &other.tenant) {
            (TenantSettings::Fixed(one), TenantSettings::Fixed(other)) => one == other,
            _ => true,
        };
        one_tenant && self.actor_prefix == other.actor_prefix
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        faults.extend(self.address_faults());
        faults.extend(self.list_faults());
        faults.extend(self.claim_faults());
        faults.extend(self.sign_in.iter().flat_map(SignInSettings::faults));
        if self.sign_in.is_some() && self.jwks.is_some() {
            let why = "the provider has to say where browsers sign in";
            faults.push(format!("sign_in needs discovery, without jwks: {why}"));
        }
        if self.audience.as_ref().is_some_and(String::is_empty) {
            faults.push("audience is empty".to_owned());
        }
        if self.leeway_s > LEEWAY_MAX_S {
            let leeway_s = self.leeway_s;
            faults.push(format!("leeway_s is {leeway_s}, at most {LEEWAY_MAX_S}"));
        }
        let prefix = &self.actor_prefix;
        if prefix.len() > PREFIX_MAX || Actor::of_caller(&format!("{prefix}x")).is_err() {
            faults.push(format!(
                "actor_prefix {prefix:?} is none that an actor's name can begin with; {PREFIX_MAX} \
                 bytes at most"
            ));
        }
        faults
    }

    fn address_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.issuer == LOCAL_ISSUER {
            faults.push(format!("issuer {LOCAL_ISSUER} is the installation itself"));
        }
        if self.issuer.is_empty() || self.issuer.len() > TEXT_MAX {
            faults.push(format!("issuer has not 1 to {TEXT_MAX} bytes"));
        }
        match &self.jwks {
            None => faults.extend(unsafe_address(&self.issuer).map(|why| format!("issuer {why}"))),
            Some(jwks) if is_address(jwks) => {
                faults.extend(unsafe_address(jwks).map(|why| format!("jwks {why}")));
            }
            Some(file) if file.is_empty() => faults.push("jwks is empty".to_owned()),
            Some(_) => {}
        }
        faults
    }

    fn list_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, list) in [
            ("algorithms", &self.algorithms),
            ("types", &self.types),
            ("actor", &self.actor),
            ("roles", &self.roles),
        ] {
            if !(1..=LIST_MAX).contains(&list.len()) {
                faults.push(format!("{name} has not 1 to {LIST_MAX} entries"));
            }
        }
        for name in &self.algorithms {
            if Signing::of(name).is_none() {
                let known = Signing::ALL.map(Signing::name).join(", ");
                faults.push(format!("algorithms: {name:?} is none of {known}"));
            }
        }
        faults
    }

    fn claim_faults(&self) -> Vec<String> {
        let mut paths = Vec::new();
        paths.extend(self.actor.iter().map(|path| ("actor", path)));
        paths.extend(self.roles.iter().map(|path| ("roles", path)));
        for (name, path) in [
            ("agent", &self.agent),
            ("books", &self.books),
            ("accounts", &self.accounts),
            ("ceiling", &self.ceiling),
        ] {
            paths.extend(path.iter().map(|path| (name, path)));
        }
        if let TenantSettings::Claim(path) = &self.tenant {
            paths.push(("tenant.claim", path));
        }
        if let Some(service) = &self.service {
            paths.push(("service.claim", &service.claim));
        }
        let wrong = |(name, path): (&str, &String)| {
            let error = path.parse::<ClaimPath>().err()?;
            Some(format!("{name}: {path:?} {error}"))
        };
        paths.into_iter().filter_map(wrong).collect()
    }

    pub(crate) fn algorithms(&self) -> Vec<Signing> {
        let named = self.algorithms.iter();
        named.filter_map(|name| Signing::of(name)).collect()
    }

    /// Of access tokens, in an installation of that audience.
    pub(crate) fn demands(&self, audience: &str) -> Demands {
        self.demands_as(self.audience.as_deref().unwrap_or(audience))
    }

    /// Of tokens for one audience.
    pub(crate) fn demands_as(&self, audience: &str) -> Demands {
        Demands {
            issuer: self.issuer.clone(),
            audience: audience.to_owned(),
            algorithms: self.algorithms(),
            types: self.types.clone(),
            leeway_s: self.leeway_s.into(),
        }
    }

    /// # Errors
    /// What [`faults`] reports.
    pub(crate) fn mapping(&self, foreign_prefixes: Vec<String>) -> anyhow::Result<Mapping> {
        let list = |paths: &[String]| -> Result<_, NoClaimPath> {
            paths.iter().map(|path| path.parse()).collect()
        };
        let path = |path: &Option<String>| path.as_ref().map(|path| path.parse()).transpose();
        let service = self.service.as_ref().map(|service| {
            anyhow::Ok(ServiceRule {
                claim: service.claim.parse()?,
                is: service.is.clone(),
            })
        });
        Ok(Mapping {
            tenant: match &self.tenant {
                TenantSettings::Claim(path) => TenantRule::Claim(path.parse()?),
                TenantSettings::Fixed(tenant) => TenantRule::Fixed(tenant.clone()),
            },
            actor: list(&self.actor)?,
            actor_prefix: self.actor_prefix.clone(),
            foreign_prefixes,
            roles: list(&self.roles)?,
            agent: path(&self.agent)?,
            books: path(&self.books)?,
            accounts: path(&self.accounts)?,
            ceiling: path(&self.ceiling)?,
            absent: Absent::Nothing,
            service: service.transpose()?,
        })
    }
}

/// Whether keys are fetched from there rather than read from a file.
pub(crate) fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// What speaks against fetching keys from an address: who can change what comes from there can sign in
/// as anybody.
pub(crate) fn unsafe_address(text: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else {
        return Some("is no address");
    };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
        return Some("is not https; http is for this machine only");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Some("holds a user, a password or a fragment");
    }
    None
}
