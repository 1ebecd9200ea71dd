//! Query parameters: those that a route does not know are refused, whichever route it is. Left out in
//! silence, a misspelt filter would be answered with everything.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Data};
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::Parameter;

use crate::table::Table;

/// What each path may be asked with; a path that is not here, with nothing.
pub(crate) struct Known {
    parameters: BTreeMap<&'static str, Vec<Parameter>>,
    /// Paths that others send browsers to, with parameters of their own.
    open: BTreeSet<&'static str>,
}

impl Known {
    pub(crate) fn of(table: &Table) -> Self {
        let open = table.public.iter().filter(|public| public.is_open);
        Self {
            parameters: table.parameters(),
            open: open.map(|public| public.path).collect(),
        }
    }

    fn check(&self, pattern: &str, query: &str) -> Result<(), Problem> {
        let malformed = |detail: String| Problem::new(platform::PARAMETER_MALFORMED, detail);
        let asked = web::Query::<Vec<(String, String)>>::from_query(query);
        let asked = asked.map_err(|error| malformed(format!("query string: {error}")))?;
        let known = self.parameters.get(pattern);
        let known = known.map_or(&[][..], Vec::as_slice);
        for (place, (name, _)) in asked.iter().enumerate() {
            let Some(parameter) = known.iter().find(|known| known.name == name) else {
                if self.open.contains(pattern) {
                    continue;
                }
                let name = name.escape_debug();
                return Err(malformed(format!(
                    "`{name}` is not known here, {}",
                    these(known)
                )));
            };
            let mut before = asked.iter().take(place);
            if !parameter.repeats && before.any(|(before, _)| before == name) {
                return Err(malformed(format!("{name} is given twice")));
            }
        }
        Ok(())
    }
}

fn these(known: &[Parameter]) -> String {
    if known.is_empty() {
        return "where no parameters are".to_owned();
    }
    let names: Vec<_> = known.iter().map(|known| known.name).collect();
    format!("but {}", names.join(", "))
}

/// Refuses a request that asks with what its route does not know.
pub(crate) async fn known<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !request.query_string().is_empty()
        && let Some(pattern) = request.match_pattern()
        && let Some(known) = request.app_data::<Data<Known>>()
    {
        known.check(&pattern, request.query_string())?;
    }
    next.call(request).await
}
