//! `dealerboard serve`.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use kernel::{Actor, Tenant};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::token::Token;
use crate::config::Config;
use crate::demo::{Demo, Speed};
use crate::roles::{Platform, Roles};

/// Which roles to run.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// `all`, or some of gateway, processor, projector, reactor, router.
    #[arg(long, default_value = "all")]
    roles: Roles,
    /// Prints the URLs and a ready command line once it serves.
    #[arg(long)]
    hello: bool,
    /// Keeps a small desk trading, tenant `demo`; a restart goes on where it was.
    #[arg(long)]
    demo: bool,
    /// Which demo day it is.
    #[arg(long, default_value_t = 1, requires = "demo")]
    seed: u64,
    /// Times five commands a second, 0.1 to 200.
    #[arg(long, default_value = "1", requires = "demo")]
    speed: Speed,
}

impl Serve {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        telemetry::log("info")?;
        let metrics = telemetry::metrics()?;
        // Bound before any work: a taken port is found at once.
        let listener = TcpListener::bind(&config.http.bind)
            .with_context(|| format!("bind {}", config.http.bind))?;
        let address = listener.local_addr()?;
        super::runtime()?.block_on(async {
            let stop = CancellationToken::new();
            let mut platform = Platform::open(config)?;
            platform.demo = self.demo.then_some(Demo {
                seed: self.seed,
                speed: self.speed,
            });
            if self.hello {
                hello(&platform, address)?;
            }
            info!(%address, roles = ?self.roles, "dealerboard serves");
            let run = platform.run(&self.roles, Some(listener), metrics, stop.clone());
            let (done, ()) = tokio::join!(run, stop_on_signal(stop.clone()));
            done
        })?;
        Ok(ExitCode::SUCCESS)
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
        _ = terminate.recv() => info!("told to stop"),
        _ = interrupt.recv() => info!("told to stop"),
        () = stop.cancelled() => {}
    }
    stop.cancel();
}

/// The first minute: where it is, and a line to paste.
fn hello(platform: &Platform, address: SocketAddr) -> anyhow::Result<()> {
    let token = Token {
        tenant: Tenant::new("demo")?,
        actor: Actor::new("trader")?,
        hours: 12,
    };
    let token = token.issue(&platform.config, &platform.keys)?;
    let url = format!("http://{address}");
    super::say(&format!(
        r#"
dealerboard is at {url}    health {url}/readyz    metrics {url}/metrics

Book a trade, fill it, read the position:

export TOKEN={token}
ID=T-$(date +%s)
api() {{ curl -sS -H "authorization: Bearer $TOKEN" -H "content-type: application/json" -H "prefer: wait=5" "$@"; echo; }}
api {url}/v1/trades -d '{{"trade_id":"'$ID'","account":"ACC-1","book":"AGENCY","instrument":"IBM","side":"BUY","quantity":"100","price":"181.52","currency":"USD","traded_at":"2026-01-05T15:30:00Z"}}'
api {url}/v1/trades/$ID/fills -d '{{"exec_id":"E-'$ID'","quantity":"100","price":"181.50","fee":"0.35","traded_at":"2026-01-05T15:30:01Z"}}'
sleep 1 # a position follows its trades
api {url}/v1/positions/ACC-1/AGENCY/IBM

Match a customer with an agent, and see why:

api {url}/v1/agents/ann/sessions -d '{{"session_id":"S-1","device":"web","channels":["chat"]}}'
api {url}/v1/agents/ann/capacity -d '{{"channels":{{"chat":2}}}}'
api {url}/v1/agents/ann/queues -d '{{"queues":["FX-VIP"]}}'
api {url}/v1/agents/ann/presence -d '{{"presence":"available"}}'
api {url}/v1/conversations -d '{{"conversation_id":"V-'$ID'","customer_id":"K-1","channel":"chat","intent":"quote"}}'
api {url}/v1/conversations/V-$ID/enqueueings -d '{{"queue":"FX-VIP"}}'
api {url}/v1/agents/match -d '{{"conversation_id":"V-'$ID'"}}'
api {url}/v1/floor
"#
    ));
    Ok(())
}
