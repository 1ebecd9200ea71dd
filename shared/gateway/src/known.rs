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

    fn of_pattern(&self, pattern: &str) -> Askable<'_> {
        let known = self.parameters.get(pattern);
        Askable {
            known: known.map_or(&[], Vec::as_slice),
            is_open: self.open.contains(pattern),
        }
    }
}

/// What a query string may have.
pub(crate) struct Askable<'k> {
    pub(crate) known: &'k [Parameter],
    /// Whether it may have others, which nobody reads.
    pub(crate) is_open: bool,
}

impl Askable<'_> {
    /// # Errors
    /// The query string cannot be read, or has what is not known, or twice what may be given once.
    pub(crate) fn check(&self, query: &str) -> Result<(), Problem> {
        let malformed = |detail: String| Problem::new(platform::PARAMETER_MALFORMED, detail);
        let asked = web::Query::<Vec<(String, String)>>::from_query(query);
        let asked = asked.map_err(|error| malformed(format!("query string: {error}")))?;
        for (place, (name, _)) in asked.iter().enumerate() {
            let mut known = self.known.iter();
            let Some(parameter) = known.find(|known| known.name == name) else {
                if self.is_open {
                    continue;
                }
                let (name, these) = (name.escape_debug(), these(self.known));
                return Err(malformed(format!("`{name}` is not known here, {these}")));
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
        known.of_pattern(&pattern).check(request.query_string())?;
    }
    next.call(request).await
}
