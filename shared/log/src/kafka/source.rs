//! Everything that readers of a process share.

use std::sync::Arc;

use kernel::Fault;
use kernel::port::{Pace, Reader};

use super::KafkaSettings;
use super::asks::Asks;
use super::consumer;
use super::copies::Carries;
use super::ends::Ends;
use super::fetch::Place;
use super::fetchers::Fetchers;
use super::look::Looks;
use super::reader::KafkaReader;
use super::tails::Tails;

pub(super) struct Source {
    /// For readers that are behind.
    pub(super) fetchers: Fetchers,
    pub(super) tails: Tails,
    pub(super) looks: Looks,
    ends: Arc<Asks<Ends>>,
}

impl Source {
    /// Nothing is connected before it is needed.
    pub(super) fn new(settings: &KafkaSettings) -> Self {
        let ends = Arc::new(Asks::new(consumer::asking(settings)));
        let looking = Fetchers::new("looks", consumer::looking(settings));
        Self {
            fetchers: Fetchers::new("fetch", consumer::catching_up(settings)),
            tails: Tails::new(consumer::waiting(settings)),
            looks: Looks::new(looking, Arc::clone(&ends)),
            ends,
        }
    }

    /// The offsets behind the last records of all partitions of a topic.
    pub(super) async fn ends_of(&self, topic: &Arc<str>) -> Result<Vec<i64>, Fault> {
        self.ends.ask(Ends::Of(Arc::clone(topic))).await
    }

    /// The offsets of the first records of all partitions of a topic.
    pub(super) async fn firsts_of(&self, topic: &Arc<str>) -> Result<Vec<i64>, Fault> {
        self.ends.ask(Ends::FirstsOf(Arc::clone(topic))).await
    }

    /// A reader for every partition of a topic.
    pub(super) async fn follow(
        self: &Arc<Self>,
        topic: Arc<str>,
        carries: Carries,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        let count = self.ends_of(&topic).await?.len();
        let reader = |partition| {
            let topic = Arc::clone(&topic);
            let place = Place {
                topic,
                partition,
                carries,
            };
            Box::new(KafkaReader::new(self, place, None, pace)) as Box<dyn Reader>
        };
        Ok((0..).take(count).map(reader).collect())
    }
}
