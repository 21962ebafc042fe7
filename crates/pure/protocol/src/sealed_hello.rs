//! A sealed hello, as services relay it.

use core::fmt;
use std::sync::Arc;

use crate::HelloKey;

/// The statement of a device about itself for the members of the room: opaque bytes, sealed with a key of the
/// link. Cheap to clone.
///
/// Must not be stored or logged; `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello(Arc<[u8]>);

impl Hello {
    /// The maximum length of a hello, in bytes.
    pub const MAX_LENGTH: usize = HelloKey::MAX_SEALED;

    /// Checks the length.
    ///
    /// # Errors
    /// The hello is empty, or longer than [`Self::MAX_LENGTH`].
    pub fn new(hello: impl Into<Arc<[u8]>>) -> Result<Self, HelloLengthError> {
        let hello = hello.into();
        if hello.is_empty() || hello.len() > Self::MAX_LENGTH {
            return Err(HelloLengthError);
        }
        Ok(Self(hello))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hello({} bytes)", self.0.len())
    }
}

/// The error for an empty hello, or one longer than [`Hello::MAX_LENGTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hello has 1 to {} bytes", Hello::MAX_LENGTH)]
pub struct HelloLengthError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_has_1_to_640_bytes() {
        for (length, is_hello) in [(0, false), (1, true), (640, true), (641, false)] {
            assert_eq!(Hello::new(vec![7; length]).is_ok(), is_hello, "{length}");
        }
    }

    #[test]
    fn nothing_of_a_hello_is_in_debug() {
        let hello = Hello::new(*b"Ann").unwrap();
        assert_eq!(format!("{hello:?}"), "Hello(3 bytes)");
    }
}
