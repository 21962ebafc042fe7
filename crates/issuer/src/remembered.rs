//! A cache of recently authenticated callers for the times when the database is unavailable. Every
//! entry was valid when it was created. While the database answers, it alone decides.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{BlindIndex, DeviceId, SessionId};
use moka::sync::Cache;

use crate::auth::Caller;

/// The time for which an account is served without the database.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The maximum number of cached devices and sessions.
const MOST_ENTRIES: u64 = 10_000;

/// The key of an entry: keyed hashes instead of an account id or a password. A session's id is
/// useless without a signature.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum CallerKey {
    Device {
        account: BlindIndex,
        device: DeviceId,
        password: [u8; 32],
    },
    Session(SessionId),
    Identity(BlindIndex),
}

/// An authenticated caller.
struct Entry {
    caller: Caller,
    /// The end of the session.
    expires: Option<Timestamp>,
}

/// The place of an entry. It is created before the database is read.
pub(crate) struct Slot {
    key: CallerKey,
    endings: u64,
}

/// The answer of the cache.
pub(crate) enum Recollection {
    Known(Caller),
    /// The session has ended by time.
    Over,
    Unknown,
}

pub(crate) struct RememberedCallers {
    entries: Cache<CallerKey, Arc<Entry>>,
    /// The number of removals, so that a look-up that began before a removal does not restore the
    /// removed entry.
    endings: AtomicU64,
}

impl RememberedCallers {
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(MOST_ENTRIES)
            .time_to_live(LIFETIME)
            .support_invalidation_closures()
            .build();
        Self {
            entries,
            endings: AtomicU64::new(0),
        }
    }

    /// Creates the place of a caller. Call it before the database is read.
    pub(crate) fn slot(&self, key: CallerKey) -> Slot {
        Slot {
            key,
            endings: self.endings.load(Ordering::SeqCst),
        }
    }

    /// Caches a caller, unless an entry was removed since the slot was created.
    pub(crate) fn insert(&self, slot: &Slot, caller: Caller, expires: Option<Timestamp>) {
        let entry = Arc::new(Entry { caller, expires });
        self.entries.insert(slot.key.clone(), entry);
        if self.endings.load(Ordering::SeqCst) != slot.endings {
            self.entries.invalidate(&slot.key);
        }
    }

    pub(crate) fn get(&self, slot: &Slot, now: Timestamp) -> Recollection {
        match self.entries.get(&slot.key) {
            None => Recollection::Unknown,
            Some(entry) if entry.expires.is_some_and(|end| end <= now) => Recollection::Over,
            Some(entry) => Recollection::Known(entry.caller.clone()),
        }
    }

    /// Removes a caller who was refused.
    pub(crate) fn remove(&self, slot: &Slot) {
        self.entries.invalidate(&slot.key);
    }

    /// Removes a session that has ended.
    pub(crate) fn forget_session(&self, session: &SessionId) {
        self.endings.fetch_add(1, Ordering::SeqCst);
        self.entries.invalidate(&CallerKey::Session(*session));
    }

    /// Removes all sessions of an account.
    pub(crate) fn forget_sessions(&self, aci: Aci) {
        self.forget(move |caller| caller.account.aci == aci && caller.session.is_some());
    }

    /// Removes a device, with its sessions and identities.
    pub(crate) fn forget_device(&self, aci: Aci, device: DeviceId) {
        self.forget(move |caller| caller.account.aci == aci && caller.device == device);
    }

    fn forget(&self, is_meant: impl Fn(&Caller) -> bool + Send + Sync + 'static) {
        self.endings.fetch_add(1, Ordering::SeqCst);
        let forgotten = self
            .entries
            .invalidate_entries_if(move |_, entry| is_meant(&entry.caller));
        if forgotten.is_err() {
            // A cache with support for it does not fail. If it does, all entries are removed and
            // read again.
            self.entries.invalidate_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::AuthSalt;
    use anteroom_store::Account;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn caller() -> Caller {
        let aci = Aci::from_bytes([1; 16]);
        Caller {
            account: Account::new(aci, None, AuthSalt::from_bytes([0; 32]), NOW),
            device: DeviceId::PRIMARY,
            device_added: NOW,
            session: Some(SESSION),
            sign_in: crate::auth::SignInTime::Never,
        }
    }

    const SESSION: SessionId = SessionId::from_bytes([2; 16]);

    fn is_known(remembered: &RememberedCallers) -> bool {
        let slot = remembered.slot(CallerKey::Session(SESSION));
        matches!(remembered.get(&slot, NOW), Recollection::Known(_))
    }

    #[test]
    fn a_look_up_that_began_before_a_device_ended_does_not_bring_it_back() {
        type Ending = fn(&RememberedCallers);
        let endings: [(&str, Ending); 3] = [
            ("device", |all| {
                all.forget_device(Aci::from_bytes([1; 16]), DeviceId::PRIMARY);
            }),
            ("session", |all| all.forget_session(&SESSION)),
            ("sessions", |all| {
                all.forget_sessions(Aci::from_bytes([1; 16]));
            }),
        ];
        for (what, end) in endings {
            let remembered = RememberedCallers::new();
            let slot = remembered.slot(CallerKey::Session(SESSION));
            remembered.insert(&slot, caller(), None);
            assert!(is_known(&remembered), "{what}");
            end(&remembered);
            assert!(!is_known(&remembered), "{what}");
            // The slot is older than the end.
            remembered.insert(&slot, caller(), None);
            assert!(!is_known(&remembered), "{what}");
            let slot = remembered.slot(CallerKey::Session(SESSION));
            remembered.insert(&slot, caller(), None);
            assert!(is_known(&remembered), "{what}");
        }
    }

    #[test]
    fn a_session_is_over_at_its_end() {
        let remembered = RememberedCallers::new();
        let slot = remembered.slot(CallerKey::Session(SESSION));
        remembered.insert(&slot, caller(), Some(NOW.plus(1)));
        assert!(is_known(&remembered));
        let later = remembered.get(&slot, NOW.plus(1));
        assert!(matches!(later, Recollection::Over));
    }
}
