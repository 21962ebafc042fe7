//! The statements of rooms that a user's calls have seen, in a sealed file: the highest policies, and the
//! approvals that admins have signed for this device.

use std::sync::atomic::{AtomicBool, Ordering};

use anteroom_client::{RoomMark, StatementChange, StatementStore, StatementStoreError};
use anteroom_console::environment::{self, Environment};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::sealed_file::{FileFormat, SealedFile};

const KIND: FileFormat = FileFormat {
    format: "anteroom statements 1",
    old: None,
    noun: "rooms' statements",
    key_name: "links.key",
    key_variable: environment::LINKS_KEY_FILE,
};
/// The maximum number of stored rooms. The least recently changed are dropped first.
const MOST_ROOMS: usize = 4096;

/// The file. It is sealed under the key of the user's links.
pub(crate) struct StatementFile {
    file: SealedFile,
    /// Whether a write error was reported to the user.
    has_failed: AtomicBool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// The rooms, the most recently changed last.
    rooms: Vec<Room>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Room {
    mark: String,
    statements: String,
}

impl StatementFile {
    pub(crate) fn of_user(environment: &Environment) -> anyhow::Result<Self> {
        let file = SealedFile::of_user(&KIND, "statements.sealed", None, environment)?;
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

    fn decode(&self, statements: &str) -> anyhow::Result<Vec<u8>> {
        STANDARD.decode(statements).map_err(|_| self.file.damaged())
    }

    fn try_update(&self, room: &RoomMark, change: &mut StatementChange<'_>) -> anyhow::Result<()> {
        let _lock = self.file.lock()?;
        let mut content = self.read()?;
        let mark = room.to_string();
        let known = content.rooms.iter().find(|known| known.mark == mark);
        let known = known.map(|known| self.decode(&known.statements));
        let known = known.transpose()?;
        let changed = change(known.as_deref())?;
        if known.is_some_and(|known| known == changed) {
            return Ok(());
        }
        content.rooms.retain(|known| known.mark != mark);
        content.rooms.push(Room {
            mark,
            statements: STANDARD.encode(changed),
        });
        let surplus = content.rooms.len().saturating_sub(MOST_ROOMS);
        content.rooms.drain(..surplus);
        self.file.write_json(&content)
    }
}

impl StatementStore for StatementFile {
    fn load(&self, room: &RoomMark) -> Result<Option<Vec<u8>>, StatementStoreError> {
        let failed = |error: anyhow::Error| StatementStoreError::new(format!("{error:#}"));
        let content = self.read().map_err(failed)?;
        let mark = room.to_string();
        let known = content.rooms.iter().find(|known| known.mark == mark);
        let known = known.map(|known| self.decode(&known.statements));
        known.transpose().map_err(failed)
    }

    fn update(&self, room: &RoomMark, change: &mut StatementChange<'_>) {
        match self.try_update(room, change) {
            Ok(()) => self.has_failed.store(false, Ordering::Relaxed),
            Err(error) => {
                if !self.has_failed.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "{error:#}: the room service could show an older policy of the room \
                         later, and an approval of this device is lost"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anteroom_client::MemoryStatements;
    use tempfile::TempDir;

    use super::*;

    fn file(directory: &TempDir) -> StatementFile {
        let at = |name| directory.path().join(name);
        StatementFile::new(SealedFile {
            path: at("statements.sealed"),
            key_path: at("links.key"),
            kind: &KIND,
            owner: None,
        })
    }

    fn mark(number: u8) -> RoomMark {
        RoomMark::from_bytes([number; 16])
    }

    #[test]
    fn each_room_has_its_statements_also_in_another_process() {
        let directory = TempDir::new().unwrap();
        let memory = MemoryStatements::default();
        for (room, bytes) in [(1, "one"), (2, "two"), (1, "three")] {
            let file = file(&directory);
            for store in [&file as &dyn StatementStore, &memory] {
                let before = store.load(&mark(room)).unwrap();
                store.update(&mark(room), &mut |known| {
                    assert_eq!(known, before.as_deref());
                    Ok(bytes.as_bytes().to_vec())
                });
            }
        }
        let file = file(&directory);
        for store in [&file as &dyn StatementStore, &memory] {
            for (room, expected) in [(1, Some("three")), (2, Some("two")), (3, None)] {
                let known = store.load(&mark(room)).unwrap();
                assert_eq!(known.as_deref(), expected.map(str::as_bytes));
            }
        }
        let sealed = fs::read(&file.file.path).unwrap();
        let text = mark(1).to_string();
        let shows = sealed
            .windows(text.len())
            .any(|part| part == text.as_bytes());
        assert!(!shows);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_is_not_replaced() {
        let directory = TempDir::new().unwrap();
        let file = file(&directory);
        file.update(&mark(1), &mut |_| Ok(vec![1]));
        let mut bytes = fs::read(&file.file.path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file.file.path, &bytes).unwrap();
        let shown = file.load(&mark(1)).unwrap_err().to_string();
        assert!(shown.contains("of your rooms' statements"), "{shown}");
        file.update(&mark(1), &mut |_| Ok(vec![2]));
        assert_eq!(fs::read(&file.file.path).unwrap(), bytes);
    }
}
