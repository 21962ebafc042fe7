//! The state of a call link.

use core::fmt;
use std::sync::Arc;

use crate::{AdminStatement, Timestamp};

/// The condition for becoming active without an admin's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Restrictions {
    /// No condition: `none`.
    None,
    /// Being an admin or a user approved by an admin: `adminApproval`.
    AdminApproval,
}

impl Restrictions {
    /// Returns the name in JSON and in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AdminApproval => "adminApproval",
        }
    }

    /// Parses the name; `None` for an unknown one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::AdminApproval]
            .into_iter()
            .find(|restrictions| restrictions.as_str() == word)
    }
}

/// The admission of guest accounts by a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GuestAdmission {
    /// They need to be admins or to be approved by an admin, whatever the restrictions: `wait`.
    #[default]
    Wait,
    /// The same as that of other accounts: `accounts`.
    AsAccounts,
    /// None: `no`.
    Refused,
}

impl GuestAdmission {
    /// Returns the name in JSON and in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::AsAccounts => "accounts",
            Self::Refused => "no",
        }
    }

    /// Parses the name; `None` for an unknown one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Wait, Self::AsAccounts, Self::Refused]
            .into_iter()
            .find(|guests| guests.as_str() == word)
    }
}

/// The state of a call link: `callLinkState`.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkState {
    /// The condition for becoming active without an admin's decision.
    pub restrictions: Restrictions,
    /// The admission of guest accounts.
    pub guests: GuestAdmission,
    /// The encrypted name; may be empty.
    pub name: Arc<[u8]>,
    /// Whether the link has been revoked.
    pub revoked: bool,
    /// The moment from which the link is expired: `expiration`.
    pub expiration: Timestamp,
    /// The moment from which the link's record is deleted: `delete_at`.
    pub delete_at: Timestamp,
    /// The newest statement of the admins: `adminStatement`; may be empty.
    pub admin_statement: AdminStatement,
}

impl LinkState {
    /// Returns whether devices may still join by the link.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expiration
    }
}

/// Omits the name and the statement.
impl fmt::Debug for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkState")
            .field("restrictions", &self.restrictions)
            .field("guests", &self.guests)
            .field("revoked", &self.revoked)
            .field("expiration", &self.expiration)
            .field("delete_at", &self.delete_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restrictions_have_the_words_of_the_wire() {
        for (restrictions, word) in [
            (Restrictions::None, "none"),
            (Restrictions::AdminApproval, "adminApproval"),
        ] {
            assert_eq!(restrictions.as_str(), word);
            assert_eq!(Restrictions::from_word(word), Some(restrictions));
        }
        for word in ["", "None", "adminapproval", "unknown"] {
            assert_eq!(Restrictions::from_word(word), None, "{word}");
        }
    }
}
