//! `dealerboard dead-letters`.

use std::collections::HashSet;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use kernel::Actor;
use kernel::frame::{framed_object, unframe};
use kernel::port::{DeadLetterState, StoredDeadLetter};
use pipeline::{Redriver, Responsible};

use super::verify::present;
use crate::config::Config;
use crate::roles::Platform;

/// Letters read from the store at once.
const PAGE: usize = 500;
/// Bytes of a value that are shown.
const SHOWN_MAX: usize = 64 * 1024;

/// Commands that could not be handled. In production they can be looked after at any time, embedded
/// while the platform is stopped: the file has one owner.
#[derive(Debug, Args)]
pub(super) struct DeadLettersCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists letters, one line each.
    List {
        /// Only of this context.
        #[arg(long)]
        context: Option<String>,
        /// `parked`, `redriven` or `discarded`.
        #[arg(long, default_value = "parked", value_parser = state)]
        state: DeadLetterState,
    },
    /// Shows one letter whole: CONTEXT/PARTITION/OFFSET.
    Show { letter: String },
    /// Sends letters to their command log again, under the same command ids and in key order.
    Redrive(Redrive),
    /// Ends a letter for good, without another try.
    Discard {
        /// CONTEXT/PARTITION/OFFSET.
        letter: String,
        /// Does it; without it, only prints what would be done.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["letter", "context", "all"]))]
struct Redrive {
    /// CONTEXT/PARTITION/OFFSET.
    letter: Option<String>,
    /// All parked letters of a context.
    #[arg(long)]
    context: Option<String>,
    /// Of these, only those of one key, such as `demo/T-1`.
    #[arg(long, requires = "context")]
    key: Option<String>,
    /// All parked letters there are.
    #[arg(long)]
    all: bool,
    /// Who does it.
    #[arg(long)]
    by: Actor,
    /// Who agrees; more than one key at once needs a second person.
    #[arg(long)]
    approved_by: Option<Actor>,
    /// Only prints what would be done, which is also what happens without --yes.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Does it.
    #[arg(long)]
    yes: bool,
}

impl DeadLettersCommand {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            let platform = Platform::inspect(config).await;
            let platform = platform.context("open the dead letters")?;
            match self.action {
                Action::List { context, state } => list(&platform, context.as_deref(), state).await,
                Action::Show { letter } => show(&find(&platform, &letter).await?),
                Action::Redrive(redrive) => redrive.run(&platform).await,
                Action::Discard { letter, yes } => discard(&platform, &letter, yes).await,
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Redrive {
    async fn run(self, platform: &Platform) -> anyhow::Result<()> {
        let redriver = platform.redriver();
        let letters = self.chosen(platform, &redriver).await?;
        if let Some(first) = redriver.barred(&letters).await?.into_values().next() {
            anyhow::bail!(
                "{} is parked before it under the same key: redrive the key (--context, --key), or discard that letter first",
                place(&first)
            );
        }
        for stored in &letters {
            super::print(&line(stored));
        }
        if self.dry_run || !self.yes {
            super::print(&format!(
                "{} letters would be redriven; --yes does it",
                letters.len()
            ));
            return Ok(());
        }
        self.second_person()?;
        let responsible = Responsible {
            by: self.by,
            approved_by: self.approved_by,
        };
        let redriven = redriver.redrive(letters, &responsible).await?;
        for (stored, stays) in &redriven.stay {
            super::print(&format!("{} stays: {}", place(stored), stays.as_str()));
        }
        super::print(&format!("{} letters redriven", redriven.sent.len()));
        Ok(())
    }

    /// More than one key at once is more than one desk's business.
    fn second_person(&self) -> anyhow::Result<()> {
        if self.letter.is_some() || self.key.is_some() {
            return Ok(());
        }
        let approved_by = self.approved_by.as_ref();
        let approved_by =
            approved_by.context("a bulk redrive needs --approved-by, a second person")?;
        anyhow::ensure!(
            *approved_by != self.by,
            "--approved-by must be another person than --by"
        );
        Ok(())
    }

    async fn chosen(
        &self,
        platform: &Platform,
        redriver: &Redriver,
    ) -> anyhow::Result<Vec<StoredDeadLetter>> {
        if let Some(letter) = &self.letter {
            let stored = find(platform, letter).await?;
            let (state, place) = (stored.state, place(&stored));
            anyhow::ensure!(
                state == DeadLetterState::Parked,
                "{place} is {}",
                state.as_str()
            );
            return Ok(vec![stored]);
        }
        let wanted = |stored: &StoredDeadLetter| {
            let key = stored.letter.key.as_deref();
            self.key
                .as_ref()
                .is_none_or(|wanted| key == Some(wanted.as_bytes()))
        };
        let mut letters = Vec::new();
        for partition_id in platform.partition_ids(self.context.as_deref())? {
            letters.extend(redriver.parked(partition_id, &wanted).await?);
        }
        Ok(letters)
    }
}

async fn discard(platform: &Platform, letter: &str, yes: bool) -> anyhow::Result<()> {
    let stored = find(platform, letter).await?;
    super::print(&line(&stored));
    if !yes {
        super::print("it would be discarded; --yes does it");
        return Ok(());
    }
    let discarded = platform.redriver().discard(&stored).await?;
    anyhow::ensure!(discarded, "{} is not parked any more", place(&stored));
    super::print("discarded");
    Ok(())
}

async fn list(
    platform: &Platform,
    context: Option<&str>,
    state: DeadLetterState,
) -> anyhow::Result<()> {
    let (mut count, mut keys) = (0_u64, HashSet::new());
    for partition_id in platform.partition_ids(context)? {
        let mut after = None;
        loop {
            let page = platform
                .ports
                .dead_letters
                .list(partition_id, after, PAGE)
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.letter.offset);
            if telemetry::terminal::reader_left() {
                return Ok(());
            }
            for stored in page.into_iter().filter(|stored| stored.state == state) {
                super::print(&line(&stored));
                count += 1;
                keys.insert((partition_id, stored.letter.key));
            }
        }
    }
    super::print(&format!(
        "{count} letters of {} keys are {}",
        keys.len(),
        state.as_str()
    ));
    Ok(())
}

fn show(stored: &StoredDeadLetter) -> anyhow::Result<()> {
    let letter = &stored.letter;
    super::print(&format!("letter     {}", place(stored)));
    super::print(&format!("state      {}", stored.state.as_str()));
    super::print(&format!(
        "reason     {}: {}",
        letter.reason.as_str(),
        letter.detail
    ));
    super::print(&format!("logged at  {}", letter.logged_at));
    super::print(&format!("key        {}", bytes(letter.key.as_deref())));
    for (name, value) in letter.headers_shown() {
        let value = value.map_or_else(|| "(not shown)".to_owned(), |value| bytes(Some(value)));
        super::print(&format!("header     {name}: {value}"));
    }
    let length = letter.value.as_ref().map_or(0, bytes::Bytes::len);
    let framed = letter.value.as_deref().and_then(unframe);
    let schema = framed.map_or_else(String::new, |framed| format!(", schema {}", framed.id));
    super::print(&format!("value      {length} bytes{schema}"));
    let value = letter.value.as_deref();
    super::print(&bytes(value.and_then(framed_object).or(value)));
    Ok(())
}

/// One line of a listing.
fn line(stored: &StoredDeadLetter) -> String {
    let letter = &stored.letter;
    format!(
        "{:<24} {:<9} {:<15} {}  {:<28} {}",
        place(stored),
        stored.state.as_str(),
        letter.reason.as_str(),
        letter.logged_at,
        bytes(letter.key.as_deref()),
        letter.detail
    )
}

/// Printable text as it is, anything else in hexadecimal digits.
fn bytes(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "(none)".to_owned();
    };
    let shown = &bytes[..bytes.len().min(SHOWN_MAX)];
    let rest = if shown.len() < bytes.len() {
        " …"
    } else {
        ""
    };
    let plain = |char: char| !char.is_control() || matches!(char, '\n' | '\t');
    match std::str::from_utf8(shown) {
        Ok(text) if text.chars().all(plain) => format!("{text}{rest}"),
        _ => {
            let digits: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{digits}{rest}")
        }
    }
}

fn place(stored: &StoredDeadLetter) -> String {
    format!("{}/{}", stored.partition_id, stored.letter.offset)
}

fn state(text: &str) -> Result<DeadLetterState, String> {
    DeadLetterState::parse(text).ok_or_else(|| "parked, redriven or discarded".to_owned())
}

/// The letter at CONTEXT/PARTITION/OFFSET.
async fn find(platform: &Platform, letter: &str) -> anyhow::Result<StoredDeadLetter> {
    let form = "a letter is CONTEXT/PARTITION/OFFSET";
    let (partition, offset) = letter.rsplit_once('/').context(form)?;
    let (partition_id, offset) = (platform.partition_id(partition)?, offset.parse::<i64>()?);
    let page = platform
        .ports
        .dead_letters
        .list(partition_id, Some(offset - 1), 1)
        .await?;
    page.into_iter()
        .find(|stored| stored.letter.offset == offset)
        .with_context(|| format!("there is no dead letter {letter}"))
}
