//! The operations of the protocol that are measured.

use strum::{IntoStaticStr, VariantArray};

/// The measured operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    /// The blinded request of a create credential.
    CreateRequest,
    /// Issuing a create credential.
    CreateIssue,
    /// Receiving it, with its proof.
    CreateReceive,
    /// Presenting it.
    CreatePresent,
    /// Verifying the presentation.
    CreateVerify,
    /// Issuing a call-link auth credential.
    AuthIssue,
    /// Receiving it, with its proof.
    AuthReceive,
    /// Presenting it.
    AuthPresent,
    /// Verifying the presentation.
    AuthVerify,
    /// Issuing a group auth credential.
    GroupIssue,
    /// Receiving it, with its proof.
    GroupReceive,
    /// Presenting it.
    GroupPresent,
    /// Verifying the presentation.
    GroupVerify,
    /// Issuing one credential of both kinds for each of 8 days.
    BatchIssue,
    /// Receiving all 16.
    BatchReceive,
    /// Endorsing 1,000 members of a group.
    EndorseIssue,
    /// Receiving those endorsements, with their proof.
    EndorseReceive,
}

impl Operation {
    /// Returns whether the operation has many parts, which may be spread over cores.
    pub(super) const fn is_batch(self) -> bool {
        matches!(
            self,
            Self::BatchIssue | Self::BatchReceive | Self::EndorseIssue | Self::EndorseReceive
        )
    }

    /// Returns the name, the same for both subjects.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}
