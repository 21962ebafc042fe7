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

use crate::domain::callers::caller::Caller;

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

/// The reserved key of an entry. It is created before the database is read.
pub(crate) struct CacheReservation {
    key: CallerKey,
    invalidations: u64,
}

/// The answer of the cache.
pub(crate) enum CacheLookup {
    Known(Caller),
    /// The session has ended by time.
    Expired,
    Unknown,
}

/// The code that deletes a device or ends a session removes it from here too, so that it is not
/// accepted while the database is unavailable.
pub(crate) struct CallerCache {
    entries: Cache<CallerKey, Arc<Entry>>,
    /// The number of removals, so that a look-up that began before a removal does not restore the
    /// removed entry.
    invalidations: AtomicU64,
}

impl CallerCache {
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(MOST_ENTRIES)
            .time_to_live(LIFETIME)
            .support_invalidation_closures()
            .build();
        Self {
            entries,
            invalidations: AtomicU64::new(0),
        }
    }

    /// Creates the reservation of a caller. Call it before the database is read.
    pub(crate) fn reservation(&self, key: CallerKey) -> CacheReservation {
        CacheReservation {
            key,
            invalidations: self.invalidations.load(Ordering::SeqCst),
        }
    }

    /// Caches a caller, unless an entry was removed since the reservation was created.
    pub(crate) fn insert(
        &self,
        reservation: &CacheReservation,
        caller: Caller,
        expires: Option<Timestamp>,
    ) {
        let entry = Arc::new(Entry { caller, expires });
        self.entries.insert(reservation.key.clone(), entry);
        if self.invalidations.load(Ordering::SeqCst) != reservation.invalidations {
            self.entries.invalidate(&reservation.key);
        }
    }

    pub(crate) fn get(&self, reservation: &CacheReservation, now: Timestamp) -> CacheLookup {
        match self.entries.get(&reservation.key) {
            None => CacheLookup::Unknown,
            Some(entry) if entry.expires.is_some_and(|end| end <= now) => CacheLookup::Expired,
            Some(entry) => CacheLookup::Known(entry.caller.clone()),
        }
    }

    /// Removes a caller who was refused.
    pub(crate) fn remove(&self, reservation: &CacheReservation) {
        self.entries.invalidate(&reservation.key);
    }

    /// Removes a session that has ended.
    pub(crate) fn forget_session(&self, session: &SessionId) {
        self.invalidations.fetch_add(1, Ordering::SeqCst);
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
        self.invalidations.fetch_add(1, Ordering::SeqCst);
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
            sign_in: crate::domain::callers::caller::SignInTime::Never,
        }
    }

    const SESSION: SessionId = SessionId::from_bytes([2; 16]);

    fn is_known(cache: &CallerCache) -> bool {
        let reservation = cache.reservation(CallerKey::Session(SESSION));
        matches!(cache.get(&reservation, NOW), CacheLookup::Known(_))
    }

    #[test]
    fn a_look_up_that_began_before_a_device_ended_does_not_bring_it_back() {
        type Invalidation = fn(&CallerCache);
        let invalidations: [(&str, Invalidation); 3] = [
            ("device", |all| {
                all.forget_device(Aci::from_bytes([1; 16]), DeviceId::PRIMARY);
            }),
            ("session", |all| all.forget_session(&SESSION)),
            ("sessions", |all| {
                all.forget_sessions(Aci::from_bytes([1; 16]));
            }),
        ];
        for (what, end) in invalidations {
            let cache = CallerCache::new();
            let reservation = cache.reservation(CallerKey::Session(SESSION));
            cache.insert(&reservation, caller(), None);
            assert!(is_known(&cache), "{what}");
            end(&cache);
            assert!(!is_known(&cache), "{what}");
            // The reservation is older than the end.
            cache.insert(&reservation, caller(), None);
            assert!(!is_known(&cache), "{what}");
            let reservation = cache.reservation(CallerKey::Session(SESSION));
            cache.insert(&reservation, caller(), None);
            assert!(is_known(&cache), "{what}");
        }
    }

    #[test]
    fn a_session_is_over_at_its_end() {
        let cache = CallerCache::new();
        let reservation = cache.reservation(CallerKey::Session(SESSION));
        cache.insert(&reservation, caller(), Some(NOW.plus(1)));
        assert!(is_known(&cache));
        let later = cache.get(&reservation, NOW.plus(1));
        assert!(matches!(later, CacheLookup::Expired));
    }
}
