//! The seal of handshake bodies.

use anteroom_e2ee::{BodyTooLong, GroupEpoch, HandshakeKey, HandshakeKind};

use crate::common::{era, rng, root_key};

#[test]
fn a_body_opens_for_its_kind_epoch_link_and_era_alone() {
    let key = HandshakeKey::derive(&root_key(1), era(1));
    let epoch = |group, epoch| Some(GroupEpoch { group, epoch });
    let kind = HandshakeKind::Commit;
    let sealed = key.seal(kind, epoch(1, 2), b"body", &mut rng(1)).unwrap();
    let opened = key.open(kind, epoch(1, 2), &sealed).unwrap();
    assert_eq!(opened.as_slice(), b"body");
    for other in [epoch(1, 3), epoch(2, 2), None] {
        assert!(key.open(kind, other, &sealed).is_err());
    }
    assert!(
        key.open(HandshakeKind::Welcome, epoch(1, 2), &sealed)
            .is_err()
    );
    for other in [
        HandshakeKey::derive(&root_key(2), era(1)),
        HandshakeKey::derive(&root_key(1), era(2)),
    ] {
        assert!(other.open(kind, epoch(1, 2), &sealed).is_err());
    }
    for length in 0..sealed.len() {
        assert!(key.open(kind, epoch(1, 2), &sealed[..length]).is_err());
    }
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert!(key.open(kind, epoch(1, 2), &changed).is_err());
    }
}

#[test]
fn bodies_are_as_long_as_the_room_service_passes_on() {
    let key = HandshakeKey::derive(&root_key(1), era(1));
    for (kind, longest) in [
        (HandshakeKind::Commit, 65_536),
        (HandshakeKind::Welcome, 114_688),
        (HandshakeKind::KeyPackage, 8_192),
    ] {
        let body = vec![0; longest - 29];
        let sealed = key.seal(kind, None, &body, &mut rng(1)).unwrap();
        assert_eq!(sealed.len(), longest);
        assert!(key.open(kind, None, &sealed).is_ok());
        let longer = key.seal(kind, None, &[&body[..], &[0]].concat(), &mut rng(1));
        assert_eq!(longer, Err(BodyTooLong));
    }
}
