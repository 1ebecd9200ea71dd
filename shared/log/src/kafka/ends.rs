//! Where partitions begin and end now, according to the brokers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::Fault;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::asks::{AskConsumer, Question};
use super::fault;

/// Longest wait for an answer of the cluster …
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// … when the topics are asked about one by one, because one of them has none.
const ALONE_WAIT: Duration = Duration::from_secs(1);
/// For how long the number of a topic's partitions is believed.
const COUNT_FOR: Duration = Duration::from_secs(30);

/// A question, and its answer.
pub(super) enum Ends {
    /// The offsets behind the last records of all partitions of a topic, from the first on.
    Of(Arc<str>),
    /// The offsets of the first records, likewise.
    FirstsOf(Arc<str>),
    /// The first offset of one partition, and the one behind its last record.
    Range(Arc<str>, i32),
}

/// How many partitions each topic has, and when that was asked.
#[derive(Default)]
pub(super) struct Counts(HashMap<Arc<str>, (i32, Instant)>);

/// Partitions by their topics …
type Partitions = BTreeMap<Arc<str>, BTreeSet<i32>>;
/// … and an offset of each.
type Offsets = HashMap<Arc<str>, KafkaResult<BTreeMap<i32, i64>>>;

impl Question for Ends {
    type Answer = Vec<i64>;
    type Memory = Counts;
    const NAME: &'static str = "ends";

    fn answer(
        consumer: &AskConsumer,
        counts: &mut Counts,
        asked: Vec<Self>,
    ) -> Vec<Result<Vec<i64>, Fault>> {
        let (mut firsts, mut ends) = (Partitions::new(), Partitions::new());
        let mut uncounted = Offsets::new();
        for question in &asked {
            match question {
                Self::Of(topic) | Self::FirstsOf(topic) => {
                    let wanted = match question {
                        Self::FirstsOf(_) => &mut firsts,
                        _ => &mut ends,
                    };
                    match counts.of(consumer, topic) {
                        Ok(count) => {
                            wanted
                                .entry(Arc::clone(topic))
                                .or_default()
                                .extend(0..count);
                        }
                        Err(error) => drop(uncounted.insert(Arc::clone(topic), Err(error))),
                    }
                }
                Self::Range(topic, partition) => {
                    for wanted in [&mut firsts, &mut ends] {
                        wanted
                            .entry(Arc::clone(topic))
                            .or_default()
                            .insert(*partition);
                    }
                }
            }
        }
        let firsts = offsets(consumer, &firsts, Offset::Beginning);
        let ends = offsets(consumer, &ends, Offset::End);
        let given = asked.iter().map(|question| {
            let given = match question {
                Self::Of(topic) | Self::FirstsOf(topic) if uncounted.contains_key(topic) => {
                    all(&uncounted, topic)
                }
                Self::Of(topic) => all(&ends, topic),
                Self::FirstsOf(topic) => all(&firsts, topic),
                Self::Range(topic, partition) => one(&firsts, topic, *partition)
                    .and_then(|first| Ok(vec![first, one(&ends, topic, *partition)?])),
            };
            given.map_err(|error| fault(question.attempt(), error))
        });
        given.collect()
    }
}

impl Ends {
    fn attempt(&self) -> String {
        match self {
            Self::Of(topic) => format!("ask for the ends of {topic}"),
            Self::FirstsOf(topic) => format!("ask for the beginnings of {topic}"),
            Self::Range(topic, partition) => format!("ask for the ends of {topic}/{partition}"),
        }
    }
}

fn all(offsets: &Offsets, topic: &Arc<str>) -> KafkaResult<Vec<i64>> {
    let offsets = offsets.get(topic).cloned().unwrap_or(Err(UNKNOWN))?;
    Ok(offsets.into_values().collect())
}

fn one(offsets: &Offsets, topic: &Arc<str>, partition: i32) -> KafkaResult<i64> {
    let offsets = offsets.get(topic).cloned().unwrap_or(Err(UNKNOWN))?;
    offsets.get(&partition).copied().ok_or(UNKNOWN)
}

const UNKNOWN: KafkaError = KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition);

/// By one question to each broker for all topics; if that fails, by one for each topic.
fn offsets(consumer: &AskConsumer, wanted: &Partitions, which: Offset) -> Offsets {
    match ask(consumer, wanted, which, ANSWER_WAIT) {
        Ok(offsets) => offsets
            .into_iter()
            .map(|(topic, offsets)| (topic, Ok(offsets)))
            .collect(),
        Err(error) if wanted.len() == 1 => {
            let topics = wanted.keys().cloned();
            topics.map(|topic| (topic, Err(error.clone()))).collect()
        }
        Err(_) => {
            let alone = |(topic, partitions): (&Arc<str>, &BTreeSet<i32>)| {
                let wanted = BTreeMap::from([(Arc::clone(topic), partitions.clone())]);
                let asked = ask(consumer, &wanted, which, ALONE_WAIT);
                let offsets = asked.map(|mut offsets| offsets.remove(topic).unwrap_or_default());
                (Arc::clone(topic), offsets)
            };
            wanted.iter().map(alone).collect()
        }
    }
}

fn ask(
    consumer: &AskConsumer,
    wanted: &Partitions,
    which: Offset,
    wait: Duration,
) -> KafkaResult<HashMap<Arc<str>, BTreeMap<i32, i64>>> {
    let mut offsets = HashMap::new();
    if wanted.is_empty() {
        return Ok(offsets);
    }
    let mut list = TopicPartitionList::new();
    for (topic, partitions) in wanted {
        for partition in partitions {
            list.add_partition_offset(topic, *partition, which)?;
        }
    }
    // In the place of a time librdkafka takes the beginning and the end as well.
    let answer = consumer.offsets_for_times(list, wait)?;
    for (topic, partitions) in wanted {
        let mut of_topic = BTreeMap::new();
        for partition in partitions {
            let element = answer.find_partition(topic, *partition).ok_or(UNKNOWN)?;
            element.error()?;
            let Offset::Offset(offset) = element.offset() else {
                return Err(UNKNOWN);
            };
            of_topic.insert(*partition, offset);
        }
        offsets.insert(Arc::clone(topic), of_topic);
    }
    Ok(offsets)
}

impl Counts {
    fn of(&mut self, consumer: &AskConsumer, topic: &Arc<str>) -> KafkaResult<i32> {
        if let Some((count, asked_at)) = self.0.get(topic)
            && asked_at.elapsed() < COUNT_FOR
        {
            return Ok(*count);
        }
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WAIT)?;
        let found = metadata.topics().first();
        let count = found.map_or(0, |topic| topic.partitions().len());
        let count = i32::try_from(count).ok().filter(|count| *count > 0);
        let count = count.ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopic))?;
        self.0.insert(Arc::clone(topic), (count, Instant::now()));
        Ok(count)
    }
}
