//! The rooms with a client, at this node.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
};

use anteroom_store::OpaqueRoomId;
use tokio::sync::Mutex;

use super::handle::CallHandle;

/// The call of a room, if it has one. It is locked while the room's task starts or ends.
pub(super) type RoomEntry = Arc<Mutex<Option<CallHandle>>>;

/// The entries of the rooms.
#[derive(Default)]
pub(super) struct RoomEntries(SyncMutex<HashMap<OpaqueRoomId, RoomEntry>>);

impl RoomEntries {
    /// Returns the entry of the room. Adds one without a call if there is none.
    pub(super) fn entry(&self, room: &OpaqueRoomId) -> RoomEntry {
        Arc::clone(self.locked().entry(room.clone()).or_default())
    }

    pub(super) fn get(&self, room: &OpaqueRoomId) -> Option<RoomEntry> {
        self.locked().get(room).map(Arc::clone)
    }

    pub(super) fn all(&self) -> Vec<RoomEntry> {
        self.locked().values().map(Arc::clone).collect()
    }

    /// Drops the entries of rooms that have no call and no user.
    pub(super) fn remove_finished(&self) {
        self.locked().retain(|_, entry| {
            let used = Arc::strong_count(entry) > 1;
            used || entry.try_lock().map_or(true, |call| call.is_some())
        });
    }

    /// Drops the entry of a room without a call, unless another task uses it.
    pub(super) fn forget(&self, room: &OpaqueRoomId, entry: &RoomEntry) {
        let mut entries = self.locked();
        // The map holds one reference, and the caller another.
        let unused = Arc::strong_count(entry) <= 2;
        if unused && entry.try_lock().is_ok_and(|call| call.is_none()) {
            entries.remove(room);
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<OpaqueRoomId, RoomEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_go_with_their_last_user() {
        let rooms = RoomEntries::default();
        let room = OpaqueRoomId::parse("ab").unwrap();
        let (entry, other) = (rooms.entry(&room), rooms.entry(&room));
        // Another task is about to use the entry. Without it, that task would start a second call
        // beside the first.
        rooms.forget(&room, &entry);
        rooms.remove_finished();
        assert!(Arc::ptr_eq(&entry, &rooms.entry(&room)));
        drop(other);
        rooms.remove_finished();
        assert_eq!(rooms.locked().len(), 1);
        rooms.forget(&room, &entry);
        assert_eq!(rooms.locked().len(), 0);
        // The entry remains after a read-only use.
        drop(rooms.entry(&room));
        rooms.remove_finished();
        assert_eq!(rooms.locked().len(), 0);
    }
}
