//! The stored formats are pinned: values that an earlier version wrote must open in all later ones.
//!
//! An independent program (Python's `hmac` and the AES-GCM-SIV of its `cryptography` package)
//! computed the values from the descriptions in the code.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    CallKey, DeviceId, KeyOwner, Keyring, MasterKey, OpaqueRoomId, RoomsStorageKeys, SealedValue,
    UserId,
    keys::{Column, KeyCheck, KeyId, KeyPurpose, StoredKeys, WrappedKey},
};

const MASTER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CHECK: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\
    17936101db1cc3b674d9597b00a9a1e3a3785ae3741cf2204c997c89ca215345";
const WRAPPED: [(u32, KeyPurpose, &str); 4] = [
    (
        1,
        KeyPurpose::Data,
        "010101010101010101010101012bd0380eee23d16bddc59873b4b5ed5cfae36e2214211cec\
         2549735c8ea42db1564520fcbe9cbf2d34b777105b119bbb",
    ),
    (
        2,
        KeyPurpose::Index,
        "010202020202020202020202021d07572bc4b1a43feeb85b1d86ec77783a4f30a73de74d04\
         785e7c2f7851572686b28816acbf972d4133fbaac4ab74fc",
    ),
    (
        3,
        KeyPurpose::Password,
        "01030303030303030303030303d209b54b03d28c148ab5fd8b6386bde8c8d90045441ca1bd\
         5882d0cecf673cc9d84e118d93a4b689fd389d56acd9433b",
    ),
    (
        4,
        KeyPurpose::Event,
        "01040404040404040404040404155db381a02adfe36fbb3c1cdc4130a5bad4fa3cf8331a28\
         32c7d34b97a61eba2dd8d990314834fa78ec1278d209f1b9",
    ),
];
const SEALED: &str = "01000000015c5c5c5c5c5c5c5c5c5c5c5ca0e3ad2e997bfe3b185c067af045\
    b8f44234906c83a36932063cc085c4d0";
const ACCOUNT_INDEX: &str = "08e719612cba7306d1f38f2ca7af72875105b9b837d368351c4855ea2e18b997";
const PASSWORD_HASH: &str = "4383253a7efeafd09f3370be5962798b5d8efd3fc7c0eb3d132d98f19d4f0ac4";
const ROOM_INDEX: &str = "2569483e6e53e1bc15e2b526944d7041ecce2ba67f7bf4bfbca7f701350b0db7";
const LINK_CALL_INDEX: &str = "45024c6291725470942dd4373bd84348f88d03e41751035a5a476840c17233b9";
const GROUP_CALL_INDEX: &str = "129d3e687f87a6b7b3f46e2cc1f1907ad85302e3bdb5ea637d50c478b23e1572";
const USER_INDEX: &str = "7bdc51d1733e3c6ec07aca3af8cdec5d53efa4bdc0226f5cb2952926a038bda6";
const PASSKEY_HASH: &str = "e2a4b2ada1442690d38ba10a598a16f103ab6e5ed3768036c3f4baa111700be7";
const EVENT_KEY: &str = "404142434445464748494a4b4c4d4e4f404142434445464748494a4b4c4d4e4f";

#[test]
fn stored_keys_unlock_to_the_keys_that_were_wrapped() {
    let keyring = keyring();
    let keys = keyring.storage();
    let aci = Aci::from_bytes(std::array::from_fn(|i| 0x40 + u8::try_from(i).unwrap()));
    let hash = keys.password_hash(&aci, DeviceId::new(2).unwrap(), "correct horse");

    assert_eq!(hex::encode(keys.event_key().as_bytes()), EVENT_KEY);
    assert_eq!(
        hex::encode(keys.account_index(&aci).as_bytes()),
        ACCOUNT_INDEX
    );
    assert_eq!(hex::encode(hash.as_bytes()), PASSWORD_HASH);
}

#[test]
fn rooms_users_and_passkeys_are_hashed_as_ever() {
    let keys = RoomsStorageKeys::of(&keyring());
    let room = OpaqueRoomId::parse("0123abcd").unwrap();
    let user = UserId::parse("c0ffee").unwrap();
    let passkey: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    for (index, expected) in [
        (keys.room_index(&room), ROOM_INDEX),
        (
            keys.call_index(&CallKey::Link(room.clone())),
            LINK_CALL_INDEX,
        ),
        (
            keys.call_index(&CallKey::Group(room.clone())),
            GROUP_CALL_INDEX,
        ),
        (keys.user_index(&room, &user), USER_INDEX),
    ] {
        assert_eq!(hex::encode(index.as_bytes()), expected);
    }
    let hash = keys.passkey_hash(&room, &passkey);
    assert_eq!(hex::encode(hash.as_bytes()), PASSKEY_HASH);
    assert_eq!(hex::encode(keys.event_key().as_bytes()), EVENT_KEY);
}

#[test]
fn a_stored_value_opens() {
    let sealed = SealedValue::from_bytes(hex::decode(SEALED).unwrap());
    let column = Column::new("devices", "name");
    let opened = keyring().sealer().open(column, b"row 1", &sealed).unwrap();
    assert_eq!(opened.as_slice(), b"kitchen tablet");
}

fn keyring() -> Keyring {
    let stored = StoredKeys {
        check: KeyCheck::from_bytes(hex::decode(CHECK).unwrap().try_into().unwrap()),
        keys: WRAPPED
            .into_iter()
            .map(|(id, purpose, wrapped)| WrappedKey {
                id: KeyId::new(id),
                purpose,
                created: Timestamp::from_secs(0),
                wrapped: hex::decode(wrapped).unwrap(),
            })
            .collect(),
    };
    Keyring::unlock(
        KeyOwner::Issuer,
        &MasterKey::parse(MASTER).unwrap(),
        &stored,
    )
    .unwrap()
}

#[test]
fn a_user_has_one_index_however_the_second_half_of_the_id_reads() {
    let keys = RoomsStorageKeys::of(&keyring());
    let room = OpaqueRoomId::parse("0123abcd").unwrap();
    let index = |first: &str, second: &str| {
        let text = format!("00{}{}", first.repeat(64), second.repeat(64));
        keys.user_index(&room, &UserId::parse(&text).unwrap())
    };
    assert_eq!(index("a", "1"), index("a", "2"));
    assert_ne!(index("a", "1"), index("b", "1"));
}
