//! The state of a link, as its users see it.

use anteroom_protocol::{RootKey, Timestamp};
use rand_core::CryptoRng;

use super::wire::StateBody;
use crate::{RoomsError, call::printable, wire};

/// The longest name, in bytes: encrypted, the room service takes 288.
const MAX_NAME: usize = 243;
/// The most that is shown of a name, in characters.
const MAX_NAME_CHARS: usize = MAX_NAME;

/// Whether who comes by a link must wait until an admin lets them in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// They wait in the lobby.
    Required,
    /// They come in at once.
    Off,
}

/// A room's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomName {
    /// It has none.
    None,
    /// The name, without control characters.
    Known(String),
    /// Somebody set one that was not encrypted with the link's key.
    Unreadable,
}

/// The state of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Whether there is a lobby.
    pub approval: Approval,
    /// The room's name.
    pub name: RoomName,
    /// Whether an admin closed it.
    pub revoked: bool,
    /// From then on nobody can join.
    pub expiration: Timestamp,
    /// From then on it is forgotten.
    pub deletion: Timestamp,
}

/// What an admin changes; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Whether there is a lobby. Not while a call is on.
    pub approval: Option<Approval>,
    /// The name; an empty one takes it away.
    pub name: Option<String>,
    /// Whether nobody can join.
    pub revoked: Option<bool>,
    /// Whether everybody in the call and its lobby is sent away.
    pub end_call: bool,
}

impl Approval {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "adminApproval",
            Self::Off => "none",
        }
    }
}

impl LinkChange {
    /// Checks what can be checked without the room service, before anything is sent.
    ///
    /// # Errors
    /// [`RoomsError::NameTooLong`].
    pub fn check(&self) -> Result<(), RoomsError> {
        check_name(self.name.as_deref().unwrap_or_default())
    }
}

impl LinkState {
    pub(crate) fn parse(body: &StateBody, room: &RootKey) -> Result<Self, RoomsError> {
        let approval = match body.restrictions.as_str() {
            "adminApproval" => Approval::Required,
            "none" => Approval::Off,
            _ => return Err(RoomsError::Malformed("the restrictions are unknown")),
        };
        Ok(Self {
            approval,
            name: decrypt_name(&wire::decode(&body.name)?, room),
            revoked: body.revoked,
            expiration: Timestamp::from_secs(body.expiration),
            deletion: Timestamp::from_secs(body.delete_at),
        })
    }

    /// Whether people can join at this moment.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expiration
    }
}

fn decrypt_name(encrypted: &[u8], room: &RootKey) -> RoomName {
    if encrypted.is_empty() {
        return RoomName::None;
    }
    match room.decrypt_name(encrypted) {
        Ok(name) if name.is_empty() => RoomName::None,
        Ok(name) => RoomName::Known(printable(&name, MAX_NAME_CHARS)),
        Err(_) => RoomName::Unreadable,
    }
}

fn check_name(name: &str) -> Result<(), RoomsError> {
    if name.len() > MAX_NAME {
        return Err(RoomsError::NameTooLong { limit: MAX_NAME });
    }
    Ok(())
}

pub(crate) fn encrypt_name<R: CryptoRng + ?Sized>(
    name: &str,
    room: &RootKey,
    rng: &mut R,
) -> Result<String, RoomsError> {
    check_name(name)?;
    if name.is_empty() {
        return Ok(String::new());
    }
    let mut nonce = [0; 12];
    rng.fill_bytes(&mut nonce);
    Ok(wire::encode(&room.encrypt_name(name, nonce)))
}

#[cfg(test)]
mod tests {
    use anteroom_service::Entropy as _;
    use anteroom_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn names_fit_up_to_the_limit_and_come_back() {
        let mut rng = SeededEntropy::new(1).rng();
        let room = RootKey::generate_v0(&mut *rng);
        for length in [0, 1, 19, 20, MAX_NAME] {
            let name = "n".repeat(length);
            let encrypted = wire::decode(&encrypt_name(&name, &room, &mut *rng).unwrap()).unwrap();
            assert!(encrypted.len() <= 288, "{length}");
            let expected = if name.is_empty() {
                RoomName::None
            } else {
                RoomName::Known(name)
            };
            assert_eq!(decrypt_name(&encrypted, &room), expected);
        }
        let long = "n".repeat(MAX_NAME + 1);
        assert!(room.encrypt_name(&long, [0; 12]).len() > 288);
        assert!(encrypt_name(&long, &room, &mut *rng).is_err());
    }

    #[test]
    fn a_name_under_another_key_is_unreadable_and_not_an_error() {
        let mut rng = SeededEntropy::new(2).rng();
        let room = RootKey::generate_v0(&mut *rng);
        let other = RootKey::generate_v0(&mut *rng);
        let name = other.encrypt_name("name", [0; 12]);
        assert_eq!(decrypt_name(&name, &room), RoomName::Unreadable);
    }
}
