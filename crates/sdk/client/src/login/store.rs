//! The storage of a session.

use std::{fmt, sync::Arc};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::SessionGrant;

/// The storage of one user's session at one issuer, so that it outlives a process.
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// Waits until nothing else holds the lock of the session, in this process and in all others that use the
    /// same store. Called on a thread that may block.
    ///
    /// # Errors
    /// The store cannot be locked.
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError>;
}

/// A session under an exclusive lock, which is released on drop.
pub trait LockedSession: Send {
    /// Returns the stored session.
    ///
    /// # Errors
    /// The store cannot be read.
    fn load(&mut self) -> Result<Option<SessionGrant>, SessionStoreError>;

    /// Replaces the stored session atomically. The new session is durable when this returns, also through a
    /// crash.
    ///
    /// # Errors
    /// The store cannot be written; then its content is unchanged.
    fn replace(&mut self, session: &SessionGrant) -> Result<(), SessionStoreError>;

    /// Removes the session, if there is one.
    ///
    /// # Errors
    /// The store cannot be written.
    fn remove(&mut self) -> Result<(), SessionStoreError>;
}

/// The error of the caller's [`SessionStore`].
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SessionStoreError {
    what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SessionStoreError {
    /// Creates an error with a description.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    /// Creates an error with a description and a cause.
    #[must_use]
    pub fn with_source(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            what: what.into(),
            source: Some(source.into()),
        }
    }
}

/// A session that ends with the process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySession(Arc<Mutex<Option<SessionGrant>>>);

impl SessionStore for MemorySession {
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError> {
        Ok(Box::new(Arc::clone(&self.0).blocking_lock_owned()))
    }
}

impl LockedSession for OwnedMutexGuard<Option<SessionGrant>> {
    fn load(&mut self) -> Result<Option<SessionGrant>, SessionStoreError> {
        Ok((**self).clone())
    }

    fn replace(&mut self, session: &SessionGrant) -> Result<(), SessionStoreError> {
        **self = Some(session.clone());
        Ok(())
    }

    fn remove(&mut self) -> Result<(), SessionStoreError> {
        **self = None;
        Ok(())
    }
}
