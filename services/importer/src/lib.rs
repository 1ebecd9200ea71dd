//! The importer: trades of a file, through the command path of a running gateway.
//!
//! In: CSV, JSON Lines or Parquet in the forms that brokers and spreadsheets write. Out: bookings and
//! fills over HTTP, and a file of the rows that were refused. It opens no database and no broker.

mod import;

mod api;
mod column;
mod instant;
mod layout;
mod number;
mod options;
mod order;
mod outline;
mod persist;
mod rejects;
mod row;
mod send;
mod settle;
mod shown;
mod side;
mod source;
mod summary;

pub use import::{Import, LocalToken};
