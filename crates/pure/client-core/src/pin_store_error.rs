//! The error of a store of pins.

/// The error of the caller's [`PinStore`](crate::PinStore).
#[derive(Debug, thiserror::Error)]
#[error("the pinned params cannot be used: {what}")]
pub struct PinStoreError {
    what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PinStoreError {
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
