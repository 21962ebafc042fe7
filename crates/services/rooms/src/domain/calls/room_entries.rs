//! The rooms with a client, at this node.

use std::{collections::HashMap, sync::Arc};

use anteroom_store::OpaqueRoomId;
use parking_lot::Mutex;
use tokio::sync;

use super::handle::CallHandle;

/// The call of a room, if it has one. It is locked while the room's task starts or ends.
pub(super) type RoomEntry = Arc<sync::Mutex<Option<CallHandle>>>;

/// The entries of the rooms.
#[derive(Default)]
pub(super) struct RoomEntries(Mutex<HashMap<OpaqueRoomId, RoomEntry>>);

impl RoomEntries {
    /// Returns the entry of the room. Adds one without a call if there is none.
    pub(super) fn entry(&self, room: &OpaqueRoomId) -> RoomEntry {
        Arc::clone(self.0.lock().entry(room.clone()).or_default())
    }

    pub(super) fn get(&self, room: &OpaqueRoomId) -> Option<RoomEntry> {
        self.0.lock().get(room).map(Arc::clone)
    }

    pub(super) fn all(&self) -> Vec<RoomEntry> {
        self.0.lock().values().map(Arc::clone).collect()
    }

    /// Drops the entries of rooms that have no call and no user.
    pub(super) fn remove_finished(&self) {
        self.0.lock().retain(|_, entry| {
            let used = Arc::strong_count(entry) > 1;
            used || entry.try_lock().map_or(true, |call| call.is_some())
        });
    }

    /// Drops the entry of a room without a call, unless another task uses it.
    pub(super) fn forget(&self, room: &OpaqueRoomId, entry: &RoomEntry) {
        let mut entries = self.0.lock();
        // The map holds one reference, and the caller another.
        let unused = Arc::strong_count(entry) <= 2;
        if unused && entry.try_lock().is_ok_and(|call| call.is_none()) {
            entries.remove(room);
        }
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
        assert_eq!(rooms.0.lock().len(), 1);
        rooms.forget(&room, &entry);
        assert_eq!(rooms.0.lock().len(), 0);
        // The entry remains after a read-only use.
        drop(rooms.entry(&room));
        rooms.remove_finished();
        assert_eq!(rooms.0.lock().len(), 0);
    }
}
