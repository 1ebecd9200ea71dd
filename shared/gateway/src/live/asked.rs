//! What a stream questions: a question of the table, written as its `GET` would be.

use std::sync::Arc;

use actix_web::dev::{Path, ResourceDef};
use http::auth::Principal;
use http::problem::Problem;
use kernel::Parameters;
use kernel::route::QuestionRoute;

use super::malformed;
use crate::endpoint::{Watchable, about};
use crate::gateway::Gateway;
use crate::known::Askable;
use crate::server::path_of;
use crate::views::parameters_in;

/// Questions of one stream.
const QUESTIONS_MAX: usize = 16;

/// A question that a caller may ask, and what answers it.
pub(super) struct LiveQuestion {
    /// As the caller wrote it.
    pub(super) text: Arc<str>,
    pub(super) path: Parameters,
    pub(super) parameters: Parameters,
    pub(super) of: Arc<dyn Watchable>,
}

/// The questions of a stream.
///
/// # Errors
/// One does not exist or cannot be watched, the caller may not ask it, or they are too many.
pub(super) fn questions<'t>(
    gateway: &Gateway,
    principal: &Principal,
    texts: impl Iterator<Item = &'t str>,
) -> Result<Vec<LiveQuestion>, Problem> {
    let mut questions: Vec<LiveQuestion> = Vec::new();
    for text in texts {
        if questions.iter().all(|known| &*known.text != text) {
            questions.push(question(gateway, principal, text)?);
        }
        if questions.len() > QUESTIONS_MAX {
            let detail = format!("a stream watches {QUESTIONS_MAX} questions at most");
            return Err(malformed(detail));
        }
    }
    Ok(questions)
}

fn question(gateway: &Gateway, principal: &Principal, text: &str) -> Result<LiveQuestion, Problem> {
    let (target, query) = text.split_once('?').unwrap_or((text, ""));
    let endpoints = gateway.endpoints.iter();
    let mut found = endpoints.filter_map(|endpoint| {
        let path = matched(&endpoint.route(), target)?;
        Some((endpoint, path, endpoint.watched()?))
    });
    let (endpoint, path, of) = found.next().ok_or_else(|| unknown(gateway, target))?;
    let route = endpoint.route();
    let askable = Askable {
        known: route.parameters,
        is_open: false,
    };
    askable.check(query)?;
    gateway.may_ask(principal, route.allow, &about(&path))?;
    Ok(LiveQuestion {
        text: text.into(),
        path,
        parameters: parameters_in(query),
        of,
    })
}

/// The values of the path, if it is that of the route.
fn matched(route: &QuestionRoute, target: &str) -> Option<Parameters> {
    let mut path = Path::new(target);
    let is_it = ResourceDef::new(route.path).capture_match_info(&mut path);
    is_it.then(|| path_of(&path, route.path))
}

fn unknown(gateway: &Gateway, target: &str) -> Problem {
    let endpoints = gateway.endpoints.iter();
    let can = endpoints.filter(|endpoint| endpoint.watched().is_some());
    let can: Vec<_> = can.map(|endpoint| endpoint.route().path).collect();
    let (target, can) = (target.escape_debug(), can.join(", "));
    malformed(format!(
        "`{target}` is no question that can be watched; there are {can}"
    ))
}
