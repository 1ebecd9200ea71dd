//! `dealerboard token`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kernel::access::{SCOPE_MAX, SubjectKind};
use kernel::port::Clock as _;
use kernel::{Actor, Role, Subject, Tenant};

use crate::config::Config;
use crate::ports::{LocalKeys, keys_for_tokens};
use pipeline::SystemClock;

/// Bytes of the name of an agent, a book or an account.
const NAME_MAX: usize = 128;

/// Whose token, and for how long.
#[derive(Debug, Args)]
pub struct Token {
    #[arg(long, default_value = "demo")]
    pub tenant: Tenant,
    #[arg(long, default_value = "trader", value_parser = Actor::of_caller)]
    pub actor: Actor,
    /// What it may do: roles of the policies, one `--role` each. Who can read the installation's keys
    /// may do everything, so that is what it says when none is given.
    #[arg(long = "role", default_value = "admin")]
    pub roles: Vec<Role>,
    #[command(flatten)]
    pub limits: Limits,
    /// Hours it is valid; at most 24.
    #[arg(long, default_value_t = 12)]
    pub hours: u64,
}

/// What a token is limited to.
#[derive(Debug, Default, Args)]
pub struct Limits {
    /// The agent it works as; the actor if left out.
    #[arg(long, value_parser = name)]
    pub agent: Option<Arc<str>>,
    /// A book it is limited to, one `--book` each; without one it reaches all.
    #[arg(long = "book", value_parser = name)]
    pub books: Vec<Arc<str>>,
    /// An account it is limited to, likewise.
    #[arg(long = "account", value_parser = name)]
    pub accounts: Vec<Arc<str>>,
    /// The largest amount it may trade at once, whole units of the trade's currency.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    pub ceiling: Option<i64>,
    /// A program has it, no person.
    #[arg(long)]
    pub service: bool,
}

impl Token {
    /// For an import, which may take a day.
    #[cfg(feature = "import")]
    pub(super) fn for_import(tenant: Tenant, actor: Actor) -> anyhow::Result<Self> {
        Ok(Self {
            tenant,
            actor,
            roles: vec![Role::new("service")?],
            limits: Limits {
                service: true,
                ..Limits::default()
            },
            hours: 24,
        })
    }

    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let token = super::runtime()?.block_on(self.issue_local(config))?;
        super::print(&token);
        Ok(ExitCode::SUCCESS)
    }

    /// Signed by the installation's own key, as far as it can be asked which that is.
    pub(super) async fn issue_local(self, config: &Config) -> anyhow::Result<String> {
        let (keys, doubt) = keys_for_tokens(config).await?;
        if let Some(doubt) = doubt {
            super::say(&format!("dealerboard: {doubt}"));
        }
        self.issue(config, &keys)
    }

    /// Signed by these keys.
    ///
    /// # Errors
    /// The token would be valid for longer than the platform allows or list too much, or the
    /// installation takes none of its own.
    pub fn issue(self, config: &Config, keys: &LocalKeys) -> anyhow::Result<String> {
        anyhow::ensure!(
            config.auth.local,
            "this installation takes no tokens of its own key (auth.local is false): get one of {}",
            config.issuers()
        );
        let life = Duration::from_secs(self.hours.saturating_mul(3_600));
        let (audience, now) = (&config.auth.audience, SystemClock.now());
        let principal = self.subject()?.into();
        Ok(keys.tokens.issue(&principal, audience, now, life)?)
    }

    fn subject(self) -> anyhow::Result<Subject> {
        let mut subject = Subject::person(self.tenant, self.actor, self.roles);
        let limits = self.limits;
        if limits.service {
            subject.kind = SubjectKind::Service;
        }
        if let Some(agent) = limits.agent {
            subject.agent = agent;
        }
        subject.books = some_of("books", limits.books)?;
        subject.accounts = some_of("accounts", limits.accounts)?;
        subject.ceiling = limits.ceiling;
        Ok(subject)
    }
}

fn some_of(what: &str, names: Vec<Arc<str>>) -> anyhow::Result<Option<BTreeSet<Arc<str>>>> {
    let count = names.len();
    anyhow::ensure!(
        count <= SCOPE_MAX,
        "a token lists at most {SCOPE_MAX} {what}, not {count}"
    );
    Ok((count > 0).then(|| names.into_iter().collect()))
}

fn name(text: &str) -> Result<Arc<str>, String> {
    let is_name = (1..=NAME_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if is_name {
        return Ok(text.into());
    }
    Err(format!(
        "a name has 1 to {NAME_MAX} bytes and no control characters"
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use kernel::access::SubjectKind;

    use super::Token;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        token: Token,
    }

    fn token(arguments: &str) -> Result<Token, String> {
        let words = ["token"].into_iter().chain(arguments.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        Ok(line.token)
    }

    #[test]
    fn token_says_what_the_line_says() {
        let line = "--actor ann --role trader --role sales --agent agent-7 --book EQ --book FX \
                    --account A-1 --ceiling 250000 --service";
        let ann = token(line).unwrap().subject().unwrap();
        assert_eq!((ann.kind, &*ann.agent), (SubjectKind::Service, "agent-7"));
        assert_eq!(ann.books, Some(["EQ".into(), "FX".into()].into()));
        assert_eq!(ann.accounts, Some(["A-1".into()].into()));
        assert_eq!((ann.roles.len(), ann.ceiling), (2, Some(250_000)));
        let plain = token("").unwrap().subject().unwrap();
        assert_eq!((plain.kind, &*plain.agent), (SubjectKind::Person, "trader"));
        assert_eq!(
            (plain.books, plain.accounts, plain.ceiling),
            (None, None, None)
        );
    }

    #[test]
    fn limit_that_is_none_is_refused() {
        for line in ["--ceiling -1", "--ceiling 1.5", "--ceiling lots"] {
            assert!(token(line).is_err(), "{line}");
        }
        let long = format!("--book {}", "b".repeat(129));
        assert!(token(&long).is_err());
        let many = "--book b ".repeat(257);
        assert!(token(&many).unwrap().subject().is_err());
    }
}
