//! The time after which a caller may try again.

/// The time after which a caller may try again: whole seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(u64);

impl RetryAfter {
    /// Creates a time of `seconds` seconds, at least one.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(if seconds == 0 { 1 } else { seconds })
    }

    /// Returns the seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}
