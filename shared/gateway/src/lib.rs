//! The gateway: HTTP in front of acceptor and query, the same for every context.
//!
//! In: the route table, the pipeline's ports, and what contexts add to a request. Out: the server, and
//! the OpenAPI document of what it serves. It knows no context, no database and no broker.

mod access;
mod gateway;
mod limits;
mod server;
mod table;

mod sessions;
mod signin;

mod commands;
mod keys;

mod lists;
mod live;
mod outcomes;
mod views;

mod endpoint;
mod projection;

mod admission;
mod edited;
mod extension;

mod faults;
mod known;

mod explorer;
mod openapi;
mod page;
mod reference;
mod screens;

pub use access::{Gate, describe_metrics, matrix_page};
pub use admission::{Addressed, Admission, Admitted};
pub use edited::edited;
pub use endpoint::{Call, Endpoint, Pending, Reading, Watchable};
pub use extension::ViewExtension;
pub use faults::Bodies;
pub use gateway::{Gateway, Recent};
pub use limits::{Limiter, LimiterPorts, Quotas};
pub use live::Answers;
pub use openapi::document;
pub use page::routes_page;
pub use projection::{OfCalculation, OfProjection, age, aged, no_answer, unanswerable};
pub use server::{Server, serve, server};
pub use sessions::{BrowserSessions, SessionLimits, SessionPorts};
pub use signin::{Person, SignIn, describe_metrics as describe_sign_in_metrics, is_local};
pub use table::{PAGES, Table, UnknownEndpoint};
pub use views::{bad_parameter, refused};
