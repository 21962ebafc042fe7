//! The rights of a participant, as they are shown.

use anteroom_client::Participant;

/// The rights of a participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// The participant decides about nobody.
    #[default]
    Member,
    /// The participant decides for the rest of the era, because an admin says so.
    CoAdmin,
    Admin,
}

impl Role {
    /// Returns the rights of a device by the room service's word.
    pub(crate) const fn listed(participant: &Participant) -> Self {
        match (participant.is_admin, participant.is_co_admin) {
            (true, _) => Self::Admin,
            (false, true) => Self::CoAdmin,
            (false, false) => Self::Member,
        }
    }

    /// Returns the mark before a tag, of the rights and of a guest account.
    pub(crate) const fn mark(self, is_guest: bool) -> &'static str {
        match (self, is_guest) {
            (Self::Admin, false) => "admin ",
            (Self::Admin, true) => "admin guest ",
            (Self::CoAdmin, false) => "co-admin ",
            (Self::CoAdmin, true) => "co-admin guest ",
            (Self::Member, false) => "",
            (Self::Member, true) => "guest ",
        }
    }
}
