//! `GET /v1/commands/{id}`: what became of a command.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Path;
use http::auth::Principal;
use http::problem::Problem;
use kernel::code::platform;
use kernel::id::CommandId;
use resilience::Deadline;
use uuid::Uuid;

use super::Shared;
use super::commands::told;

/// How long the look-up over all partitions may take.
const FIND_WAIT: Duration = Duration::from_secs(2);

pub(super) async fn get(
    id: Path<Uuid>,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let id = CommandId(id.into_inner());
    let contexts = gateway.slices.names();
    let find = || gateway.reader.find(&contexts, id);
    let found = gateway
        .reader_guard
        .call(Deadline::within(FIND_WAIT), find)
        .await;
    let found = found.map_err(|error| {
        Problem::new(
            platform::DEPENDENCY_UNAVAILABLE,
            "outcomes cannot be read now",
        )
        .because(error)
    })?;
    // Another tenant's command is not there, rather than forbidden.
    let mine = found.filter(|known| {
        known
            .row
            .outcome
            .key()
            .split_once('/')
            .is_some_and(|(tenant, _)| tenant == principal.tenant.as_str())
    });
    match mine {
        Some(known) => Ok(HttpResponse::Ok().json(told(id, known.shard, &known.row.outcome))),
        None if gateway
            .recent
            .get(&id)
            .is_some_and(|tenant| tenant == principal.tenant) =>
        {
            let pending = serde_json::json!({ "command_id": id, "status": "pending" });
            Ok(HttpResponse::Ok().json(pending))
        }
        None => Err(Problem::new(
            platform::NOT_FOUND,
            "no such command is known",
        )),
    }
}
