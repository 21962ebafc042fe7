//! Where a session is kept.

use std::{fmt, sync::Arc};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::SignedIn;

/// Where the session of one user at one issuer is kept, so that it outlasts a process.
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// Waits until nobody else has the session locked, in this process and in all others that keep
    /// the same one. Called on a thread that may block.
    ///
    /// # Errors
    /// The store cannot be locked.
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError>;
}

/// A session that nobody else can change; let go when dropped.
pub trait LockedSession: Send {
    /// The session as it is stored now.
    ///
    /// # Errors
    /// The store cannot be read.
    fn load(&mut self) -> Result<Option<SignedIn>, SessionStoreError>;

    /// Stores a session in the place of another one, as a whole or not at all. It lasts when this
    /// returns, also through a crash.
    ///
    /// # Errors
    /// The store cannot be written; then it is as it was.
    fn replace(&mut self, session: &SignedIn) -> Result<(), SessionStoreError>;

    /// Removes the session, if there is one.
    ///
    /// # Errors
    /// The store cannot be written.
    fn remove(&mut self) -> Result<(), SessionStoreError>;
}

/// The caller's [`SessionStore`] failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SessionStoreError {
    what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SessionStoreError {
    /// A failure described in words.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    /// A failure with its cause.
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

/// A session that lives as long as the process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySession(Arc<Mutex<Option<SignedIn>>>);

impl SessionStore for MemorySession {
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError> {
        Ok(Box::new(Arc::clone(&self.0).blocking_lock_owned()))
    }
}

impl LockedSession for OwnedMutexGuard<Option<SignedIn>> {
    fn load(&mut self) -> Result<Option<SignedIn>, SessionStoreError> {
        Ok((**self).clone())
    }

    fn replace(&mut self, session: &SignedIn) -> Result<(), SessionStoreError> {
        **self = Some(session.clone());
        Ok(())
    }

    fn remove(&mut self) -> Result<(), SessionStoreError> {
        **self = None;
        Ok(())
    }
}
