//! The counters of messages that a user's calls have received, in a sealed file, so that a later process
//! detects messages that a room service repeats.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use anteroom_client::{DemuxId, EraMark, ReceivedCounters, ReplayStore, ReplayStoreError};
use anteroom_console::environment::{self, Environment};
use serde::{Deserialize, Serialize};

use crate::sealed_file::{FileFormat, SealedFile};

const KIND: FileFormat = FileFormat {
    format: "anteroom received 1",
    old: None,
    noun: "received messages",
    key_name: "links.key",
    key_variable: environment::LINKS_KEY_FILE,
};
/// The maximum number of stored eras. The least recently used are dropped first.
const MOST_ERAS: usize = 64;

/// The file. It is sealed under the key of the user's links.
pub(crate) struct ReplayCountersFile {
    file: SealedFile,
    /// Whether a write error was reported to the user.
    has_failed: AtomicBool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// The eras, the most recently used last.
    eras: Vec<Era>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Era {
    mark: String,
    /// The highest counter by demux id.
    counters: BTreeMap<u32, u64>,
}

impl ReplayCountersFile {
    pub(crate) fn of_user(environment: &Environment) -> anyhow::Result<Self> {
        let file = SealedFile::of_user(&KIND, "received.sealed", None, environment)?;
        Ok(Self::new(file))
    }

    const fn new(file: SealedFile) -> Self {
        Self {
            file,
            has_failed: AtomicBool::new(false),
        }
    }

    fn read(&self) -> anyhow::Result<Content> {
        Ok(self.file.read_json()?.unwrap_or_default())
    }

    fn try_raise(&self, mark: &EraMark, counters: &[(DemuxId, u64)]) -> anyhow::Result<()> {
        let _lock = self.file.lock()?;
        let mut content = self.read()?;
        let mark = mark.to_string();
        let known = content.eras.iter().position(|era| era.mark == mark);
        let mut era = match known {
            Some(index) => content.eras.remove(index),
            None => Era {
                mark,
                counters: BTreeMap::new(),
            },
        };
        for (sender, counter) in counters {
            let last = era.counters.entry(sender.number()).or_default();
            *last = (*last).max(*counter);
        }
        content.eras.push(era);
        let forgotten = content.eras.len().saturating_sub(MOST_ERAS);
        content.eras.drain(..forgotten);
        self.file.write_json(&content)
    }
}

impl ReplayStore for ReplayCountersFile {
    fn load(&self, mark: &EraMark) -> Result<ReceivedCounters, ReplayStoreError> {
        let content = self
            .read()
            .map_err(|error| ReplayStoreError::new(format!("{error:#}")))?;
        let mark = mark.to_string();
        let era = content.eras.into_iter().find(|era| era.mark == mark);
        let counters = era.map(|era| era.counters).unwrap_or_default();
        let parsed = counters
            .into_iter()
            .map(|(sender, counter)| Some((DemuxId::new(sender)?, counter)));
        parsed
            .collect::<Option<_>>()
            .ok_or_else(|| ReplayStoreError::new(self.file.damaged().to_string()))
    }

    fn raise(&self, mark: &EraMark, counters: &[(DemuxId, u64)]) {
        match self.try_raise(mark, counters) {
            Ok(()) => self.has_failed.store(false, Ordering::Relaxed),
            Err(error) => {
                if !self.has_failed.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "{error:#}: the room service could play messages of this call again later"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anteroom_client::{MemoryReplays, RoomsError};
    use tempfile::TempDir;

    use super::*;
    use anteroom_console::report::sentence;

    fn file(directory: &TempDir) -> ReplayCountersFile {
        let at = |name| directory.path().join(name);
        ReplayCountersFile::new(SealedFile {
            path: at("received.sealed"),
            key_path: at("links.key"),
            kind: &KIND,
            owner: None,
        })
    }

    fn sender(number: u32) -> DemuxId {
        DemuxId::new(number).unwrap()
    }

    #[test]
    fn counters_are_raised_and_never_lowered_also_by_another_process() {
        let directory = TempDir::new().unwrap();
        let mark = EraMark::from_bytes([7; 16]);
        let memory = MemoryReplays::default();
        for counters in [
            &[(sender(16), 5), (sender(32), 1)][..],
            &[(sender(16), 3), (sender(48), 9)],
        ] {
            let file = file(&directory);
            for store in [&file as &dyn ReplayStore, &memory] {
                store.raise(&mark, counters);
            }
        }
        let expected = [(sender(16), 5), (sender(32), 1), (sender(48), 9)];
        assert_eq!(file(&directory).load(&mark).unwrap(), expected);
        let mut remembered = memory.load(&mark).unwrap();
        remembered.sort();
        assert_eq!(remembered, expected);
        let other = EraMark::from_bytes([8; 16]);
        assert!(file(&directory).load(&other).unwrap().is_empty());
    }

    #[test]
    fn the_eras_heard_longest_ago_are_forgotten_first() {
        let directory = TempDir::new().unwrap();
        let file = file(&directory);
        let mark = |number: usize| EraMark::from_bytes([u8::try_from(number).unwrap(); 16]);
        for number in (0..MOST_ERAS).chain([0, MOST_ERAS]) {
            file.raise(&mark(number), &[(sender(16), 1)]);
        }
        for (number, is_known) in [(0, true), (1, false), (2, true), (MOST_ERAS, true)] {
            let counters = file.load(&mark(number)).unwrap();
            assert_eq!(!counters.is_empty(), is_known, "{number}");
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_that_says_what_to_do_and_is_not_replaced() {
        let directory = TempDir::new().unwrap();
        let file = file(&directory);
        let mark = EraMark::from_bytes([7; 16]);
        file.raise(&mark, &[(sender(16), 1)]);
        let mut bytes = fs::read(&file.file.path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file.file.path, &bytes).unwrap();
        let error = RoomsError::from(file.load(&mark).unwrap_err());
        let shown = sentence(&error.into());
        assert!(shown.contains("or remove the file"), "{shown}");
        file.raise(&mark, &[(sender(16), 2)]);
        assert_eq!(fs::read(&file.file.path).unwrap(), bytes);
    }
}
