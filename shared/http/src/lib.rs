//! What every HTTP surface of the platform shares, whatever it serves.
//!
//! In: requests and the code table. Out: principals, raw bodies that are strict JSON, conditions
//! and pages of a request, and problems for all that is refused. It knows no context, opens no
//! connection and never takes a tenant from anywhere but a verified token.

pub mod connection;
pub mod edge;
pub mod limits;

pub mod auth;
pub mod body;
pub mod headers;
pub mod page;

pub mod problem;

pub mod json;
pub mod signature;
