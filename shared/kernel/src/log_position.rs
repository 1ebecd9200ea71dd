//! Position tokens: a place in the events of one partition, as answers hand it out and callers demand
//! it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::topic::PartitionId;

/// Longest context name in a token, bytes; ours are plural nouns of a dozen.
const CONTEXT_MAX: usize = 64;

/// A place in one partition's events, written `<context>-<partition>:<log position>`.
///
/// A caller that presents it asks for an answer that has seen at least this log position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogPosition {
    context: Cow<'static, str>,
    /// Of the context.
    pub partition: u16,
    /// 1, 2, 3 … within the partition.
    pub log_position: u64,
}

impl LogPosition {
    /// The place of an event in a partition.
    #[must_use]
    pub fn new(partition_id: PartitionId, log_position: u64) -> Self {
        Self {
            context: Cow::Borrowed(partition_id.context),
            partition: partition_id.partition,
            log_position,
        }
    }

    /// The token's partition, when its context is one of these.
    #[must_use]
    pub fn partition_id(&self, contexts: &[&'static str]) -> Option<PartitionId> {
        let context = contexts.iter().find(|name| **name == self.context)?;
        Some(PartitionId {
            context,
            partition: self.partition,
        })
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}:{}",
            self.context, self.partition, self.log_position
        )
    }
}

/// The text is not `<context>-<partition>:<log position>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position token such as trades-3:1042")]
pub struct NotALogPosition;

impl FromStr for LogPosition {
    type Err = NotALogPosition;

    /// Takes only what [`Display`](fmt::Display) writes: one place has one token.
    fn from_str(text: &str) -> Result<Self, NotALogPosition> {
        let (partition_id, log_position) = text.rsplit_once(':').ok_or(NotALogPosition)?;
        let (context, partition) = partition_id.rsplit_once('-').ok_or(NotALogPosition)?;
        let named = !context.is_empty()
            && context.len() <= CONTEXT_MAX
            && context
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'));
        if !named {
            return Err(NotALogPosition);
        }
        Ok(Self {
            context: Cow::Owned(context.to_owned()),
            partition: canonical(partition)?,
            log_position: canonical(log_position)?,
        })
    }
}

/// A number without sign or leading zero.
fn canonical<N: FromStr + fmt::Display>(text: &str) -> Result<N, NotALogPosition> {
    let number: N = text.parse().map_err(|_| NotALogPosition)?;
    if number.to_string() == text {
        Ok(number)
    } else {
        Err(NotALogPosition)
    }
}

#[cfg(test)]
mod tests {
    use super::{LogPosition, PartitionId};
    use proptest::prelude::*;

    #[test]
    fn context_is_looked_up_among_the_known() {
        let token: LogPosition = "trades-3:1042".parse().unwrap();
        let partition_id = token.partition_id(&["positions", "trades"]).unwrap();
        assert_eq!(
            (partition_id.context, partition_id.partition),
            ("trades", 3)
        );
        assert_eq!(token.log_position, 1042);
        assert_eq!(token.partition_id(&["positions"]), None);
        assert_eq!(LogPosition::new(partition_id, 1042), token);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "trades",
            "trades-3",
            "trades:3",
            "-3:1",
            "trades-:1",
            "trades-3:",
            "trades-03:1",
            "trades-3:01",
            "trades-3:+1",
            "trades-65536:1",
            "trades-3:18446744073709551616",
            "Trades-3:1",
            "trades-3:1 ",
            "trades-3:1,trades-4:1",
        ] {
            assert!(text.parse::<LogPosition>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn token_survives_its_text(partition: u16, log_position: u64) {
            let token = LogPosition::new(PartitionId { context: "cash-ledgers", partition }, log_position);
            prop_assert_eq!(token.to_string().parse(), Ok(token));
        }

        #[test]
        fn what_parses_is_what_would_be_written(text in "[a-z-]{0,8}-?[0-9]{0,6}:?[0-9]{0,21}|.*") {
            if let Ok(token) = text.parse::<LogPosition>() {
                prop_assert_eq!(token.to_string(), text);
            }
        }
    }
}
