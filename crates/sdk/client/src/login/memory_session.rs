//! A session that is not stored.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{LockedSession, SessionGrant, SessionStore, SessionStoreError};

/// A session that ends with the process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySession(Arc<Mutex<Option<SessionGrant>>>);

impl SessionStore for MemorySession {
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError> {
        let session = Arc::clone(&self.0).blocking_lock_owned();
        Ok(Box::new(LockedMemorySession(session)))
    }
}

/// The session while nothing else may use it.
struct LockedMemorySession(OwnedMutexGuard<Option<SessionGrant>>);

impl LockedSession for LockedMemorySession {
    fn load(&mut self) -> Result<Option<SessionGrant>, SessionStoreError> {
        Ok(self.0.clone())
    }

    fn replace(&mut self, session: &SessionGrant) -> Result<(), SessionStoreError> {
        *self.0 = Some(session.clone());
        Ok(())
    }

    fn remove(&mut self) -> Result<(), SessionStoreError> {
        *self.0 = None;
        Ok(())
    }
}
