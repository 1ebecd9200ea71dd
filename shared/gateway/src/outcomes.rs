//! `GET /v1/commands/{id}`: what became of a command, by its id or by the key its sender gave it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Path;
use http::auth::Principal;
use http::problem::Problem;
use kernel::batch::{ParkedCommand, Resolution};
use kernel::code::platform;
use kernel::id::{CommandId, CommandKey, Tenant};
use kernel::port::{DeadLetterState, StoredDeadLetter};
use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::topic::{self, PartitionId};
use kernel::{Facts, Fault, Permission};
use pipeline::{CommandReport, Status, report};
use resilience::Deadline;
use schemars::JsonSchema;
use serde_json::json;
use uuid::Uuid;

use crate::gateway::{Gateway, Shared};

pub(crate) const ROUTE: QuestionRoute = QuestionRoute::get::<Reported>(
    "/v1/commands/{id}",
    "command",
    Permission::new("commands", "read"),
    AnsweredFrom::Store,
    "the outcome of a command, by its id or by the key that its sender gave it",
);

/// One command, or all that a key stands for.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "CommandReports")]
#[expect(dead_code, reason = "only its schema is used")]
enum Reported {
    One(CommandReport),
    Several { commands: Vec<CommandReport> },
}

/// How long the look-up over all partitions may take.
const FIND_WAIT: Duration = Duration::from_secs(2);

pub(crate) async fn get(
    named: Path<String>,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let facts = Facts::default();
    gateway
        .enter_to_ask(&principal, ROUTE.allow, &facts)
        .await?;
    let tenant = &principal.tenant;
    let id = Uuid::try_parse(&named).ok().map(CommandId);
    if let Some(id) = id {
        let found = Found::by(&gateway, tenant, id..=id, |_, _| true).await?;
        if let Some(answer) = found.answer() {
            return Ok(answer);
        }
    }
    if let Ok(key) = CommandKey::parse(&named) {
        let ids = CommandId::of_key(&key, tenant);
        // Others lie in the range, too.
        let is_named = |context: &str, found: &Entry| {
            let Ok((tenant, aggregate)) = topic::split_key(found.key()) else {
                return false;
            };
            found.id == CommandId::of_caller(&key, &tenant, context, &aggregate)
        };
        let found = Found::by(&gateway, tenant, ids, is_named).await?;
        if let Some(answer) = found.answer() {
            return Ok(answer);
        }
    }
    match id.and_then(|id| Some((id, gateway.recent.sender(id)?))) {
        Some((id, sender)) if sender == *tenant => {
            Ok(HttpResponse::Ok().json(json!({ "command_id": id, "status": "pending" })))
        }
        _ => Err(Problem::new(
            platform::NOT_FOUND,
            "no such command is known",
        )),
    }
}

/// A command that somebody has settled.
struct Entry {
    id: CommandId,
    partition_id: PartitionId,
    resolution: Resolution,
    /// As of a letter that was ended without another try.
    discarded: bool,
}

impl Entry {
    fn key(&self) -> &str {
        match &self.resolution {
            Resolution::Handled(outcome) => outcome.key(),
            Resolution::Parked(parked) => &parked.key,
        }
    }

    fn of_letter(stored: &StoredDeadLetter) -> Option<Self> {
        let letter = &stored.letter;
        let key = std::str::from_utf8(letter.key.as_deref()?).ok()?;
        let parked = ParkedCommand {
            key: key.into(),
            reason: letter.reason.as_str().into(),
            detail: letter.detail.as_str().into(),
        };
        Some(Self {
            id: letter.command?,
            partition_id: stored.partition_id,
            resolution: Resolution::Parked(parked),
            discarded: stored.state == DeadLetterState::Discarded,
        })
    }

    fn report(&self) -> CommandReport {
        let mut report = report(self.id, self.partition_id, &self.resolution);
        if self.discarded
            && let Status::Parked { reason, detail } = report.status
        {
            report.status = Status::Discarded { reason, detail };
        }
        report
    }
}

/// The tenant's commands that a question names, each once.
struct Found(BTreeMap<(&'static str, CommandId), Entry>);

impl Found {
    async fn by(
        gateway: &Gateway,
        tenant: &Tenant,
        ids: RangeInclusive<CommandId>,
        is_named: impl Fn(&str, &Entry) -> bool,
    ) -> Result<Self, Problem> {
        let contexts = gateway.table.slices.names();
        let find = || async {
            let handled = gateway.reader.find(&contexts, ids.clone()).await?;
            let letters = gateway.dead_letters.find(&contexts, ids.clone()).await?;
            Ok::<_, Fault>((handled, letters))
        };
        let guard = &gateway.reader_guard;
        let found = guard.call(Deadline::within(FIND_WAIT), find).await;
        let (handled, letters) = found.map_err(|error| {
            let detail = "outcomes cannot be read now";
            Problem::new(platform::DEPENDENCY_UNAVAILABLE, detail).because(error)
        })?;
        let handled = handled.into_iter().map(|known| Entry {
            id: known.row.command,
            partition_id: known.partition_id,
            resolution: Resolution::Handled(known.row.outcome),
            discarded: false,
        });
        // One that was redriven and is handled is no letter any more.
        let entries = handled.chain(letters.iter().filter_map(Entry::of_letter));
        let mut commands = BTreeMap::new();
        for entry in entries {
            // Another tenant's command is not there, rather than forbidden.
            let is_mine = entry
                .key()
                .split_once('/')
                .is_some_and(|(of, _)| of == tenant.as_str());
            if is_mine && is_named(entry.partition_id.context, &entry) {
                commands
                    .entry((entry.partition_id.context, entry.id))
                    .or_insert(entry);
            }
        }
        Ok(Self(commands))
    }

    /// The one command, or all that the name stands for.
    fn answer(&self) -> Option<HttpResponse> {
        let mut reports: Vec<_> = self.0.values().map(Entry::report).collect();
        match reports.len() {
            0 => None,
            1 => Some(HttpResponse::Ok().json(reports.remove(0))),
            _ => Some(HttpResponse::Ok().json(json!({ "commands": reports }))),
        }
    }
}
