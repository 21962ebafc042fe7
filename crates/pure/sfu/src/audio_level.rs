//! Audio levels.

/// An audio level as RFC 6464 has it: 0 to -127 dBov.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AudioLevel(u8);

impl AudioLevel {
    /// Creates a level from decibels relative to overload. Values outside of 0 to -127 count as the nearest.
    #[must_use]
    pub const fn from_dbov(decibels: i8) -> Self {
        if decibels >= 0 {
            Self(127)
        } else {
            Self(127_u8.saturating_sub(decibels.unsigned_abs()))
        }
    }

    /// Returns the decibels above -127 dBov.
    #[must_use]
    pub const fn loudness(self) -> u8 {
        self.0
    }
}
