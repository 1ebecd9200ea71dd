//! Query parameters: those that a route does not know are refused, whichever route it is. Left out in
//! silence, a misspelt filter would be answered with everything.

use std::collections::HashMap;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Data};
use analytics::Ask;
use http::problem::Problem;
use kernel::code::platform;
use pipeline::Slices;

use super::staffing;

/// What each path may be asked with; a path that is not here, with nothing.
pub(super) struct Known(HashMap<&'static str, Vec<&'static str>>);

impl Known {
    pub(super) fn of(slices: &Slices) -> Self {
        let mut known = HashMap::from([
            ("/v1/floor", vec!["as_of"]),
            ("/v1/metrics", [&["as_of"], Ask::PARAMETERS].concat()),
            ("/v1/metrics/agents/{agent_id}", Ask::PARAMETERS.to_vec()),
            (
                "/v1/metrics/agents/{agent_id}/adherence",
                Ask::PARAMETERS.to_vec(),
            ),
            ("/v1/metrics/staffing", staffing::PARAMETERS.to_vec()),
            ("/v1/queues/{queue_id}/live", vec!["zone"]),
        ]);
        for view in &slices.views {
            known.insert(view.route.path, [&["as_of"], view.parameters].concat());
            let list = [&["limit", "cursor"], view.filters].concat();
            known.insert(view.route.list, list);
        }
        Self(known)
    }

    fn check(&self, pattern: &str, query: &str) -> Result<(), Problem> {
        let malformed = |detail: String| Problem::new(platform::PARAMETER_MALFORMED, detail);
        let asked = web::Query::<Vec<(String, String)>>::from_query(query);
        let asked = asked.map_err(|error| malformed(format!("query string: {error}")))?;
        let known = self.0.get(pattern).map_or(&[][..], Vec::as_slice);
        for (place, (name, _)) in asked.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let name = name.escape_debug();
                return Err(malformed(format!(
                    "`{name}` is not known here, {}",
                    these(known)
                )));
            }
            if asked.iter().take(place).any(|(before, _)| before == name) {
                return Err(malformed(format!("{name} is given twice")));
            }
        }
        Ok(())
    }
}

fn these(known: &[&str]) -> String {
    match known {
        [] => "where no parameters are".to_owned(),
        known => format!("but {}", known.join(", ")),
    }
}

/// Refuses a request that asks with what its route does not know.
pub(super) async fn known<B: MessageBody>(
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

#[cfg(test)]
mod tests {
    use super::Known;

    fn refusal(pattern: &str, query: &str) -> Option<String> {
        let known = Known::of(&crate::slices::all());
        let refused = known.check(pattern, query).err()?;
        Some(refused.to_string())
    }

    #[test]
    fn known_parameters_of_each_route_are_taken() {
        for (pattern, query) in [
            (
                "/v1/trades",
                "account=A&book=B&instrument=C&state=Booked&limit=1&cursor=x",
            ),
            ("/v1/trades/{trade_id}", "as_of=2026-01-05T15:30:00Z"),
            (
                "/v1/positions/{account}/{book}/{instrument}",
                "method=LIFO&mark=1&as_of=x",
            ),
            ("/v1/decisions/{decision_id}", "agent=ann"),
            ("/v1/metrics", "by=closed&within_s=20&as_of=x"),
            ("/v1/commands/{id}", ""),
        ] {
            assert_eq!(refusal(pattern, query), None, "{pattern}");
        }
    }

    #[test]
    fn unknown_parameter_is_refused_with_the_known_names() {
        let told = refusal("/v1/positions", "acount=A1").unwrap();
        assert!(
            told.ends_with(
                "`acount` is not known here, but limit, cursor, account, book, instrument, breaks"
            ),
            "{told}"
        );
        let told = refusal("/v1/commands/{id}", "breaks=true").unwrap();
        assert!(told.ends_with("where no parameters are"), "{told}");
        assert!(
            refusal("/v1/trades", "account=A&account=B")
                .unwrap()
                .ends_with("account is given twice")
        );
    }
}
