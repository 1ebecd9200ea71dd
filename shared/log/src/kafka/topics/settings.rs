//! What a topic must be set to, whatever the brokers' own defaults are.

use std::collections::BTreeMap;

use kernel::topic;
use rdkafka::admin::{ConfigEntry, ConfigSource};

/// The command log is the input of everything, and events are what a rebuild reads: nothing of them is
/// ever deleted, by age, by size or for a newer record of the key.
const KEPT: [(&str, &str); 3] = [
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("cleanup.policy", "delete"),
];
/// A command's time is the log's where its sender names none: no producer can choose it.
const DATED_BY_THE_LOG: (&str, &str) = ("message.timestamp.type", "LogAppendTime");

/// A topic of ours.
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) is_of_commands: bool,
}

/// The topics of some contexts.
pub(super) fn of(prefix: &str, contexts: &[&str]) -> Vec<Topic> {
    let mut topics = Vec::new();
    for context in contexts {
        let others = [
            topic::events(prefix, context),
            topic::outcomes(prefix, context),
        ];
        topics.push(Topic {
            name: topic::commands(prefix, context),
            is_of_commands: true,
        });
        topics.extend(others.map(|name| Topic {
            name,
            is_of_commands: false,
        }));
    }
    topics
}

impl Topic {
    /// What it must be set to.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let dated = self.is_of_commands.then_some(DATED_BY_THE_LOG);
        KEPT.into_iter().chain(dated)
    }

    /// What is otherwise, with what it is.
    pub(super) fn differs<'e>(
        &self,
        entries: &'e [ConfigEntry],
    ) -> Vec<(&'static str, &'static str, &'e str)> {
        let found = |name: &str| {
            let entry = entries.iter().find(|entry| entry.name == name);
            entry.and_then(|entry| entry.value.as_deref())
        };
        let wanted = self.wanted();
        let differing = wanted.map(|(name, wanted)| (name, wanted, found(name).unwrap_or("unset")));
        differing
            .filter(|(_, wanted, found)| wanted != found)
            .collect()
    }

    /// All settings the topic should have of its own: those it has, and those it must have. None when it
    /// has these already, set for this topic and not merely as its broker happens to be set.
    pub(super) fn corrected<'e>(
        &self,
        entries: &'e [ConfigEntry],
    ) -> Option<BTreeMap<&'e str, &'e str>> {
        let own = entries
            .iter()
            .filter(|entry| entry.source == ConfigSource::DynamicTopic);
        let own = own.filter_map(|entry| Some((&*entry.name, entry.value.as_deref()?)));
        let mut settings: BTreeMap<&str, &str> = own.collect();
        let mut is_changed = false;
        for (name, wanted) in self.wanted() {
            is_changed |= settings.insert(name, wanted) != Some(wanted);
        }
        is_changed.then_some(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: &str, source: ConfigSource) -> ConfigEntry {
        ConfigEntry {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            is_default: source == ConfigSource::Default,
            source,
            is_read_only: false,
            is_sensitive: false,
        }
    }

    fn topics() -> Vec<Topic> {
        of("staging.", &["trades"])
    }

    #[test]
    fn every_context_has_topics_of_commands_events_and_outcomes() {
        let names: Vec<_> = topics().into_iter().map(|topic| topic.name).collect();
        let expected = ["commands", "events", "outcomes"].map(|of| format!("staging.trades-{of}"));
        assert_eq!(names, expected);
    }

    #[test]
    fn what_a_topic_has_of_its_own_is_sent_along_with_what_it_must_have() {
        let entries = [
            entry("retention.ms", "604800000", ConfigSource::DynamicTopic),
            entry("segment.bytes", "1048576", ConfigSource::DynamicTopic),
            // The broker's are left to the broker.
            entry("retention.bytes", "-1", ConfigSource::StaticBroker),
            entry("max.message.bytes", "1000012", ConfigSource::Default),
            entry("cleanup.policy", "delete", ConfigSource::Default),
        ];
        let events = &topics()[1];
        let corrected = BTreeMap::from([
            ("cleanup.policy", "delete"),
            ("retention.bytes", "-1"),
            ("retention.ms", "-1"),
            ("segment.bytes", "1048576"),
        ]);
        assert_eq!(events.corrected(&entries), Some(corrected));
        let differs = [("retention.ms", "-1", "604800000")];
        assert_eq!(events.differs(&entries), differs);
    }

    #[test]
    fn topic_that_is_set_right_is_left_alone() {
        let commands = &topics()[0];
        let own = |(name, value)| entry(name, value, ConfigSource::DynamicTopic);
        let entries: Vec<_> = commands.wanted().map(own).collect();
        assert_eq!(commands.corrected(&entries), None);
        assert_eq!(commands.differs(&entries), []);
        let dated = commands.differs(&entries[..3]);
        assert_eq!(
            dated,
            [("message.timestamp.type", "LogAppendTime", "unset")]
        );
    }
}
