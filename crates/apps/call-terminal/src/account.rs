//! The account ids of participants. Holders of the link can decrypt them.

use anteroom_client::OpaqueUserId;
use anteroom_protocol::{CallLinkSecretParams, ServiceId};

/// The prefix of a short form. Names contain no number sign, so that none can imitate it.
const MARK: &str = "id#";
/// The number of digits of a short form.
const SHORT: usize = 8;

/// The account of a device, as the room service names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceAccount {
    Known(ServiceId),
    /// The id was not encrypted with the room's key.
    Unreadable,
}

impl DeviceAccount {
    /// Decrypts the id of a user of a room.
    pub(super) fn of(user: &OpaqueUserId, room: &CallLinkSecretParams) -> Self {
        user.decrypt(room).map_or(Self::Unreadable, Self::Known)
    }

    /// Returns the first digits of the id.
    pub(super) fn short(&self) -> String {
        let digits = match self {
            Self::Known(id) => hex::encode(id.uuid_bytes()),
            Self::Unreadable => "?".repeat(SHORT),
        };
        format!("{MARK}{}", digits.get(..SHORT).unwrap_or_default())
    }

    /// Returns the whole id.
    pub(super) fn whole(&self) -> Option<String> {
        match self {
            Self::Known(id) => Some(id.to_service_id_string()),
            Self::Unreadable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{Aci, RootKey};

    use super::*;

    #[test]
    fn an_account_is_read_with_the_key_of_its_room_and_with_no_other() {
        let room = |first| {
            let bytes = [first, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
            RootKey::from_bytes(&bytes).unwrap().secret_params()
        };
        let aci = Aci::parse("a36c1a6b-a6aa-4861-a755-2391193f5677").unwrap();
        let user = hex::encode(room(20).encrypt(&aci.into()).to_bytes());
        let user = OpaqueUserId::parse(&user).unwrap();
        let account = DeviceAccount::of(&user, &room(20));
        assert_eq!(account.short(), "id#a36c1a6b");
        let whole = "a36c1a6b-a6aa-4861-a755-2391193f5677";
        assert_eq!(account.whole().as_deref(), Some(whole));
        let other = DeviceAccount::of(&user, &room(21));
        assert_eq!(
            (other.short().as_str(), other.whole()),
            ("id#????????", None)
        );
    }
}
