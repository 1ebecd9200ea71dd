//! The ends of all topics that this process reads, each fetched once for all its readers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::config::ClientConfig;

use super::fetch::Place;
use super::fetchers::Fetchers;
use super::tail::Tail;

/// The tails of a process.
pub(super) struct Tails {
    fetchers: Arc<Fetchers>,
    tails: Mutex<HashMap<Place, Arc<Tail>>>,
}

impl Tails {
    /// `config` is that of their consumer, which is made when it is first needed.
    pub(super) fn new(config: ClientConfig) -> Self {
        Self {
            fetchers: Arc::new(Fetchers::new("tails", config)),
            tails: Mutex::default(),
        }
    }

    pub(super) fn of(&self, place: &Place) -> Arc<Tail> {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tails
            .entry(place.clone())
            .or_insert_with(|| Arc::new(Tail::new(Arc::clone(&self.fetchers), place.clone())));
        Arc::clone(tail)
    }
}
