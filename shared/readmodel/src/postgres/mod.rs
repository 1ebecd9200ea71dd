//! On Postgres: durable, shared, and able to list.

mod lease;
mod read_model;
mod table;

pub use lease::SESSION;
pub use read_model::PostgresReadModel;
