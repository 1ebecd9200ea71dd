//! `dealerboard import`: trades of a file, through the command path of a running gateway.
//!
//! Everything it sends has a key made of the trade's id: an import that was cut off is run again.

mod api;
mod lines;
mod rejects;
mod row;
mod send;
mod settle;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use futures::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Actor, Currency, Tenant};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as BadName;
use trades::LotMethod;

use self::api::Api;
use self::lines::{Line, Lines};
use self::rejects::Rejects;
use self::row::{Assumed, Row};
use self::send::{Sent, Verdict, send};
use self::settle::Settling;
use self::summary::Summary;
use super::token::Token;
use crate::config::Config;

/// How many answers come in between two words on the progress bar.
const TOLD_EVERY: u64 = 500;
const DRAWN_EVERY: Duration = Duration::from_millis(200);

/// Imports trades from a CSV file into a running platform.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// CSV, plain or gzip: ts,account,book,instrument,side,quantity,price,fee,trade_id.
    file: PathBuf,
    /// The gateway; the configured bind address when not given.
    #[arg(long)]
    url: Option<String>,
    /// Access token; one signed by the local key when not given.
    #[arg(long, env = "DEALERBOARD_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Whose trades they are, when no token says so.
    #[arg(long, default_value = "demo")]
    tenant: Tenant,
    /// Who imports, when no token says so.
    #[arg(long, default_value = "importer")]
    actor: Actor,
    /// FIFO, LIFO, HIFO, SPECID or AVERAGE, for positions that the file opens.
    #[arg(long, default_value = "FIFO", value_parser = lot_method)]
    lot_method: LotMethod,
    #[arg(long, default_value = "USD")]
    currency: Currency,
    /// Where lines that were not imported go, with their number and the reason.
    #[arg(long, default_value = "rejects.csv")]
    rejects: PathBuf,
    /// Trades under way at once, 1 to 1024: the more, the larger the batches that servers see.
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
}

fn lot_method(name: &str) -> Result<LotMethod, BadName> {
    LotMethod::deserialize(name.into_deserializer())
}

impl Import {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let runtime = super::runtime()?;
        let api = runtime.block_on(self.api(config))?;
        let bar = ProgressBar::no_length().with_style(style());
        let lines = Lines::open(&self.file, &bar)?;
        let mut job = Job {
            api,
            assumed: Assumed {
                currency: self.currency,
                lot_method: self.lot_method,
            },
            in_flight: self.in_flight.into(),
            rejects: Rejects::create(&self.rejects)?,
            summary: Summary::default(),
            settling: Settling::default(),
            bar,
        };
        runtime.block_on(job.run(lines))
    }

    async fn api(&self, config: &Config) -> anyhow::Result<Api> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => format!("http://{}", config.http.bind),
        };
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.local_token(config).await?,
        };
        Api::new(&url, &token)
    }

    async fn local_token(&self, config: &Config) -> anyhow::Result<String> {
        let token = Token {
            tenant: self.tenant.clone(),
            actor: self.actor.clone(),
            hours: 24,
        };
        token.issue_local(config).await
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {elapsed}, {eta} left")
        .expect("the template is a literal that parses")
}

/// One import under way.
struct Job {
    api: Api,
    assumed: Assumed,
    in_flight: usize,
    rejects: Rejects,
    summary: Summary,
    settling: Settling,
    bar: ProgressBar,
}

impl Job {
    async fn run(&mut self, lines: Lines) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        self.bar.enable_steady_tick(DRAWN_EVERY);
        let sent = self.send_all(lines).await;
        let sending = started.elapsed();
        self.bar.set_message("waits for the positions");
        let settled = match &sent {
            Ok(()) => self.settling.wait(&self.api).await,
            Err(_) => Ok(()),
        };
        self.bar.finish_and_clear();
        super::print(&self.summary.told(sending, started.elapsed()));
        sent.and(settled)?;
        Ok(self.summary.exit_code())
    }

    /// Ends at the first failure that is not a line's own: what is under way then is sent again,
    /// harmlessly, by the next run.
    async fn send_all(&mut self, lines: Lines) -> anyhow::Result<()> {
        let (api, assumed) = (&self.api, &self.assumed);
        let started = Instant::now();
        let mut answers = stream::iter(lines)
            .map(|line| async move {
                let line = line?;
                let sent = send_line(api, assumed, &line).await?;
                anyhow::Ok((line, sent))
            })
            .buffer_unordered(self.in_flight);
        while let Some(answer) = answers.next().await {
            let (line, sent) = answer?;
            self.summary.count(&sent.verdict);
            if let Verdict::Rejected(reason) = &sent.verdict {
                self.rejects.write(&line, reason)?;
            }
            if let Some(fill) = sent.filled {
                self.settling.note(fill);
            }
            if self.summary.rows().is_multiple_of(TOLD_EVERY) {
                self.bar.set_message(self.summary.rate(started.elapsed()));
            }
        }
        Ok(())
    }
}

async fn send_line(api: &Api, assumed: &Assumed, line: &Line) -> anyhow::Result<Sent> {
    match Row::parse(&line.text, assumed) {
        Ok(row) => send(api, &row).await,
        Err(reason) => Ok(Sent::rejected(format!("{reason:#}"))),
    }
}
