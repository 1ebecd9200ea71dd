//! `dealerboard import`: trades of a file, through the command path of a running gateway.
//!
//! An import that was cut off is run again: what is there already is known by the ids of trades and
//! executions. A row counts as imported when its position has it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Actor, Tenant};

use crate::api::Api;
use crate::options::Reading;
use crate::order::{Order, Orders};
use crate::outline::Outline;
use crate::rejects::{Rejects, default_path};
use crate::row::RowReader;
use crate::send::{Row, Verdict, send};
use crate::settle::Settling;
use crate::summary::Summary;
use crate::{source, summary};

/// How many answers come in between two words on the progress bar.
const REPORTED_EVERY: u64 = 500;
const DRAWN_EVERY: Duration = Duration::from_millis(200);

/// Imports trades from a file into a running platform.
#[derive(Debug, Args)]
pub struct Import {
    /// CSV, JSON Lines or Parquet; a text may be gzip.
    file: PathBuf,
    /// The gateway; the configured bind address when not given.
    #[arg(long)]
    url: Option<String>,
    /// Access token; one signed by the local key when not given.
    #[arg(long, env = "DEALERBOARD_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Whose trades they are, without a token that names the tenant.
    #[arg(long, default_value = "demo")]
    tenant: Tenant,
    /// Who imports, without a token that names the actor.
    #[arg(long, default_value = "importer", value_parser = Actor::of_caller)]
    actor: Actor,
    /// Where rows that were not imported go, with their number and the reason; `rejects.csv`, or
    /// `rejects.jsonl` for JSON Lines and Parquet, when not given.
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// Trades under way at once, 1 to 1024: the more, the larger the batches that servers see.
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
    /// Reads the file, writes the rejects, prints what would be sent, and sends nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Makes an access token of a tenant and an actor, by the local key.
pub type LocalToken<'a> = &'a dyn Fn(Tenant, Actor) -> BoxFuture<'a, anyhow::Result<String>>;

impl Import {
    /// Imports by the gateway at `bind`, unless another one is named. Exit code 1: some rows were
    /// refused.
    ///
    /// # Errors
    /// The file cannot be read, or the gateway takes no request.
    pub fn run(self, bind: &str, local_token: LocalToken<'_>) -> anyhow::Result<ExitCode> {
        let bar = ProgressBar::no_length().with_style(style());
        bar.enable_steady_tick(DRAWN_EVERY);
        let suits = |header: &[String]| RowReader::suits(header, &self.reading);
        let mut rows = source::open(&self.file, &self.reading.declared(), suits, &bar)?;
        let name = self.file.display();
        let reader =
            RowReader::new(&*rows, &self.reading).with_context(|| format!("read {name}"))?;
        let orders = Orders::read(&mut *rows, &reader).with_context(|| format!("read {name}"))?;
        let path = self.rejects.clone();
        let path = path.unwrap_or_else(|| default_path(&rows.form()));
        let layout = reader.layout();
        self.refuse_own_file(&path)?;
        let rejects = Rejects::create(&path, rows.form(), layout.is_of_rejects())?;
        if self.dry_run {
            bar.finish_and_clear();
            return Outline::of(&orders).tell(orders.refused, layout, rejects);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let job = Job {
            api: runtime.block_on(self.api(bind, local_token))?,
            in_flight: self.in_flight.into(),
            rejects,
            summary: Summary::default(),
            settling: Settling::default(),
            bar,
        };
        let ignored = layout.ignored().join(", ");
        runtime.block_on(job.run(orders, &ignored))
    }

    /// Rejects that are read must not be replaced by those of the reading.
    fn refuse_own_file(&self, rejects: &Path) -> anyhow::Result<()> {
        let is_same = match (self.file.canonicalize(), rejects.canonicalize()) {
            (Ok(file), Ok(rejects)) => file == rejects,
            _ => false,
        };
        anyhow::ensure!(
            !is_same,
            "{} is the file of the rejects as well: name another one by --rejects",
            rejects.display()
        );
        Ok(())
    }

    async fn api(&self, bind: &str, local_token: LocalToken<'_>) -> anyhow::Result<Api> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => format!("http://{bind}"),
        };
        let token = match &self.token {
            Some(token) => token.clone(),
            None => local_token(self.tenant.clone(), self.actor.clone()).await?,
        };
        Api::new(&url, &token)
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {elapsed}, {eta} left")
        .expect("the template is a literal that parses")
}

/// One import under way.
struct Job {
    api: Api,
    in_flight: usize,
    rejects: Rejects,
    summary: Summary,
    settling: Settling,
    bar: ProgressBar,
}

impl Job {
    async fn run(mut self, orders: Orders, ignored: &str) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        let sent = self.send_all(orders).await;
        let sending = started.elapsed();
        self.bar.set_message("waits for the positions");
        let settled = self.settle(sent.is_ok()).await;
        self.bar.finish_and_clear();
        let line = self.summary.line(sending, started.elapsed());
        telemetry::terminal::print(&summary::with_ignored(line, ignored));
        sent.and(settled)?;
        Ok(self.summary.exit_code())
    }

    /// Ends at the first failure that is not a row's own: what is under way then is sent again,
    /// harmlessly, by the next run.
    async fn send_all(&mut self, orders: Orders) -> anyhow::Result<()> {
        self.bar.set_position(0);
        self.bar.set_length(orders.rows());
        for (line, reason) in orders.refused {
            self.bar.inc(1);
            self.rejects.write(&line, &reason)?;
            self.summary.count(&Verdict::Rejected(reason));
        }
        let (api, started) = (&self.api, Instant::now());
        let mut answers = stream::iter(orders.whole)
            .map(|order: Order| send(api, order))
            .buffer_unordered(self.in_flight);
        while let Some(sent) = answers.next().await {
            let mut sent = sent?;
            self.bar.inc(sent.rows.len() as u64);
            for row in sent.take_rejected() {
                tell(&mut self.summary, &mut self.rejects, &row)?;
            }
            self.settling.note(sent);
            let rows = self.bar.position();
            if rows.is_multiple_of(REPORTED_EVERY) {
                self.bar.set_message(summary::rate(rows, started.elapsed()));
            }
        }
        Ok(())
    }

    /// Counts the outcomes of the rows, once their positions are known to have them.
    async fn settle(&mut self, all_sent: bool) -> anyhow::Result<()> {
        let settling = std::mem::take(&mut self.settling);
        let mut rows = if all_sent {
            settling.settled(&self.api).await?
        } else {
            settling.answered()
        };
        rows.sort_unstable_by_key(|row| row.line.number);
        let mut rows = rows.iter();
        rows.try_for_each(|row| tell(&mut self.summary, &mut self.rejects, row))
    }
}

fn tell(summary: &mut Summary, rejects: &mut Rejects, row: &Row) -> anyhow::Result<()> {
    summary.count(&row.verdict);
    match &row.verdict {
        Verdict::Rejected(reason) => rejects.write(&row.line, reason),
        Verdict::Imported | Verdict::Repeated => Ok(()),
    }
}
