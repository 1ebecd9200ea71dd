//! `dealerboard serve`.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::ports::KeysAway;
use crate::roles::{Platform, Roles};
use simulation::demo::{Demo, Speed};

/// Which roles to run.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// `all`, or some of gateway, processor, projector, reactor, router.
    #[arg(long, default_value = "all")]
    roles: Roles,
    /// Prints the URLs and a ready command line once it serves.
    #[arg(long)]
    hello: bool,
    /// Keeps a small desk trading, tenant `demo`; a restart continues it.
    #[arg(long)]
    demo: bool,
    /// Which demo day it is.
    #[arg(long, default_value_t = 1, requires = "demo")]
    seed: u64,
    /// Times five commands a second, 0.1 to 200.
    #[arg(long, default_value = "1", requires = "demo")]
    speed: Speed,
}

/// Longest time without the readiness line: a slow start is reported as well.
const TELL_WAIT: Duration = Duration::from_secs(5);
/// How often a database that keeps the keys is asked for them.
const KEYS_AGAIN: Duration = Duration::from_secs(1);

impl Serve {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        let _log = telemetry::log("info")?;
        let metrics = telemetry::metrics()?;
        // Bound before any work: a taken port is found at once.
        let listener = TcpListener::bind(&config.http.bind)
            .with_context(|| format!("bind {}", config.http.bind))?;
        let start = Start {
            at: started,
            address: listener.local_addr()?,
        };
        super::runtime()?.block_on(async {
            let stop = CancellationToken::new();
            let serve = async {
                let served = self.serve(config, listener, metrics, start, &stop).await;
                stop.cancel();
                served
            };
            let (served, ()) = tokio::join!(serve, stop_on_signal(stop.clone()));
            served
        })?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(
        &self,
        config: Config,
        listener: TcpListener,
        metrics: PrometheusHandle,
        start: Start,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let Some(mut platform) = open(config, stop).await? else {
            return Ok(());
        };
        platform.demo = self.demo.then_some(Demo {
            seed: self.seed,
            speed: self.speed,
        });
        if self.hello {
            super::hello::print(&platform, start.address)?;
        }
        let run = async {
            let run = platform.run(&self.roles, Some(listener), metrics, stop.clone());
            let done = run.await;
            // A role that cannot start ends everything, the wait for readiness too.
            stop.cancel();
            done
        };
        let tell = stop.run_until_cancelled(start.tell(&platform, &self.roles));
        let (done, _line) = tokio::join!(run, tell);
        done
    }
}

/// Opens the platform, waiting for the database if it keeps the keys; `None` when stopped before.
async fn open(config: Config, stop: &CancellationToken) -> anyhow::Result<Option<Platform>> {
    let mut is_reported = false;
    loop {
        let error = match Platform::open(config.clone()).await {
            Ok(platform) => return Ok(Some(platform)),
            Err(error) if error.is::<KeysAway>() => error,
            Err(error) => return Err(error),
        };
        if !std::mem::replace(&mut is_reported, true) {
            let error: &(dyn std::error::Error + 'static) = &*error;
            warn!(error, "waits for the keys");
        }
        let again = tokio::time::sleep(KEYS_AGAIN);
        if stop.run_until_cancelled(again).await.is_none() {
            return Ok(None);
        }
    }
}

/// When the process began, and where it listens.
struct Start {
    at: Instant,
    address: SocketAddr,
}

impl Start {
    /// One line when it serves and has read what it answers from. A slow start logs a line before.
    async fn tell(&self, platform: &Platform, roles: &Roles) {
        let read = platform.has_read(roles);
        let ready = tokio::time::timeout(TELL_WAIT, read).await.is_ok();
        info!(
            version = env!("CARGO_PKG_VERSION"),
            mode = platform.config.storage.mode.name(),
            %roles,
            address = %self.address,
            partitions = platform.config.partitions(),
            ready_in_ms = ready.then(|| self.ms()),
            "dealerboard serves"
        );
        if !ready {
            platform.has_read(roles).await;
            info!(ready_in_ms = self.ms(), "dealerboard is ready");
        }
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Cancels on SIGTERM or SIGINT; ends as well when something else has.
async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => info!("signalled to stop"),
        _ = interrupt.recv() => info!("signalled to stop"),
        () = stop.cancelled() => {}
    }
    stop.cancel();
}
