//! The contents that devices send to each other: opaque bytes, encrypted end to end.

use core::fmt;
use std::sync::Arc;

use crate::{MAX_COMMIT_BODY, MAX_RELAY_BODY, MAX_WELCOME_BODY};

/// Declares the kinds of contents, each with its maximum length.
macro_rules! bodies {
    ($($(#[$doc:meta])+ $body:ident, $max:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// Cheap to clone. Must not be logged; `Debug` shows the length only.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $body(Arc<[u8]>);

        impl $body {
            /// Checks the length.
            ///
            /// # Errors
            #[doc = concat!("The body is longer than [`", stringify!($max), "`] bytes.")]
            pub fn new(body: impl Into<Arc<[u8]>>) -> Result<Self, BodyTooLarge> {
                let body = body.into();
                if body.len() > $max {
                    return Err(BodyTooLarge);
                }
                Ok(Self(body))
            }

            /// Returns the bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Debug for $body {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({} bytes)", stringify!($body), self.0.len())
            }
        }
    )+};
}

bodies! {
    /// The content of a relay. Must not be stored.
    RelayBody, MAX_RELAY_BODY;
    /// A sealed commit. The call keeps the last ones of a group in memory.
    CommitBody, MAX_COMMIT_BODY;
    /// A sealed Welcome. Must not be stored.
    WelcomeBody, MAX_WELCOME_BODY;
}

/// The error for a body that is longer than its kind allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is too large")]
pub struct BodyTooLarge;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_a_maximum_length() {
        assert!(RelayBody::new(vec![0; 65_536]).is_ok());
        assert_eq!(RelayBody::new(vec![0; 65_537]), Err(BodyTooLarge));
        assert!(CommitBody::new(vec![0; 65_536]).is_ok());
        assert_eq!(CommitBody::new(vec![0; 65_537]), Err(BodyTooLarge));
        assert!(WelcomeBody::new(vec![0; 114_688]).is_ok());
        assert_eq!(WelcomeBody::new(vec![0; 114_689]), Err(BodyTooLarge));
    }

    #[test]
    fn nothing_of_a_body_is_in_debug() {
        let body = RelayBody::new(*b"hello").unwrap();
        assert_eq!(format!("{body:?}"), "RelayBody(5 bytes)");
        let body = CommitBody::new(*b"hello").unwrap();
        assert_eq!(format!("{body:?}"), "CommitBody(5 bytes)");
    }
}
