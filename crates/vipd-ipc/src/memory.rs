//! A worker's memory for its successor, kept by the parent: values by key that the parent does not read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values by key. Bounded: a worker must not be able to fill the memory of its parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    values: BTreeMap<String, Vec<u8>>,
    /// Bytes of all keys and values.
    size: usize,
}

/// The value was not remembered: the memory is full, or it is longer than any value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker may ask its parent to remember {MAX_SIZE} bytes at most")]
pub struct MemoryFull;

impl Memory {
    /// Remembers a value in place of an earlier one, or forgets it.
    ///
    /// # Errors
    /// There is no room: the earlier value stays.
    pub fn note(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), MemoryFull> {
        let before = self.values.get(&key).map_or(0, |value| room(&key, value));
        let after = value.as_ref().map_or(0, |value| room(&key, value));
        let size = self.size - before + after;
        if after > before && size > MAX_SIZE {
            return Err(MemoryFull);
        }
        self.size = size;
        match value {
            Some(value) => _ = self.values.insert(key, value),
            None => _ = self.values.remove(&key),
        }
        Ok(())
    }

    /// The value under a key.
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.values.get(key).map(Vec::as_slice)
    }

    /// Every key and its value, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_slice()))
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Bytes that a value counts for: itself, its key, and the map's share.
fn room(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + OVERHEAD
}

const OVERHEAD: usize = 64;

/// Bytes of one worker: some hundred for each of 100,000 routers.
const MAX_SIZE: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts_until_it_is_forgotten() {
        let mut memory = Memory::default();
        memory.note("a".to_owned(), Some(vec![1])).unwrap();
        memory.note("b".to_owned(), Some(vec![2])).unwrap();
        memory.note("a".to_owned(), Some(vec![3, 4])).unwrap();
        memory.note("c".to_owned(), None).unwrap();
        assert_eq!(memory.iter().collect::<Vec<_>>(), [("a", &[3, 4][..]), ("b", &[2])]);
        assert_eq!(memory.value("a"), Some(&[3, 4][..]));
        memory.note("a".to_owned(), None).unwrap();
        memory.note("b".to_owned(), None).unwrap();
        assert_eq!(memory, Memory::default());
    }

    #[test]
    fn a_worker_cannot_fill_the_memory_of_its_parent_and_can_always_forget() {
        let mut memory = Memory::default();
        memory.note("most".to_owned(), Some(vec![0; MAX_SIZE - 1000])).unwrap();
        assert_eq!(memory.note("more".to_owned(), Some(vec![0; 1000])), Err(MemoryFull));
        assert_eq!(memory.value("more"), None);
        let many = (0..100_000).filter(|n| memory.note(format!("{n}"), Some(Vec::new())).is_ok());
        assert!(many.count() < 1000 / OVERHEAD);
        memory.note("most".to_owned(), None).unwrap();
        assert_eq!(memory.note("more".to_owned(), Some(vec![0; 1000])), Ok(()));
    }
}
