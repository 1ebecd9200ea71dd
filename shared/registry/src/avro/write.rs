//! Avro values as JSON, in the order of the schema's fields: the same datum gives the same bytes in
//! every process, so that a command sent twice has one hash.

use std::collections::{BTreeMap, HashMap};

use apache_avro::Schema;
use apache_avro::schema::{DecimalSchema, Name, NamespaceRef, RecordSchema};
use apache_avro::types::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::{Decimal, Timestamp};

/// Writes one value after the other.
pub(super) struct Writer<'a> {
    names: &'a HashMap<Name, &'a Schema>,
    out: Vec<u8>,
}

/// JSON names its fields, Avro does not: some three times the bytes.
const GROWTH: usize = 3;

impl<'a> Writer<'a> {
    pub(super) fn new(names: &'a HashMap<Name, &'a Schema>, payload: usize) -> Self {
        Self {
            names,
            out: Vec::with_capacity(payload * GROWTH),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// # Errors
    /// The value has no form in JSON that means the same.
    pub(super) fn value(
        &mut self,
        schema: &Schema,
        value: &Value,
        within: NamespaceRef<'_>,
    ) -> Result<(), String> {
        match (schema, value) {
            (Schema::Ref { name }, _) => self.refer(&name.fully_qualified_name(within), value),
            (Schema::Union(union), Value::Union(branch, value)) => {
                let branch = union
                    .variants()
                    .get(*branch as usize)
                    .ok_or("no such branch")?;
                self.value(branch, value, within)
            }
            (Schema::Record(record), Value::Record(fields)) => self.record(record, fields, within),
            (Schema::Map(map), Value::Map(entries)) => self.map(&map.types, entries, within),
            (Schema::Array(array), Value::Array(items)) => self.array(&array.items, items, within),
            (_, value) => {
                self.out.extend_from_slice(plain(schema, value)?.as_bytes());
                Ok(())
            }
        }
    }

    fn refer(&mut self, name: &Name, value: &Value) -> Result<(), String> {
        let schema = self.names.get(name).copied();
        let schema = schema.ok_or_else(|| format!("{name} is not defined"))?;
        self.value(schema, value, name.namespace())
    }

    /// A null field is left out: Avro has no other way to say that it is absent.
    fn record(
        &mut self,
        record: &RecordSchema,
        values: &[(String, Value)],
        within: NamespaceRef<'_>,
    ) -> Result<(), String> {
        let name = record.name.fully_qualified_name(within);
        let present = record
            .fields
            .iter()
            .zip(values)
            .filter(|(_, (_, value))| !is_null(value));
        self.out.push(b'{');
        for (n, (field, (_, value))) in present.enumerate() {
            self.key(n, &field.name);
            let written = self.value(&field.schema, value, name.namespace());
            written.map_err(|detail| format!("{}: {detail}", field.name))?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn map(
        &mut self,
        schema: &Schema,
        entries: &HashMap<String, Value>,
        within: NamespaceRef<'_>,
    ) -> Result<(), String> {
        let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
        self.out.push(b'{');
        for (n, (key, value)) in sorted.into_iter().enumerate() {
            self.key(n, key);
            self.value(schema, value, within)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn array(
        &mut self,
        schema: &Schema,
        items: &[Value],
        within: NamespaceRef<'_>,
    ) -> Result<(), String> {
        self.out.push(b'[');
        for (n, item) in items.iter().enumerate() {
            self.comma(n);
            self.value(schema, item, within)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn key(&mut self, n: usize, key: &str) {
        self.comma(n);
        self.out.extend_from_slice(quoted(key).as_bytes());
        self.out.push(b':');
    }

    fn comma(&mut self, n: usize) {
        if n > 0 {
            self.out.push(b',');
        }
    }
}

fn is_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Union(_, value) => is_null(value),
        _ => false,
    }
}

/// A value without parts.
fn plain(schema: &Schema, value: &Value) -> Result<String, String> {
    Ok(match (schema, value) {
        (Schema::Null, Value::Null) => "null".to_owned(),
        (_, Value::Boolean(is)) => is.to_string(),
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::Long(number)) => number.to_string(),
        // As a float: as a double, 0.1 would become 0.10000000149011612.
        (_, Value::Float(number)) => {
            real(serde_json::Number::from_f64(f64::from(*number)), *number)?
        }
        (_, Value::Double(number)) => real(serde_json::Number::from_f64(*number), *number)?,
        (_, Value::String(text) | Value::Enum(_, text)) => quoted(text),
        (_, Value::Uuid(uuid)) => quoted(&uuid.to_string()),
        (_, Value::Bytes(bytes) | Value::Fixed(_, bytes)) => quoted(&STANDARD.encode(bytes)),
        (Schema::Decimal(schema), Value::Decimal(number)) => quoted(&decimal(schema, number)?),
        (_, Value::TimestampMillis(at)) => quoted(&instant(at.checked_mul(1_000))?),
        (_, Value::TimestampMicros(at)) => quoted(&instant(Some(*at))?),
        (_, Value::TimestampNanos(at)) => quoted(&instant(Some(at.div_euclid(1_000)))?),
        (_, Value::Date(days)) => quoted(&date(*days)?),
        (schema, _) => return Err(format!("{schema:?} is not read")),
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn real(number: Option<serde_json::Number>, written: impl ToString) -> Result<String, String> {
    number
        .map(|_| written.to_string())
        .ok_or_else(|| "not a finite number".to_owned())
}

fn decimal(schema: &DecimalSchema, number: &apache_avro::Decimal) -> Result<String, String> {
    let bytes = Vec::<u8>::try_from(number).map_err(|error| error.to_string())?;
    let decimal = u32::try_from(schema.scale)
        .ok()
        .and_then(|scale| Decimal::from_be_bytes(&bytes, scale));
    decimal
        .map(|decimal| decimal.to_string())
        .ok_or_else(|| "more than 77 digits".to_owned())
}

fn instant(micros: Option<i64>) -> Result<String, String> {
    let at = micros
        .map(Timestamp::from_micros)
        .filter(|at| Some(at.micros()) == micros);
    at.map(|at| at.to_string())
        .ok_or_else(|| "beyond the year 9999".to_owned())
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

fn date(days: i32) -> Result<String, String> {
    let midnight = instant(i64::from(days).checked_mul(MICROS_PER_DAY))?;
    Ok(midnight.split('T').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{date, instant};

    #[test]
    fn instants_and_dates_beyond_the_calendar_are_refused() {
        assert_eq!(
            instant(Some(1_381_132_800_688_000)).unwrap(),
            "2013-10-07T08:00:00.688Z"
        );
        assert!(instant(Some(i64::MAX)).is_err());
        assert!(instant(i64::MAX.checked_mul(1_000)).is_err());
        assert_eq!(date(15_985).unwrap(), "2013-10-07");
        assert_eq!(date(-1).unwrap(), "1969-12-31");
        assert!(date(i32::MAX).is_err());
    }
}
