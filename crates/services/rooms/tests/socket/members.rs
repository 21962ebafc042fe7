//! Section 7: the member keys of devices.

use anteroom_protocol::MemberKey;
use anteroom_testkit::{LogGuard, TestRooms};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{
    End, TestSocket, admin_join, created, demux_id, ids, join, join_with, member_join, member_text,
    peek, rest, set, wait_for_end,
};

const KEY: MemberKey = MemberKey::from_bytes([0xfb; 32]);
const OTHER_KEY: MemberKey = MemberKey::from_bytes([0xfc; 32]);

/// Returns the member keys in a list of devices.
fn members(list: &Value) -> Vec<&str> {
    let devices = list.as_array().unwrap().iter();
    devices
        .map(|device| device["member"].as_str().unwrap_or("-"))
        .collect()
}

#[tokio::test]
async fn a_captured_presentation_holds_with_its_own_member_key_alone_verified_before_or_not() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let bound = rooms.auth_for_member(&link, &aci, &KEY);
    let unbound = rooms.auth(&link, &aci);
    for round in ["not verified before", "known to hold"] {
        for (auth, member) in [
            (&bound, Some(&OTHER_KEY)),
            (&bound, None),
            (&unbound, Some(&KEY)),
        ] {
            let mut client = TestSocket::connect(&rooms).await;
            client.send(&join_with(&link, auth, member)).await;
            let refusal = ("presentation_invalid".to_owned(), End::Closed(1008));
            assert_eq!(client.refusal().await, refusal, "{round}, {member:?}");
        }
        for (auth, member) in [(&bound, Some(&KEY)), (&unbound, None)] {
            let (mut client, _) = TestSocket::joined(&rooms, join_with(&link, auth, member)).await;
            client.send(&json!({"type": "leave"})).await;
            client.end().await;
        }
    }
    // A request has no member key.
    for (auth, status) in [(bound, StatusCode::FORBIDDEN), (unbound, StatusCode::OK)] {
        let auth = format!("Bearer auth.{auth}");
        let answer = rest(
            &rooms,
            Method::GET,
            "/v1/call-link",
            &link,
            auth,
            Value::Null,
        );
        assert_eq!(answer.await.0, status);
    }
}

#[tokio::test]
async fn member_keys_of_active_devices_are_shown_to_all_and_those_of_the_lobby_to_admins() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let keys: [MemberKey; 2] = [b'h', b'g'].map(|byte| {
        let mut bytes = *b"a member key of this test ......";
        bytes[31] = byte;
        MemberKey::from_bytes(bytes)
    });
    let [host_key, guest_key] = [member_text(&keys[0]), member_text(&keys[1])];
    let guard = LogGuard::global();
    for key in &keys {
        guard.watch_bytes("a member key", key.as_bytes());
        guard.watch_text("a member key", &member_text(key));
    }
    let mut host_join = member_join(&rooms, &link, &admin, &keys[0]);
    set(&mut host_join, "adminPasskey", json!(link.passkey_text()));
    let (mut host, told) = TestSocket::joined(&rooms, host_join).await;
    assert_eq!(members(&told["participants"]), [&host_key]);
    let features = told["features"].as_array().unwrap();
    assert!(features.contains(&json!("member")), "{features:?}");

    let guest = rooms.new_account();
    let guest_join = member_join(&rooms, &link, &guest, &keys[1]);
    let (mut visitor, told) = TestSocket::joined(&rooms, guest_join).await;
    assert_eq!(members(&told["participants"]), [&host_key], "in the lobby");
    assert_eq!(told["pending"], json!([]));
    let stranger = rooms.new_account();
    let (mut waiting, _) = TestSocket::joined(&rooms, join(&rooms, &link, &stranger)).await;
    let seen = host
        .roster(|roster| ids(roster, "pending").len() == 2)
        .await;
    assert_eq!(members(&seen["pending"]), [&guest_key, "-"]);

    let approve = json!({"type": "approve", "demuxId": ids(&seen, "pending")[0]});
    host.send(&approve).await;
    for client in [&mut host, &mut visitor, &mut waiting] {
        let seen = client
            .roster(|roster| ids(roster, "active").len() == 2)
            .await;
        assert_eq!(members(&seen["active"]), [&host_key, &guest_key]);
    }
    for aci in [&admin, &guest] {
        let (_, seen) = peek(&rooms, &link, aci).await;
        assert_eq!(seen["participants"].as_array().map(Vec::len), Some(2));
        assert!(!seen.to_string().contains("member"), "{seen}");
    }
    for client in [&mut waiting, &mut visitor, &mut host] {
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    wait_for_end(&rooms, &link, &admin).await;
    guard.assert_clean();
    guard.assert_absent_from(rooms.directory());
    let events = format!("{:?}", rooms.events.take());
    assert!(!events.contains(&guest_key), "{events}");
}

#[tokio::test]
async fn a_member_key_that_is_no_base64url_of_32_bytes_refuses_the_join() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    for member in [
        json!(""),
        json!(URL_SAFE_NO_PAD.encode([0xfb; 31])),
        json!(URL_SAFE_NO_PAD.encode([0xfb; 33])),
        json!(format!("{}=", member_text(&KEY))),
        json!(member_text(&KEY).replace('-', "+")),
        json!(7),
        json!({"key": member_text(&KEY)}),
    ] {
        let mut refused = member_join(&rooms, &link, &aci, &KEY);
        set(&mut refused, "member", member.clone());
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&refused).await;
        let refusal = ("invalid_message".to_owned(), End::Closed(1002));
        assert_eq!(client.refusal().await, refusal, "{member}");
    }
}

#[tokio::test]
async fn a_place_is_resumed_with_its_own_member_key_alone() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (client, first) = TestSocket::joined(&rooms, member_join(&rooms, &link, &aci, &KEY)).await;
    drop(client);
    let resuming = |mut join: Value| {
        set(&mut join, "resume", first["resume"].clone());
        TestSocket::joined(&rooms, join)
    };
    // Neither takes the place, nor uses the secret up.
    let (_other, joined) = resuming(member_join(&rooms, &link, &aci, &OTHER_KEY)).await;
    assert_ne!(demux_id(&joined), demux_id(&first));
    let (_none, joined) = resuming(join(&rooms, &link, &aci)).await;
    assert_ne!(demux_id(&joined), demux_id(&first));
    let (_back, joined) = resuming(member_join(&rooms, &link, &aci, &KEY)).await;
    assert_eq!(demux_id(&joined), demux_id(&first));
    let expected = [member_text(&KEY), member_text(&OTHER_KEY), "-".to_owned()];
    assert_eq!(members(&joined["participants"]), expected);
}

#[tokio::test]
async fn a_client_that_names_no_member_key_has_an_entry_as_before() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (_host, told) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let own = json!({
        "demuxId": demux_id(&told), "opaqueUserId": link.opaque_id(&admin), "admin": true,
    });
    assert_eq!(told["participants"], json!([own]));
}
