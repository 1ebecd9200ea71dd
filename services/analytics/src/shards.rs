//! Maps that are cheap to copy: a copy shares every shard with the original until one of both changes it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

/// Shards of a map. A copy counts one up for each; the first change of a shard after a copy clones one
/// part in so many of the map.
const SHARDS: usize = 1_024;

#[derive(Clone, Debug)]
pub(crate) struct Shards<K, V>(Vec<Arc<HashMap<K, V>>>);

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        // One empty shard for all of them: the first change of each clones it.
        Self(std::iter::repeat_n(Arc::default(), SHARDS).collect())
    }
}

impl<K, V> Shards<K, V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().flat_map(|shard| shard.iter())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Shards<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0[shard_of(key)].get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let shard = &mut self.0[shard_of(key)];
        // What is not there does not change the shard.
        if !shard.contains_key(key) {
            return None;
        }
        Arc::make_mut(shard).get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        Arc::make_mut(&mut self.0[shard_of(&key)]).insert(key, value);
    }

    pub(crate) fn remove(&mut self, key: &K) {
        let shard = &mut self.0[shard_of(key)];
        if shard.contains_key(key) {
            Arc::make_mut(shard).remove(key);
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> FromIterator<(K, V)> for Shards<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut shards = Self::default();
        for (key, value) in all {
            shards.insert(key, value);
        }
        shards
    }
}

fn shard_of(key: &impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or(0)
}
