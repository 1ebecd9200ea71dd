//! What a schema may cost, regardless of who registered it.
//!
//! A datum is bounded by the size of its record, but a schema can make much of little: a record of
//! two records of two records … needs no bytes at all, an array of nulls none for each.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, NamespaceRef};

/// Fields of a schema once every reference is followed: a hundred times those of our widest command.
const NODES_MAX: u64 = 10_000;

/// What a value of a schema costs.
#[derive(Clone, Copy)]
struct Cost {
    /// Values within it, unions counted with all their branches.
    nodes: u64,
    /// The least it takes on the wire.
    bytes_min: u64,
}

type Names<'a> = HashMap<Name, &'a Schema>;

/// # Errors
/// The schema refers to itself, is too large, or has lists whose items take no bytes.
pub(super) fn check(schema: &Schema, names: &Names<'_>) -> Result<(), String> {
    let mut scale = Scale {
        names,
        known: HashMap::new(),
    };
    let cost = scale.weigh(schema, None)?;
    if cost.nodes > NODES_MAX {
        return Err(format!(
            "{} fields with all references, at most {NODES_MAX}",
            cost.nodes
        ));
    }
    Ok(())
}

struct Scale<'a> {
    names: &'a Names<'a>,
    /// Schemas met by their name; without a cost while they are being weighed.
    known: HashMap<Name, Option<Cost>>,
}

impl Scale<'_> {
    fn weigh(&mut self, schema: &Schema, within: NamespaceRef<'_>) -> Result<Cost, String> {
        let leaf = |bytes_min| {
            Ok(Cost {
                nodes: 1,
                bytes_min,
            })
        };
        match schema {
            Schema::Null => leaf(0),
            Schema::Fixed(fixed) => leaf(fixed.size as u64),
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Fixed(fixed) => leaf(fixed.size as u64),
                InnerDecimalSchema::Bytes => leaf(1),
            },
            Schema::Float => leaf(4),
            Schema::Double => leaf(8),
            Schema::Array(array) => self.list(&array.items, 0, within),
            // Each entry has a key.
            Schema::Map(map) => self.list(&map.types, 1, within),
            Schema::Union(union) => self.all(union.variants(), within, 1),
            Schema::Record(record) => {
                let name = record.name.fully_qualified_name(within).into_owned();
                self.known.insert(name.clone(), None);
                let cost = self.all(
                    record.fields.iter().map(|field| &field.schema),
                    name.namespace(),
                    0,
                )?;
                self.known.insert(name, Some(cost));
                Ok(cost)
            }
            Schema::Ref { name } => self.refer(&name.fully_qualified_name(within)),
            _ => leaf(1),
        }
    }

    fn list(&mut self, items: &Schema, key: u64, within: NamespaceRef<'_>) -> Result<Cost, String> {
        let item = self.weigh(items, within)?;
        if item.bytes_min + key == 0 {
            return Err("a list whose items take no bytes could be of any length".to_owned());
        }
        Ok(Cost {
            nodes: item.nodes.saturating_add(1),
            bytes_min: 1,
        })
    }

    /// A record, all of whose fields are there, or a union, of whose branches one is.
    fn all<'s>(
        &mut self,
        parts: impl IntoIterator<Item = &'s Schema>,
        within: NamespaceRef<'_>,
        tag: u64,
    ) -> Result<Cost, String> {
        let mut sum = Cost {
            nodes: 1,
            bytes_min: tag,
        };
        for part in parts {
            let cost = self.weigh(part, within)?;
            sum.nodes = sum.nodes.saturating_add(cost.nodes);
            if tag == 0 {
                sum.bytes_min = sum.bytes_min.saturating_add(cost.bytes_min);
            }
        }
        Ok(sum)
    }

    fn refer(&mut self, name: &Name) -> Result<Cost, String> {
        match self.known.get(name) {
            Some(Some(cost)) => Ok(*cost),
            Some(None) => Err(format!("{name} refers to itself")),
            None => match self.names.get(name).copied() {
                Some(schema) => self.weigh(schema, name.namespace()),
                None => Err(format!("{name} is not defined")),
            },
        }
    }
}
