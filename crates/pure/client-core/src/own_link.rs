//! Links together with the rights of their admins.

use anteroom_protocol::{AdminPasskey, CallLink};

use crate::{AdminRights, LinkState, PolicyComparison, RoomStatements};

/// A created link with the secret that makes its holder an admin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OwnLink {
    /// The link for the members.
    pub link: CallLink,
    /// The secret of the room's admins.
    pub rights: AdminRights,
    /// The state of the link.
    pub state: LinkState,
}

impl OwnLink {
    /// Creates the record of a created link.
    #[must_use]
    pub const fn new(link: CallLink, rights: AdminRights, state: LinkState) -> Self {
        Self {
            link,
            rights,
            state,
        }
    }

    /// Returns whether the room service shows the policy that the admins have signed at the creation. Without it
    /// ([`StatementSigner::policy`](crate::StatementSigner::policy)), whoever comes by the link takes approval as
    /// the condition.
    #[must_use]
    pub fn is_policy_kept(&self) -> bool {
        let room = self.link.root_key.room_id();
        let signer = self.rights.signer(&room);
        signer.is_some_and(|signer| {
            let mut statements = RoomStatements::new(room, signer.public());
            statements.see_policy(&self.state.admin_statement) == PolicyComparison::Newer
        })
    }

    /// Returns the passkey, for calls of the room service's client.
    #[must_use]
    pub fn passkey(&self) -> AdminPasskey {
        self.rights.passkey(&self.link.root_key.room_id())
    }
}
