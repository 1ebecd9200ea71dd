//! A line of the log as JSON, and as text.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer as _};
use serde_json::Serializer;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Fields of a line that came through the `log` crate; they hold where a library's source was built.
const BRIDGED: &str = "log.";

/// One object per line. An error is in it with all its causes, which the library's own format
/// leaves out.
pub(crate) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut now = String::new();
        SystemTime.format_time(&mut Writer::new(&mut now))?;
        let line = object(event, &now).map_err(|_| fmt::Error)?;
        let line = std::str::from_utf8(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn object(event: &Event<'_>, now: &str) -> serde_json::Result<Vec<u8>> {
    let library = event.normalized_metadata();
    let metadata = library.as_ref().unwrap_or_else(|| event.metadata());
    let mut line = Vec::new();
    let mut serializer = Serializer::new(&mut line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", now)?;
    map.serialize_entry("level", metadata.level().as_str())?;
    let mut members = Members { map, failed: None };
    event.record(&mut members);
    let Members { mut map, failed } = members;
    if let Some(error) = failed {
        return Err(error);
    }
    map.serialize_entry("target", metadata.target())?;
    map.end()?;
    Ok(line)
}

struct Members<M: SerializeMap> {
    map: M,
    failed: Option<M::Error>,
}

impl<M: SerializeMap> Members<M> {
    fn add(&mut self, field: &Field, value: &(impl Serialize + ?Sized)) {
        if self.failed.is_none() && !field.name().starts_with(BRIDGED) {
            self.failed = self.map.serialize_entry(field.name(), value).err();
        }
    }
}

impl<M: SerializeMap> Visit for Members<M> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, &Chain(value).to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

/// An error and its causes, outermost first. Some print their cause themselves: it is not repeated.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !last.ends_with(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}

/// A line as text, such as `checkpoint failed, will try again error=disk full`.
pub(crate) fn text(event: &Event<'_>) -> String {
    let mut text = Text(String::new());
    event.record(&mut text);
    text.0
}

/// The message alone.
pub(crate) fn message(event: &Event<'_>) -> String {
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0
}

const MESSAGE: &str = "message";

struct Text(String);

impl Text {
    fn add(&mut self, field: &Field, value: impl fmt::Display) {
        let name = field.name();
        if name.starts_with(BRIDGED) {
            return;
        }
        let written = match (name, self.0.is_empty()) {
            (MESSAGE, true) => write!(self.0, "{value}"),
            (MESSAGE, false) => write!(self.0, " {value}"),
            (_, true) => write!(self.0, "{name}={value}"),
            (_, false) => write!(self.0, " {name}={value}"),
        };
        written.expect("a text takes what is written to it");
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, Chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == MESSAGE {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == MESSAGE {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests;
