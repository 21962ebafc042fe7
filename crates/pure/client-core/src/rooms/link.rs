//! The state of a link, as its users see it.

use anteroom_protocol::{AdminStatement, GuestAdmission, RootKey, Timestamp, printable};
use anteroom_wire::{
    Base64,
    rooms::{LinkStateBody, RestrictionsBody},
};
use rand_core::CryptoRng;

use super::error::RoomsError;
use crate::TransportFailure;

/// The maximum length of a name, in bytes. The room service accepts 288 bytes of the encrypted name.
const MAX_NAME: usize = 243;
/// The maximum length of a displayed name, in characters.
const MAX_NAME_CHARS: usize = MAX_NAME;

/// Whether users of a link must wait until an admin admits them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// They wait in the lobby.
    Required,
    /// They join immediately.
    Off,
}

/// A room's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomName {
    /// The room has no name.
    None,
    /// The name, without control characters.
    Known(String),
    /// The stored name was not encrypted with the link's key.
    Unreadable,
}

/// The state of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Whether there is a lobby.
    pub approval: Approval,
    /// The room's name.
    pub name: RoomName,
    /// Whether an admin revoked the link.
    pub revoked: bool,
    /// The admission of guest accounts.
    pub guests: GuestAdmission,
    /// The time from which no device can join.
    pub expiration: Timestamp,
    /// The time from which the link is deleted.
    pub deletion: Timestamp,
    /// The newest statement of the admins that the room service shows, may be empty. The room service can
    /// withhold it or show an older one, and cannot make one: the caller verifies it.
    pub admin_statement: AdminStatement,
}

/// The changes of an admin; `None` leaves a member unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Whether there is a lobby. It cannot change while a call is running.
    pub approval: Option<Approval>,
    /// The name; an empty one removes it.
    pub name: Option<String>,
    /// Whether the link is revoked.
    pub revoked: Option<bool>,
    /// The admission of guest accounts.
    pub guests: Option<GuestAdmission>,
    /// The admins' statement; an empty one removes it. A room service without the feature `statements`
    /// refuses the change with 422.
    pub admin_statement: Option<AdminStatement>,
    /// Whether all devices in the call and its lobby are removed.
    pub end_call: bool,
}

impl Approval {
    pub(crate) const fn restrictions(self) -> RestrictionsBody {
        match self {
            Self::Required => RestrictionsBody::AdminApproval,
            Self::Off => RestrictionsBody::None,
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
    /// Reads the room service's JSON.
    pub(crate) fn parse(body: &LinkStateBody, room: &RootKey) -> Result<Self, TransportFailure> {
        let statement = body.admin_statement.as_ref();
        let statement = statement.map_or(&[][..], |statement| statement.as_bytes());
        let statement = AdminStatement::new(statement)
            .map_err(|_| TransportFailure::Malformed("an admin statement is too long"))?;
        Ok(Self {
            approval: match body.restrictions {
                RestrictionsBody::AdminApproval => Approval::Required,
                RestrictionsBody::None => Approval::Off,
            },
            name: decrypt_name(body.name.as_bytes(), room),
            revoked: body.revoked,
            guests: body.guests.into(),
            expiration: Timestamp::from_secs(body.expiration),
            deletion: Timestamp::from_secs(body.delete_at),
            admin_statement: statement,
        })
    }

    /// Returns whether devices can join at this moment.
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
) -> Result<Base64, RoomsError> {
    check_name(name)?;
    if name.is_empty() {
        return Ok(Base64::from(&[][..]));
    }
    let mut nonce = [0; 12];
    rng.fill_bytes(&mut nonce);
    Ok(Base64::from(room.encrypt_name(name, nonce).as_slice()))
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn names_fit_up_to_the_limit_and_come_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let room = RootKey::generate_v0(&mut rng);
        for length in [0, 1, 19, 20, MAX_NAME] {
            let name = "n".repeat(length);
            let encrypted = encrypt_name(&name, &room, &mut rng).unwrap();
            assert!(encrypted.as_bytes().len() <= 288, "{length}");
            let expected = if name.is_empty() {
                RoomName::None
            } else {
                RoomName::Known(name)
            };
            assert_eq!(decrypt_name(encrypted.as_bytes(), &room), expected);
        }
        let long = "n".repeat(MAX_NAME + 1);
        assert!(room.encrypt_name(&long, [0; 12]).len() > 288);
        assert!(encrypt_name(&long, &room, &mut rng).is_err());
    }

    #[test]
    fn a_name_under_another_key_is_unreadable_and_not_an_error() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let room = RootKey::generate_v0(&mut rng);
        let other = RootKey::generate_v0(&mut rng);
        let name = other.encrypt_name("name", [0; 12]);
        assert_eq!(decrypt_name(&name, &room), RoomName::Unreadable);
    }
}
