//! Names and keys on the log, spelled once.

use std::fmt;
use std::sync::Arc;

use crate::id::{AggregateId, Tenant};
use crate::label::BadLabel;

/// One partition of one context: the unit of order, ownership and gap-free log positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    /// [`Context::NAME`](crate::Context::NAME).
    pub context: &'static str,
    /// From 0.
    pub partition: u16,
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.context, self.partition)
    }
}

/// `{prefix}{context}-commands`.
#[must_use]
pub fn commands(prefix: &str, context: &str) -> String {
    format!("{prefix}{context}-commands")
}

/// `{prefix}{context}-events`.
#[must_use]
pub fn events(prefix: &str, context: &str) -> String {
    format!("{prefix}{context}-events")
}

/// `{prefix}{context}-outcomes`.
#[must_use]
pub fn outcomes(prefix: &str, context: &str) -> String {
    format!("{prefix}{context}-outcomes")
}

/// The record key: `{tenant}/{aggregate_id}`.
#[must_use]
pub fn key(tenant: &Tenant, aggregate: &AggregateId) -> Arc<str> {
    let (tenant, aggregate) = (tenant.as_str(), aggregate.as_str());
    [tenant, "/", aggregate].concat().into()
}

/// Takes a record key apart.
///
/// # Errors
/// [`BadLabel`] when either part is missing or not a label.
pub fn split_key(key: &str) -> Result<(Tenant, AggregateId), BadLabel> {
    let (tenant, aggregate) = key.split_once('/').unwrap_or((key, ""));
    Ok((Tenant::new(tenant)?, AggregateId::new(aggregate)?))
}

/// The partition a key belongs to: Java's murmur2, as every Kafka client's default partitioner
/// computes it, so that a producer in any language puts a key where we expect it.
#[must_use]
pub fn partition_of(key: &[u8], partitions: u16) -> u16 {
    let positive = murmur2(key) & 0x7fff_ffff;
    u16::try_from(positive % u32::from(partitions.max(1))).expect("below a u16 modulus")
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c_u32 ^ length;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    for (place, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::{murmur2, split_key};

    /// Vectors of Apache Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn murmur2_agrees_with_kafka() {
        let cases: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
        ];
        for (data, hash) in cases {
            assert_eq!(murmur2(data).cast_signed(), hash, "{data:?}");
        }
    }

    #[test]
    fn key_splits_at_the_first_slash() {
        let (tenant, aggregate) = split_key("demo/ACC-1/AGENCY/IBM").unwrap();
        assert_eq!(
            (tenant.as_str(), aggregate.as_str()),
            ("demo", "ACC-1/AGENCY/IBM")
        );
        assert!(split_key("demo").is_err());
    }
}
