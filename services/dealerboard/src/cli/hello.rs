//! The first minute: where it is, and lines to paste.

use std::net::SocketAddr;

use kernel::{Actor, Role, Tenant};

use super::token::{Limits, Token};
use crate::roles::Platform;

/// A trade from its booking to the position, and a conversation from its customer to its end.
pub(super) fn print(platform: &Platform, address: SocketAddr) -> anyhow::Result<()> {
    let token = Token {
        tenant: Tenant::new("demo")?,
        actor: Actor::new("trader")?,
        roles: vec![Role::new("admin")?],
        limits: Limits::default(),
        hours: 12,
    };
    let token = token.issue(&platform.config, &platform.keys)?;
    let url = format!("http://{address}");
    super::say(&format!(
        r#"
dealerboard is at {url}    sign in {url}/signin    explorer {url}/explorer/    health {url}/readyz    metrics {url}/metrics

Book a trade, fill it, read the position:

export TOKEN={token}
ID=T-$(date +%s)-$RANDOM
api() {{ curl -sS -H "authorization: Bearer $TOKEN" -H "content-type: application/json" -H "prefer: wait=5" "$@"; echo; }}
api {url}/v1/trades -d '{{"trade_id":"'$ID'","account":"ACC-1","book":"AGENCY","instrument":"IBM","side":"BUY","quantity":"100","price":"181.52","currency":"USD","traded_at":"2026-01-05T15:30:00Z"}}'
AT=$(api {url}/v1/trades/$ID/fills -o /dev/stderr -w '%header{{x-log-position}}' -d '{{"exec_id":"E-'$ID'","quantity":"100","price":"181.50","fee":"0.35","traded_at":"2026-01-05T15:30:01Z"}}')
api {url}/v1/positions/ACC-1/AGENCY/IBM -H "min-log-position: $AT" # which follows the fill by a reaction

Ann comes to work, and a customer calls:

api {url}/v1/queues -d '{{"queue_id":"FX-VIP"}}'
api {url}/v1/agents/ann/sessions -d '{{"session_id":"S-1","device":"web","channels":["chat"]}}'
api {url}/v1/agents/ann/capacity -d '{{"channels":{{"chat":2}}}}'
api {url}/v1/agents/ann:add-queues -d '{{"queues":["FX-VIP"]}}'
api {url}/v1/agents/ann/presence -d '{{"presence":"available"}}'
api {url}/v1/conversations -d '{{"conversation_id":"V-'$ID'","customer_id":"K-1","channel":"chat","intent":"quote"}}'
api {url}/v1/conversations/V-$ID:enqueue -d '{{"queue":"FX-VIP"}}'

They are matched; Ann has 20 seconds to answer, and ends it with a disposition:

MATCH=$(api {url}/v1/agents/match -d '{{"conversation_id":"V-'$ID'"}}'); echo "$MATCH"
its() {{ sed 's/.*"'$1'":"\([^"]*\)".*/\1/' <<< "$MATCH"; }}
is() {{ for _ in $(seq 100); do api {url}$1 | grep -q '"state":"'$2'"' && return; sleep 0.1; done; }} # once the views have followed
is /v1/conversations/V-$ID OFFERED
api {url}/v1/conversations/V-$ID:accept-offer -d '{{"offer_id":"'$(its offer_id)'"}}'
is /v1/conversations/V-$ID ACTIVE
api {url}/v1/conversations/V-$ID:end -d '{{"by":"agent","wrap_up_s":120}}'
api {url}/v1/conversations/V-$ID:complete-wrap-up -d '{{"agent_id":"ann","codes":["QUOTE_GIVEN"]}}'
is /v1/agents/ann/state available

Why Ann, what happened, and the floor:

api "{url}/v1/decisions/$(its decision_id)?agent=ann"
api {url}/v1/conversations/V-$ID
api {url}/v1/agents/ann/heartbeats -d '{{"session_id":"S-1"}}' # without one for a minute she is offline
api {url}/v1/floor
"#
    ));
    Ok(())
}
