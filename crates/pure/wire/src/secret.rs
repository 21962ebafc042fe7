//! Text that nobody else may read.

use anteroom_protocol::redacted_debug;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A text that is wiped on drop. `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Creates a secret of this text.
    #[must_use]
    pub const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

redacted_debug!(Secret);
