//! Storage for the statements of rooms beyond the life of a process.

use std::{collections::HashMap, fmt};

use anteroom_e2ee::AdminPublicKey;
use anteroom_protocol::RoomId;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::StatementStoreError;

const LABEL: &[u8] = b"Anteroom_20261127_KeptStatements_RoomMark";
const MARK_LENGTH: usize = 16;

/// The key of a room in a [`StatementStore`]: a hash of the room and of its admin key, which reveals neither.
/// A link in which somebody has changed the admin key leads to another mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomMark([u8; MARK_LENGTH]);

impl RoomMark {
    /// Creates a mark from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; MARK_LENGTH]) -> Self {
        Self(bytes)
    }

    pub(super) fn of(room: &RoomId, admin: &AdminPublicKey) -> Self {
        let hash = Sha256::new()
            .chain_update(LABEL)
            .chain_update(room.as_bytes())
            .chain_update(admin.as_bytes())
            .finalize();
        let mut mark = [0; MARK_LENGTH];
        mark.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(mark)
    }
}

/// Formats 32 hex digits.
impl fmt::Display for RoomMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A change of what is stored of a room: takes the stored bytes, and returns those to store.
pub type StatementChange<'c> =
    dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>, StatementStoreError> + 'c;

/// Stores the statements of rooms. The bytes show the user's id in the room and should be sealed.
///
/// The methods run on a thread of the async runtime: they may take as long as writing a small file.
pub trait StatementStore: Send + Sync {
    /// Returns what is stored of a room; `None` if nothing is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn load(&self, room: &RoomMark) -> Result<Option<Vec<u8>>, StatementStoreError>;

    /// Changes what is stored of a room. Holds a lock from before `change` gets the bytes until its result is
    /// written. Returns no error: a store that cannot write reports that to its user itself, and the call
    /// continues.
    fn update(&self, room: &RoomMark, change: &mut StatementChange<'_>);
}

/// A store that ends with the process.
#[derive(Default)]
pub struct MemoryStatements(Mutex<HashMap<RoomMark, Vec<u8>>>);

impl StatementStore for MemoryStatements {
    fn load(&self, room: &RoomMark) -> Result<Option<Vec<u8>>, StatementStoreError> {
        Ok(self.0.lock().get(room).cloned())
    }

    fn update(&self, room: &RoomMark, change: &mut StatementChange<'_>) {
        let mut rooms = self.0.lock();
        // The stored bytes all come from `change`.
        if let Ok(bytes) = change(rooms.get(room).map(Vec::as_slice)) {
            rooms.insert(*room, bytes);
        }
    }
}
