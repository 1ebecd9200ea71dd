//! The route table: every path that is served, with what is declared beside its rule.

use std::collections::{BTreeMap, BTreeSet};

use kernel::route::{
    AnsweredFrom, CallerRoute, CommandRoute, Parameter, PublicRoute, QuestionRoute, StreamRoute,
};
use kernel::{Permission, Timestamp};
use pipeline::{ContextSlice, Slices, ViewSlice};
use schemars::JsonSchema;

use crate::endpoint::Endpoint;
use crate::sessions::routes;
use crate::{live, outcomes, screens, signin};

/// Pages that are part of the binary and need no token.
pub const PAGES: &[PublicRoute] = &[
    PublicRoute::get("/openapi.json", "openapi", "this document"),
    PublicRoute::get(
        "/explorer/{file}*",
        "explorer",
        "a page to read this document and try its routes",
    ),
    PublicRoute::get(
        "/docs/errors/{code}",
        "error_page",
        "cause and remedy of a problem code",
    ),
];

/// What can be asked of every view's value.
pub(crate) const AS_OF: Parameter = Parameter::of::<AsOf>(
    "as_of",
    "the value as of an instant, or of a log position such as trades-2:17",
);

/// An instant.
pub(crate) const AS_OF_INSTANT: Parameter =
    Parameter::of::<Timestamp>("as_of", "the answer as of an instant of the past");

pub(crate) const LIMIT: Parameter =
    Parameter::of::<PageLimit>("limit", "values on the page; 50 when absent");
pub(crate) const CURSOR: Parameter = Parameter::of::<String>(
    "cursor",
    "where the page begins, as the page before says in `next`",
);

/// Of a filter that several views have.
const SHARED_FILTER: &str = "as in the lists of those views that have it";

/// An instant, or a log position.
#[derive(JsonSchema)]
#[schemars(transparent)]
pub(crate) struct AsOf(#[expect(dead_code, reason = "only its schema is used")] String);

#[derive(JsonSchema)]
#[schemars(transparent)]
pub(crate) struct PageLimit(
    #[expect(dead_code, reason = "only its schema is used")]
    #[schemars(range(min = 1, max = 200))]
    u32,
);

/// An endpoint that the table does not have, or a row without an endpoint.
#[derive(Debug, thiserror::Error)]
#[error("route table and endpoints differ at {0}")]
pub struct UnknownEndpoint(String);

/// Every route.
#[derive(Clone)]
pub struct Table {
    pub slices: Slices,
    pub questions: Vec<QuestionRoute>,
    /// Streams of changes.
    pub streams: Vec<StreamRoute>,
    /// About the caller alone.
    pub callers: Vec<CallerRoute>,
    /// Served without a token: health, screens, sign-in, and [`PAGES`].
    pub public: Vec<PublicRoute>,
}

impl Table {
    /// The routes of contexts and views, these questions, and the gateway's own.
    #[must_use]
    pub fn new(slices: Slices, questions: Vec<QuestionRoute>, public: &[PublicRoute]) -> Self {
        let questions = [vec![outcomes::ROUTE], questions].concat();
        Self {
            slices,
            questions,
            streams: vec![live::ROUTE],
            callers: vec![routes::SHOW, routes::END],
            public: [PAGES, screens::ROUTES, signin::ROUTES, public].concat(),
        }
    }

    pub fn commands(&self) -> impl Iterator<Item = (ContextSlice, CommandRoute)> {
        let contexts = self.slices.contexts.iter();
        contexts.flat_map(|context| context.commands.iter().map(|route| (*context, *route)))
    }

    pub fn views(&self) -> impl Iterator<Item = ViewSlice> {
        self.slices.views.iter().copied()
    }

    /// Every permission that a route declares.
    #[must_use]
    pub fn permissions(&self) -> BTreeSet<Permission> {
        let commands = self.commands().map(|(_, route)| route.allow);
        let views = self.views().map(|view| view.route.allow);
        let questions = self.questions.iter().map(|question| question.allow);
        commands.chain(views).chain(questions).collect()
    }

    /// Query parameters of each path; a path that is not there has none.
    pub(crate) fn parameters(&self) -> BTreeMap<&'static str, Vec<Parameter>> {
        let mut parameters = BTreeMap::new();
        for view in self.views() {
            parameters.insert(view.route.path, [&[AS_OF], view.parameters].concat());
            parameters.insert(view.route.list, [&[LIMIT, CURSOR], view.filters].concat());
        }
        for question in &self.questions {
            parameters.insert(question.path, parameters_of(question));
        }
        for public in &self.public {
            parameters.insert(public.path, public.parameters.to_vec());
        }
        for stream in &self.streams {
            parameters.insert(stream.path, self.parameters_of_stream(stream));
        }
        parameters
    }

    /// Its own, and the filters of every view; views that share a name read it each in their own way.
    pub(crate) fn parameters_of_stream(&self, stream: &StreamRoute) -> Vec<Parameter> {
        let mut parameters = stream.parameters.to_vec();
        for filter in self.views().flat_map(|view| view.filters) {
            let known = parameters
                .iter_mut()
                .find(|known| known.name == filter.name);
            match known {
                None => parameters.push(*filter),
                Some(known) => *known = Parameter::of::<String>(filter.name, SHARED_FILTER),
            }
        }
        parameters
    }

    /// # Errors
    /// A question has no endpoint, or an endpoint is of no question.
    pub(crate) fn check(
        &self,
        endpoints: &[std::sync::Arc<dyn Endpoint>],
    ) -> Result<(), UnknownEndpoint> {
        let served = endpoints.iter().map(|endpoint| endpoint.route().name);
        let served: BTreeSet<_> = served.chain([outcomes::ROUTE.name]).collect();
        let listed = self.questions.iter().map(|question| question.name);
        let listed: BTreeSet<_> = listed.collect();
        match served.symmetric_difference(&listed).next() {
            None => Ok(()),
            Some(name) => Err(UnknownEndpoint((*name).to_owned())),
        }
    }
}

/// Those of the question, and `as_of` where the past can be asked.
pub(crate) fn parameters_of(question: &QuestionRoute) -> Vec<Parameter> {
    let past: &[Parameter] = if question.as_of {
        &[AS_OF_INSTANT]
    } else {
        &[]
    };
    [past, question.parameters].concat()
}

/// How old an answer may be, in words of the documents.
pub(crate) fn freshness(from: AnsweredFrom) -> &'static str {
    match from {
        AnsweredFrom::LiveProjection => {
            "a fold of the events in memory; `Age` bounds how old it is"
        }
        AnsweredFrom::Calculation => "computed from the request alone",
        AnsweredFrom::Store => "read from the store",
        AnsweredFrom::Process => "what the process that answers knows of itself",
    }
}
