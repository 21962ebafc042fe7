//! The rights of a participant, as they are shown.

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
