//! The goals of the operations.

use super::operation::Operation;

/// The maximum ratio of an operation's time to its modelled floor.
pub(super) const TO_FLOOR: f64 = 1.25;
/// The maximum size of all static tables together, in bytes.
pub(super) const TABLES: usize = 2 << 20;

impl Operation {
    /// Returns the required speed relative to the npm client, if there is a goal.
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
