//! The storage of a session.

use std::fmt;

use super::tokens::SessionGrant;
use crate::SessionStoreError;

/// The storage of one user's session at one issuer, so that it outlives a process.
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// Waits until nothing else holds the lock of the session, in this process and in all others that use the
    /// same store. Called on a thread that may block.
    ///
    /// # Errors
    /// The store cannot be locked.
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError>;
}

/// A session under an exclusive lock, which is released on drop. A method returns an error if the store cannot
/// be read or written.
pub trait LockedSession: Send {
    /// Returns the stored session.
    fn load(&mut self) -> Result<Option<SessionGrant>, SessionStoreError>;

    /// Replaces the stored session atomically. The new session is durable when this returns, also through a
    /// crash. After an error the content of the store is unchanged.
    fn replace(&mut self, session: &SessionGrant) -> Result<(), SessionStoreError>;

    /// Removes the session, if there is one.
    fn remove(&mut self) -> Result<(), SessionStoreError>;
}
