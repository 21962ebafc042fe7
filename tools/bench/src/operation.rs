//! The operations of the protocol that are measured.

/// The measured operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// All operations.
    pub const ALL: [Self; 17] = [
        Self::CreateRequest,
        Self::CreateIssue,
        Self::CreateReceive,
        Self::CreatePresent,
        Self::CreateVerify,
        Self::AuthIssue,
        Self::AuthReceive,
        Self::AuthPresent,
        Self::AuthVerify,
        Self::GroupIssue,
        Self::GroupReceive,
        Self::GroupPresent,
        Self::GroupVerify,
        Self::BatchIssue,
        Self::BatchReceive,
        Self::EndorseIssue,
        Self::EndorseReceive,
    ];

    /// Returns whether the operation has many parts, which may be spread over cores.
    pub(super) const fn is_batch(self) -> bool {
        matches!(
            self,
            Self::BatchIssue | Self::BatchReceive | Self::EndorseIssue | Self::EndorseReceive
        )
    }

    /// Returns the name, the same for both subjects.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateRequest => "create_request",
            Self::CreateIssue => "create_issue",
            Self::CreateReceive => "create_receive",
            Self::CreatePresent => "create_present",
            Self::CreateVerify => "create_verify",
            Self::AuthIssue => "auth_issue",
            Self::AuthReceive => "auth_receive",
            Self::AuthPresent => "auth_present",
            Self::AuthVerify => "auth_verify",
            Self::GroupIssue => "group_issue",
            Self::GroupReceive => "group_receive",
            Self::GroupPresent => "group_present",
            Self::GroupVerify => "group_verify",
            Self::BatchIssue => "batch_issue",
            Self::BatchReceive => "batch_receive",
            Self::EndorseIssue => "endorse_issue",
            Self::EndorseReceive => "endorse_receive",
        }
    }
}
