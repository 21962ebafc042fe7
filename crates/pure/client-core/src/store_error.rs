//! The errors of the caller's stores.

use std::{error::Error, fmt};

/// Defines the error of a store: a description, which `Display` shows after a prefix, and perhaps a cause.
macro_rules! store_error {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            what: String,
            source: Option<Box<dyn Error + Send + Sync>>,
        }

        impl $name {
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
                source: impl Into<Box<dyn Error + Send + Sync>>,
            ) -> Self {
                Self {
                    what: what.into(),
                    source: Some(source.into()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.what)
            }
        }

        impl Error for $name {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self.source.as_deref()?)
            }
        }
    };
}

store_error! {
    /// The error of the caller's [`PinStore`](crate::PinStore).
    PinStoreError, "the pinned params cannot be used: "
}
store_error! {
    /// The error of the caller's [`StatementStore`](crate::StatementStore).
    StatementStoreError, "the kept statements of rooms cannot be used: "
}
store_error! {
    /// The error of the caller's [`SessionStore`](crate::SessionStore).
    SessionStoreError, ""
}
