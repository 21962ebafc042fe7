use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::*;

fn rng() -> impl CryptoRng {
    ChaCha20Rng::seed_from_u64(7)
}

fn key(seed: u8, era: u8) -> EraKey {
    let mut bytes = [seed; 16];
    for (place, byte) in bytes.iter_mut().zip(1..) {
        *place ^= byte;
    }
    let root = RootKey::from_bytes(&bytes).unwrap();
    EraKey::derive(&root, EraId::from_bytes([era; 16]))
}

fn device(number: u32) -> DemuxId {
    DemuxId::new(number).unwrap()
}

#[test]
fn a_message_of_any_length_comes_through_once() {
    let mut rng = rng();
    let mut sealer = MessageSealer::new(key(1, 1), device(16));
    let mut opener = MessageOpener::new(key(1, 1));
    for length in [0, 1, 62, 63, 64, 65, 1000, MAX_MESSAGE] {
        let mut message = vec![0; length];
        rng.fill_bytes(&mut message);
        let body = sealer.seal(&message, &mut rng).unwrap();
        assert!(body.len() <= MAX_BODY, "{length}");
        assert_eq!((body.len() - HEAD_LENGTH - TAG_LENGTH) % BLOCK, 0);
        assert_eq!(*opener.open(device(16), &body).unwrap(), message);
        let again = opener.open(device(16), &body);
        assert_eq!(again.unwrap_err(), OpenError::Replayed);
    }
    let long = vec![0; MAX_MESSAGE + 1];
    assert_eq!(sealer.seal(&long, &mut rng), Err(MessageTooLong));
}

#[test]
fn messages_that_end_in_padding_bytes_keep_them() {
    let mut sealer = MessageSealer::new(key(1, 1), device(16));
    let mut opener = MessageOpener::new(key(1, 1));
    for message in [&[0x80][..], &[0x80, 0], &[0, 0, 0x80, 0x80, 0]] {
        let body = sealer.seal(message, &mut rng()).unwrap();
        assert_eq!(*opener.open(device(16), &body).unwrap(), message);
    }
}

#[test]
fn earlier_messages_are_refused_after_later_ones_of_the_same_device_only() {
    let mut rng = rng();
    let mut one = MessageSealer::new(key(1, 1), device(16));
    let mut two = MessageSealer::new(key(1, 1), device(32));
    let mut opener = MessageOpener::new(key(1, 1));
    let bodies: Vec<Vec<u8>> = (0..3).map(|_| one.seal(b"a", &mut rng).unwrap()).collect();
    let other = two.seal(b"b", &mut rng).unwrap();
    assert!(opener.open(device(16), &bodies[1]).is_ok());
    let late = opener.open(device(16), &bodies[0]);
    assert_eq!(late.unwrap_err(), OpenError::Replayed);
    assert!(opener.open(device(32), &other).is_ok());
    assert!(opener.open(device(16), &bodies[2]).is_ok());
}

#[test]
fn any_changed_bit_and_any_other_sender_era_or_room_is_refused() {
    let mut sealer = MessageSealer::new(key(1, 1), device(16));
    let body = sealer.seal(b"hello", &mut rng()).unwrap();
    let mut opener = MessageOpener::new(key(1, 1));
    for bit in 0..body.len() * 8 {
        let mut changed = body.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = opener.open(device(16), &changed);
        assert_eq!(refused.unwrap_err(), OpenError::Forged, "bit {bit}");
    }
    for length in 0..body.len() {
        assert!(opener.open(device(16), &body[..length]).is_err());
    }
    assert!(opener.open(device(32), &body).is_err());
    assert!(
        MessageOpener::new(key(1, 2))
            .open(device(16), &body)
            .is_err()
    );
    assert!(
        MessageOpener::new(key(2, 1))
            .open(device(16), &body)
            .is_err()
    );
    // The rejected body did not advance the counter.
    assert!(opener.open(device(16), &body).is_ok());
}

#[test]
fn both_versions_of_a_root_key_give_the_same_key() {
    let bytes: Vec<u8> = (1..=16).collect();
    let short = RootKey::from_bytes(&bytes).unwrap();
    let long = RootKey::from_bytes(&[&bytes[..], &[1, 0, 0, 0, 9]].concat()).unwrap();
    let era = EraId::from_bytes([5; 16]);
    assert_eq!(EraKey::derive(&short, era).0, EraKey::derive(&long, era).0);
}

#[test]
fn the_format_does_not_change() {
    let mut sealer = MessageSealer::new(key(3, 9), device(0x1230));
    let body = sealer.seal(b"pinned", &mut rng()).unwrap();
    let expected = concat!(
        "01000000000000000119454a27b752f905909507d6158d6ae2ceb9e3427ed8db5657b241443cc4cfe9",
        "adbcfd0cac43494bf0ff180778179b44d7db4b843b328de822da1871eefa60498dac2b52f69a2ec9b4",
        "58496cc36cb6448722a5a70f95363f25fbf530",
    );
    assert_eq!(hex::encode(&body), expected);
}
