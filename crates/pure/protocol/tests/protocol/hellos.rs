//! Sealed hellos: the keys and users with which they open.

use anteroom_protocol::*;

use crate::common::Seed;

struct Room {
    root_key: RootKey,
    key: HelloKey,
    ann: UidCiphertext,
    bob: UidCiphertext,
}

fn room(seed: u64) -> Room {
    let root_key = Seed::new(seed).root_key();
    let mut people = Seed::new(0);
    let params = root_key.secret_params();
    let mut user = || params.encrypt(&ServiceId::Aci(people.aci()));
    Room {
        ann: user(),
        bob: user(),
        key: HelloKey::derive(&root_key),
        root_key,
    }
}

#[test]
fn a_hello_of_any_length_comes_through_and_shows_its_length_in_steps_of_256_bytes() {
    let room = room(1);
    for (length, sealed_length) in [(0, 285), (1, 285), (255, 285), (256, 541), (511, 541)] {
        for last in [7, 0x80, 0] {
            let mut hello = vec![7; length];
            if let Some(byte) = hello.last_mut() {
                *byte = last;
            }
            let sealed = room.key.seal(&room.ann, &hello, [3; 12]).unwrap();
            assert_eq!(sealed.len(), sealed_length);
            assert!(sealed.len() <= HelloKey::MAX_SEALED);
            assert_eq!(*room.key.open(&room.ann, &sealed).unwrap(), hello);
        }
    }
    assert_eq!(HelloKey::MAX_HELLO, 511);
    let long = room.key.seal(&room.ann, &[7; 512], [3; 12]);
    assert_eq!(long, Err(HelloTooLong));
}

#[test]
fn a_hello_opens_for_its_user_in_its_room_alone() {
    let (here, there) = (room(1), room(2));
    let sealed = here.key.seal(&here.ann, b"Ann", [3; 12]).unwrap();
    assert!(here.key.open(&here.ann, &sealed).is_ok());
    assert!(here.key.open(&here.bob, &sealed).is_err(), "another user");
    assert!(there.key.open(&there.ann, &sealed).is_err(), "another room");
    assert!(there.key.open(&here.ann, &sealed).is_err(), "another key");
}

#[test]
fn nothing_but_the_whole_hello_opens() {
    let room = room(1);
    let sealed = room.key.seal(&room.ann, b"Ann", [3; 12]).unwrap();
    for length in 0..sealed.len() {
        assert!(room.key.open(&room.ann, &sealed[..length]).is_err());
    }
    for index in 0..sealed.len() {
        let mut tampered = sealed.clone();
        tampered[index] ^= 1;
        assert!(room.key.open(&room.ann, &tampered).is_err(), "{index}");
    }
    for length in [sealed.len() + 1, 640, 641, 100_000] {
        let mut longer = sealed.clone();
        longer.resize(length, 0);
        assert!(room.key.open(&room.ann, &longer).is_err(), "{length}");
    }
}

#[test]
fn both_versions_of_a_root_key_open_the_same_hellos() {
    let room = room(1);
    let seed = room.root_key.to_bytes();
    let bytes = [seed.as_slice(), &[1, 0, 0, 0, 9]].concat();
    let version_1 = RootKey::from_bytes(&bytes).unwrap();
    let sealed = room.key.seal(&room.ann, b"Ann", [3; 12]).unwrap();
    let opened = HelloKey::derive(&version_1).open(&room.ann, &sealed);
    assert_eq!(*opened.unwrap(), b"Ann");
}
