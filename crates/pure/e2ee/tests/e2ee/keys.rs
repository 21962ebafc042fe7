//! Keys of people: how they are derived, and that none of them shows itself.

use anteroom_e2ee::{
    AdminPublicKey, AdminSecret, CertificateKey, DeviceSecret, EraPsk, IdentityKey,
    MemberPublicKey, PublicKeyError,
};
use anteroom_protocol::RootKey;

use crate::common::{era, rng, room, root_key};

/// Computed apart from this crate, with HMAC-SHA256 of Python's standard library and Ed25519 of its package
/// `cryptography`, for the room id 01…01, a secret of 02…02, the era id 03…03 and the `crn` 00 01 … 0f.
const PASSKEY: &str = "50531b2805c10386f1b9c1b3a7d2e766";
const ADMIN_KEY: &str = "f93a4116c18741be2a2234ea7ca0548786a6c9648a8d3b4f40fd7b1eae6cf669";
const MEMBER_KEY: &str = "105c8781cbbef9b1c9976d9c85499d606780a488140a97ee1f1b946ca0a0a31c";
const ERA_PSK: &str = "78b421bdf023873586be72e27607e9b671e5dda4aa99727033ce4b8ae8613abe";

#[test]
fn keys_are_derived_by_hkdf_with_a_label_each() {
    let admin = AdminSecret::from_bytes([2; 32]);
    assert_eq!(hex::encode(admin.passkey(&room(1)).as_bytes()), PASSKEY);
    let key = admin.admin_key(&room(1)).public();
    assert_eq!(hex::encode(key.as_bytes()), ADMIN_KEY);
    let device = DeviceSecret::from_bytes([2; 32]);
    let key = device.member_key(&room(1)).public();
    assert_eq!(hex::encode(key.as_bytes()), MEMBER_KEY);
    let crn: [u8; 16] = core::array::from_fn(|index| u8::try_from(index).unwrap());
    let psk = EraPsk::derive(&RootKey::from_bytes(&crn).unwrap(), era(3));
    assert_eq!(hex::encode(psk.as_bytes()), ERA_PSK);
    let epoch = [&crn[..], &[1, 0, 0, 0, 9]].concat();
    let version_1 = EraPsk::derive(&RootKey::from_bytes(&epoch).unwrap(), era(3));
    assert_eq!(version_1.as_bytes(), psk.as_bytes());
}

#[test]
fn rooms_and_eras_have_keys_of_their_own() {
    let admin = AdminSecret::random(&mut rng(1));
    let device = DeviceSecret::random(&mut rng(2));
    let (here, there) = (room(1), room(2));
    let passkeys = [&here, &there].map(|room| *admin.passkey(room).as_bytes());
    assert_ne!(passkeys[0], passkeys[1]);
    let admins = [&here, &there].map(|room| admin.admin_key(room).public());
    assert_ne!(admins[0], admins[1]);
    let members = [&here, &there].map(|room| device.member_key(room).public());
    assert_ne!(members[0], members[1]);
    let psks = [1, 2].map(|number| *EraPsk::derive(&root_key(1), era(number)).as_bytes());
    assert_ne!(psks[0], psks[1]);
    assert_ne!(EraPsk::id(era(1)), EraPsk::id(era(2)));
    let of_another_link = EraPsk::derive(&root_key(2), era(1));
    assert_ne!(psks[0], *of_another_link.as_bytes());
}

#[test]
fn stored_keys_come_back() {
    let admin = AdminSecret::random(&mut rng(1));
    assert_eq!(
        AdminSecret::from_bytes(*admin.as_bytes()).as_bytes(),
        admin.as_bytes()
    );
    let identity = IdentityKey::random(&mut rng(2));
    let again = IdentityKey::from_seed(identity.seed());
    assert_eq!(again.public(), identity.public());
    let issuer = CertificateKey::random(&mut rng(3));
    let again = CertificateKey::from_seed(issuer.seed());
    assert_eq!(again.public(), issuer.public());
    let public = admin.admin_key(&room(1)).public();
    assert_eq!(AdminPublicKey::from_bytes(public.as_bytes()), Ok(public));
}

#[test]
fn points_of_small_order_and_other_encodings_are_no_public_keys() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let beyond_the_prime = {
        let mut bytes = [0xff; 32];
        bytes[31] = 0x7f;
        bytes
    };
    for bytes in [&neutral[..], &[0; 32], &beyond_the_prime, &[9; 31], &[]] {
        assert_eq!(MemberPublicKey::from_bytes(bytes), Err(PublicKeyError));
    }
}

/// A y-coordinate above the prime, 2^255 - 19, and a sign of the x-coordinate 0.
#[test]
fn a_public_key_has_one_encoding() {
    let encoded = |first: u8, middle: u8, last: u8| {
        let mut bytes = [middle; 32];
        (bytes[0], bytes[31]) = (first, last);
        bytes
    };
    for first in 0xed..=0xff {
        for last in [0x7f, 0xff] {
            let parsed = MemberPublicKey::from_bytes(&encoded(first, 0xff, last));
            assert_eq!(parsed, Err(PublicKeyError));
        }
    }
    for bytes in [encoded(1, 0, 0x80), encoded(0xec, 0xff, 0xff)] {
        assert_eq!(MemberPublicKey::from_bytes(&bytes), Err(PublicKeyError));
    }
    // Some of the largest coordinates below the prime are those of keys.
    let below = (0xd0..=0xec).filter(|first| {
        let bytes = encoded(*first, 0xff, 0x7f);
        MemberPublicKey::from_bytes(&bytes).is_ok_and(|key| *key.as_bytes() == bytes)
    });
    assert!(below.count() > 0);
}

#[test]
fn a_join_names_the_public_key() {
    let key = DeviceSecret::random(&mut rng(1))
        .member_key(&room(1))
        .public();
    assert_eq!(key.named().as_bytes(), key.as_bytes());
}

#[test]
fn no_key_shows_itself() {
    let admin = AdminSecret::random(&mut rng(1));
    let device = DeviceSecret::random(&mut rng(2));
    let psk = EraPsk::derive(&root_key(1), era(1));
    let shown = [
        format!("{admin:?}"),
        format!("{:?}", admin.admin_key(&room(1))),
        format!("{device:?}"),
        format!("{:?}", device.member_key(&room(1))),
        format!("{:?}", device.member_key(&room(1)).public()),
        format!("{psk:?}"),
    ];
    for text in shown {
        assert!(text.ends_with("(..)") && text.len() < 24, "{text}");
    }
}
