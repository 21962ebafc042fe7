//! The rights of the admins of a link.

use anteroom_e2ee::{AdminKey, AdminSecret};
use anteroom_protocol::{AdminPasskey, LinkAdminKey, RoomId};
use zeroize::Zeroizing;

use crate::{Error, wire};

/// The secret that makes its holder an admin of a link. It is given to other admins as such.
#[derive(Clone, Debug)]
pub enum AdminRights {
    /// The admin secret: its holder administers the room at the room service, and signs the statements that
    /// members of a call verify.
    Secret(AdminSecret),
    /// The passkey alone, of a link that was made without an admin secret, or from an admin who has no more.
    /// Its holder administers the room at the room service, and signs nothing.
    Passkey(AdminPasskey),
}

impl AdminRights {
    /// Returns the passkey of the room, which the room service verifies.
    #[must_use]
    pub fn passkey(&self, room: &RoomId) -> AdminPasskey {
        match self {
            Self::Secret(secret) => secret.passkey(room),
            Self::Passkey(passkey) => passkey.clone(),
        }
    }

    /// Returns the key that signs statements about the room; `None` with the passkey alone.
    #[must_use]
    pub fn admin_key(&self, room: &RoomId) -> Option<AdminKey> {
        match self {
            Self::Secret(secret) => Some(secret.admin_key(room)),
            Self::Passkey(_) => None,
        }
    }

    /// Returns the public key that the link of the room names; `None` with the passkey alone.
    #[must_use]
    pub fn link_key(&self, room: &RoomId) -> Option<LinkAdminKey> {
        Some(self.admin_key(room)?.public().named())
    }

    /// Returns the secret in base64, the form that `anteroom link show --secret` prints and `anteroom link
    /// import` reads.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Secret(secret) => wire::encode(secret.as_bytes()),
            Self::Passkey(passkey) => wire::encode(passkey.as_bytes()),
        })
    }

    /// Parses the text of [`Self::to_text`]; white space around it is ignored. 32 bytes are an admin secret,
    /// 16 a passkey.
    ///
    /// # Errors
    /// [`Error::AdminRights`] for any other text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = wire::decode(text.trim()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| Error::AdminRights)?;
        if let Ok(secret) = bytes.as_slice().try_into() {
            return Ok(Self::Secret(AdminSecret::from_bytes(secret)));
        }
        let passkey = bytes.as_slice().try_into();
        let passkey = passkey.map_err(|_| Error::AdminRights)?;
        Ok(Self::Passkey(AdminPasskey::from_bytes(passkey)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_a_secret_or_a_passkey_by_its_length() {
        let room = RoomId::from_bytes([1; 32]);
        let secret = AdminRights::Secret(AdminSecret::from_bytes([2; 32]));
        let parsed = AdminRights::parse(&format!(" {}\n", secret.to_text().as_str())).unwrap();
        assert_eq!(parsed.link_key(&room), secret.link_key(&room));
        assert!(parsed.link_key(&room).is_some());

        let passkey = AdminRights::Passkey(parsed.passkey(&room));
        let parsed = AdminRights::parse(&passkey.to_text()).unwrap();
        assert_eq!(
            parsed.passkey(&room).as_bytes(),
            secret.passkey(&room).as_bytes()
        );
        assert!(parsed.link_key(&room).is_none());
        // A passkey is of one room, the keys of a secret are of each.
        let other = RoomId::from_bytes([3; 32]);
        assert_eq!(
            parsed.passkey(&other).as_bytes(),
            parsed.passkey(&room).as_bytes()
        );
        assert_ne!(
            secret.passkey(&other).as_bytes(),
            secret.passkey(&room).as_bytes()
        );
        assert!(secret.link_key(&other) != secret.link_key(&room));
    }

    #[test]
    fn other_texts_are_refused_and_nothing_secret_is_shown() {
        for length in [0, 15, 17, 31, 33] {
            let text = wire::encode(&vec![7; length]);
            let refused = AdminRights::parse(&text);
            assert!(matches!(refused, Err(Error::AdminRights)), "{length}");
        }
        let refused = AdminRights::parse("not base64");
        assert!(matches!(refused, Err(Error::AdminRights)));
        let rights = AdminRights::parse(&wire::encode(&[7; 32])).unwrap();
        assert!(!format!("{rights:?}").contains('7'));
    }
}
