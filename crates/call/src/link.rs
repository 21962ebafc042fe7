//! What the call knows of its link.

use core::fmt;
use std::sync::Arc;

use anteroom_protocol::Timestamp;

use crate::Moment;

/// Who may come in without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Restrictions {
    /// Everybody with the link: `none`.
    None,
    /// Admins and those an admin has approved: `adminApproval`.
    AdminApproval,
}

impl Restrictions {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AdminApproval => "adminApproval",
        }
    }
}

/// The state of a call link: `callLinkState`.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkState {
    /// Who may come in without being asked.
    pub restrictions: Restrictions,
    /// The encrypted name; may be empty.
    pub name: Arc<[u8]>,
    /// Whether the link has been revoked.
    pub revoked: bool,
    /// From when on the link is expired: `expiration`.
    pub expiration: Timestamp,
    /// From when on the link's record is gone: `delete_at`.
    pub delete_at: Timestamp,
}

impl LinkState {
    /// Whether people may still come in by the link.
    pub(crate) fn is_open(&self, now: Moment) -> bool {
        !self.revoked && now.timestamp() < self.expiration
    }
}

/// Shows nothing of the name.
impl fmt::Debug for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkState")
            .field("restrictions", &self.restrictions)
            .field("revoked", &self.revoked)
            .field("expiration", &self.expiration)
            .field("delete_at", &self.delete_at)
            .finish_non_exhaustive()
    }
}
