//! What was asked of the operations.

use super::Operation;

/// Every operation should be within so many times its modelled floor.
pub(super) const TO_FLOOR: f64 = 1.25;
/// All static tables together should take less, in bytes.
pub(super) const TABLES: usize = 2 << 20;

impl Operation {
    /// How many times as fast as the npm client it should be, where that was asked.
    pub(super) const fn goal(self) -> Option<f64> {
        match self {
            Self::CreateIssue | Self::AuthIssue => Some(2.5),
            Self::CreateVerify | Self::AuthVerify | Self::BatchIssue => Some(3.0),
            Self::CreatePresent | Self::AuthPresent => Some(2.2),
            Self::CreateReceive | Self::AuthReceive | Self::EndorseIssue => Some(1.3),
            Self::CreateRequest
            | Self::GroupIssue
            | Self::GroupReceive
            | Self::GroupPresent
            | Self::GroupVerify
            | Self::BatchReceive
            | Self::EndorseReceive => None,
        }
    }
}
