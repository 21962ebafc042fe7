//! The bodies of call links and of the peek, in both directions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_wire::{
    Base64,
    rooms::{
        ChangeBody, DeleteBody, EmptyBody, GuestsBody, LinkStateBody, ParticipantBody, PeekBody,
        Reason, ReasonBody, RestrictionsBody,
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// Writes the body as `json`, and reads the same body from it.
fn check<T: Serialize + DeserializeOwned>(body: &T, json: &str) {
    assert_eq!(serde_json::to_string(body).unwrap(), json);
    let read: T = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

fn bytes(bytes: &[u8]) -> Base64 {
    Base64::from(bytes)
}

fn link_state(epoch: Option<u32>) -> LinkStateBody {
    LinkStateBody {
        restrictions: RestrictionsBody::AdminApproval,
        name: bytes(b""),
        revoked: false,
        expiration: 1,
        delete_at: 2,
        guests: GuestsBody::Wait,
        epoch,
        admin_statement: None,
    }
}

#[test]
fn requests_name_only_the_members_that_they_have() {
    let whole = ChangeBody {
        admin_passkey: bytes(&[1; 16]),
        zkparams: Some("AA==".to_owned()),
        restrictions: Some(RestrictionsBody::None),
        name: Some(bytes(b"n")),
        revoked: Some(true),
        guests: Some(GuestsBody::No),
        admin_statement: Some(bytes(b"s")),
        end_call: Some(false),
    };
    check(
        &whole,
        r#"{"adminPasskey":"AQEBAQEBAQEBAQEBAQEBAQ==","zkparams":"AA==","restrictions":"none","name":"bg==","revoked":true,"guests":"no","adminStatement":"cw==","endCall":false}"#,
    );
    let least = ChangeBody {
        admin_passkey: bytes(&[1]),
        zkparams: None,
        restrictions: None,
        name: None,
        revoked: None,
        guests: None,
        admin_statement: None,
        end_call: None,
    };
    check(&least, r#"{"adminPasskey":"AQ=="}"#);
    let delete = DeleteBody {
        admin_passkey: bytes(&[1]),
        end_call: Some(true),
    };
    check(&delete, r#"{"adminPasskey":"AQ==","endCall":true}"#);
}

#[test]
fn only_a_delete_ignores_members_that_it_does_not_know() {
    let json = r#"{"adminPasskey":"AQ==","other":1}"#;
    assert!(serde_json::from_str::<ChangeBody>(json).is_err());
    serde_json::from_str::<DeleteBody>(json).unwrap();
}

#[test]
fn no_passkey_is_in_the_debug_text() {
    let json = r#"{"adminPasskey":"AQIDBA=="}"#;
    for text in [
        format!("{:?}", serde_json::from_str::<ChangeBody>(json).unwrap()),
        format!("{:?}", serde_json::from_str::<DeleteBody>(json).unwrap()),
    ] {
        assert!(text.contains("Base64(4 bytes)"), "{text}");
    }
}

#[test]
fn answers_show_devices_or_their_numbers() {
    let devices = PeekBody {
        conference_id: "e".to_owned(),
        max_devices: 75,
        participants: vec![ParticipantBody {
            opaque_user_id: Some("ab".to_owned()),
            demux_id: 16,
        }],
        participant_count: None,
        creator: Some("ab".to_owned()),
        pending_clients: vec![ParticipantBody {
            opaque_user_id: None,
            demux_id: 32,
        }],
        pending_count: None,
        call_link_state: Some(link_state(None)),
    };
    check(
        &devices,
        r#"{"conferenceId":"e","maxDevices":75,"participants":[{"opaqueUserId":"ab","demuxId":16}],"creator":"ab","pendingClients":[{"demuxId":32}],"callLinkState":{"restrictions":"adminApproval","name":"","revoked":false,"expiration":1,"delete_at":2}}"#,
    );
    let numbers = PeekBody {
        conference_id: "e".to_owned(),
        max_devices: 75,
        participants: Vec::new(),
        participant_count: Some(1),
        creator: None,
        pending_clients: Vec::new(),
        pending_count: Some(0),
        call_link_state: None,
    };
    check(
        &numbers,
        r#"{"conferenceId":"e","maxDevices":75,"participants":[],"participantCount":1,"pendingCount":0}"#,
    );
}

#[test]
fn small_answers_are_as_written() {
    check(
        &link_state(Some(7)),
        r#"{"restrictions":"adminApproval","name":"","revoked":false,"expiration":1,"delete_at":2,"epoch":7}"#,
    );
    let stated = LinkStateBody {
        admin_statement: Some(bytes(b"s")),
        ..link_state(None)
    };
    check(
        &stated,
        r#"{"restrictions":"adminApproval","name":"","revoked":false,"expiration":1,"delete_at":2,"adminStatement":"cw=="}"#,
    );
    check(&EmptyBody {}, "{}");
    for (reason, json) in [
        (Reason::Expired, r#"{"reason":"expired"}"#),
        (Reason::Invalid, r#"{"reason":"invalid"}"#),
    ] {
        check(&ReasonBody { reason }, json);
    }
}
