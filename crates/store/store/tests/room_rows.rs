//! The row types of the room service.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_protocol::{
    AdminStatement, CallLinkSecretParams, DAY, EraId, GuestAdmission, ParseError, Restrictions,
    RootKey, Timestamp,
};
use anteroom_store::{
    CallKey, CallLinkRecord, CallRecord, Epoch, LinkAddress, LinkName, LinkNameError, MediaAddress,
    NewCallLink, NodeName, NodeNameError, OpaqueRoomId, OpaqueRoomIdError, PasskeyHash, UserId,
    UserIdError,
};
use rand::{SeedableRng, rngs::StdRng};

#[test]
fn room_ids_have_1_to_128_characters_without_a_colon() {
    for text in ["a".to_owned(), "a".repeat(128), "\u{e9}".repeat(128)] {
        assert_eq!(OpaqueRoomId::parse(&text).unwrap().as_str(), text);
    }
    for text in [
        String::new(),
        "a".repeat(129),
        "a:b".to_owned(),
        ":".to_owned(),
    ] {
        assert_eq!(OpaqueRoomId::parse(&text), Err(OpaqueRoomIdError), "{text}");
    }
}

#[test]
fn user_ids_have_1_to_256_characters() {
    for text in ["a".to_owned(), "a".repeat(256)] {
        assert_eq!(UserId::parse(&text).unwrap().as_str(), text);
    }
    for text in [String::new(), "a".repeat(257)] {
        assert_eq!(UserId::parse(&text), Err(UserIdError), "{text}");
    }
}

#[test]
fn names_have_at_most_288_bytes() {
    for length in [0, 288] {
        assert_eq!(
            LinkName::new(vec![1; length]).unwrap().as_bytes().len(),
            length
        );
    }
    assert!(matches!(LinkName::new(vec![1; 289]), Err(LinkNameError)));
}

#[test]
fn nodes_and_media_servers_have_1_to_255_bytes() {
    for text in ["a".to_owned(), "a".repeat(255)] {
        assert_eq!(NodeName::parse(&text).unwrap().as_str(), text);
        assert_eq!(MediaAddress::parse(&text).unwrap().as_str(), text);
    }
    for text in [String::new(), "a".repeat(256)] {
        assert_eq!(NodeName::parse(&text), Err(NodeNameError));
        assert_eq!(MediaAddress::parse(&text), Err(NodeNameError));
    }
}

#[test]
fn calls_of_links_are_told_from_calls_of_groups() {
    let room = OpaqueRoomId::parse("ab12").unwrap();
    for (key, text) in [
        (CallKey::Link(room.clone()), "adhoc:ab12"),
        (CallKey::Group(room), "ab12"),
    ] {
        assert_eq!(key.to_text(), text);
        assert_eq!(CallKey::parse(text).unwrap(), key);
    }
    for text in ["", "adhoc:", "adhoc:adhoc:ab12", "other:ab12", ":"] {
        assert_eq!(CallKey::parse(text), Err(OpaqueRoomIdError), "{text}");
    }
}

#[test]
fn eras_are_32_lower_case_hex_digits() {
    let era = EraId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
    let text = "000102030405060708090a0b0c0d0eff";
    assert_eq!(era.to_string(), text);
    assert_eq!(EraId::parse(text), Ok(era));
    for text in [
        "",
        "000102030405060708090a0b0c0d0ef",
        "000102030405060708090a0b0c0d0eff0",
        "000102030405060708090A0B0C0D0EFF",
        "+00102030405060708090a0b0c0d0eff",
        "g00102030405060708090a0b0c0d0eff",
    ] {
        assert_eq!(EraId::parse(text), Err(ParseError), "{text}");
    }
}

#[test]
fn a_new_link_expires_after_90_days_and_goes_after_180() {
    let now = Timestamp::from_secs(1_000 * DAY + 5);
    let link = link(now);
    assert_eq!(link.expiration, now.plus(90 * DAY));
    assert_eq!(link.delete_at, now.plus(180 * DAY));
    for (revoked, moment, open) in [
        (false, now, true),
        (false, link.expiration.minus(1), true),
        (false, link.expiration, false),
        (true, now, false),
    ] {
        let link = CallLinkRecord {
            revoked,
            ..link.clone()
        };
        assert_eq!(link.is_open(moment), open);
    }
}

#[test]
fn a_record_holds_until_its_lease_is_over() {
    let now = Timestamp::from_secs(100);
    let mut call = call(now);
    call.lease_until = Some(now.plus(30));
    assert!(call.is_live(now.plus(29)));
    assert!(!call.is_live(now.plus(30)));
    call.lease_until = None;
    assert!(call.is_live(now.plus(10_000 * DAY)));
}

#[test]
fn debug_output_shows_no_room_user_name_or_passkey() {
    let now = Timestamp::from_secs(100);
    let link = link(now);
    let shown = format!(
        "{link:?} {:?} {:?} {:?} {:?}",
        link.address(),
        link.name,
        link.admin_statement,
        call(now)
    );
    for secret in ["5ec2e7", "c0ffee", "[7", " 7,", "[9", " 9,"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

/// Returns a link of the room `5ec2e7`.
fn link(now: Timestamp) -> CallLinkRecord {
    let root_key = RootKey::generate_v0(&mut StdRng::seed_from_u64(1));
    let address = LinkAddress {
        room: OpaqueRoomId::parse("5ec2e7").unwrap(),
        epoch: Some(Epoch::new(1)),
    };
    let content = NewCallLink {
        passkey_hash: PasskeyHash::from_bytes([7; 32]),
        zkparams: CallLinkSecretParams::derive(&root_key).public_params(),
        restrictions: Restrictions::AdminApproval,
        guests: GuestAdmission::Wait,
        name: LinkName::new([9; 60]).unwrap(),
        revoked: false,
        admin_statement: AdminStatement::new([9; 60]).unwrap(),
    };
    CallLinkRecord::new(address, content, now)
}

/// Returns a call in that room, started by `c0ffee`.
fn call(now: Timestamp) -> CallRecord {
    CallRecord {
        key: CallKey::Link(OpaqueRoomId::parse("5ec2e7").unwrap()),
        era: EraId::from_bytes([1; 16]),
        creator: UserId::parse("c0ffee").unwrap(),
        node: NodeName::parse("node").unwrap(),
        media: None,
        started: now,
        lease_until: None,
    }
}
