//! The error of a store of sessions.

/// The error of the caller's [`SessionStore`](crate::SessionStore).
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
