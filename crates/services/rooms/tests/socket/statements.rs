//! Section 7: the statements of admins, which the service delivers and cannot read.

use std::time::Duration;

use anteroom_rooms::LeaseSettings;
use anteroom_testkit::{LogGuard, TestRooms, TestRoomsOptions};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};

use crate::client::{
    End, TestSocket, admin_join, approvals, base64, created, demux_id, ids, join, peek, rest, set,
    update, wait_for_end,
};

fn approve(device: &Value, statement: &str) -> Value {
    json!({"type": "approve", "demuxId": demux_id(device), "statement": statement})
}

#[tokio::test]
async fn an_approval_brings_its_statement_to_the_device_that_it_is_about() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut one, first) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let (mut two, _) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    host.send(&approve(&first, "-_8")).await;
    let admitted = one.next_of("admitted").await;
    assert_eq!(admitted, json!({"type": "admitted", "statement": "-_8"}));
    // The approval is the user's, and the statement is of one key.
    let admitted = two.next_of("admitted").await;
    assert_eq!(admitted, json!({"type": "admitted"}));
    let (mut three, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    assert_eq!(joined["status"], "active");
    assert_eq!(joined["statement"], Value::Null);
    // A device that is in receives a statement alone, and each newer one.
    for statement in ["Zm9y", "-_8"] {
        host.send(&approve(&joined, statement)).await;
        let admitted = three.next_of("admitted").await;
        assert_eq!(admitted["statement"], statement);
    }
    let without = json!({"type": "approve", "demuxId": demux_id(&first)});
    assert_eq!(host.said(&without).await, ["not_pending"]);
}

#[tokio::test]
async fn a_device_that_was_lost_is_told_the_statement_at_each_resume() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (visitor, mut told) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    assert_eq!(told["statement"], Value::Null);
    drop(visitor);
    let is_lost = |roster: &Value| roster["pending"][0]["lost"] == true;
    host.roster(is_lost).await;
    host.send(&approve(&told, "Zm9y")).await;
    host.roster(|roster| ids(roster, "active").len() == 2).await;
    for _ in 0..2 {
        let mut resume = join(&rooms, &link, &guest);
        set(&mut resume, "resume", told["resume"].clone());
        let client;
        (client, told) = TestSocket::joined(&rooms, resume).await;
        assert_eq!(
            (&told["status"], &told["statement"]),
            (&json!("active"), &json!("Zm9y"))
        );
        drop(client);
    }
}

#[tokio::test]
async fn a_statement_that_is_no_base64url_of_1_to_512_bytes_ends_the_connection() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut visitor, waits) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let of_length = |length: usize| URL_SAFE_NO_PAD.encode(vec![0xfb; length]);
    for statement in [
        json!(""),
        json!(of_length(513)),
        json!("aGk="),
        json!("/+8"),
        json!(7),
    ] {
        let mut refused = approve(&waits, "aGk");
        set(&mut refused, "statement", statement.clone());
        let join = admin_join(&rooms, &link, &admin);
        let (mut other, _) = TestSocket::joined(&rooms, join).await;
        other.send(&refused).await;
        let refusal = ("invalid_message".to_owned(), End::Closed(1002));
        assert_eq!(other.refusal().await, refusal, "{statement}");
    }
    host.send(&approve(&waits, &of_length(512))).await;
    let admitted = visitor.next_of("admitted").await;
    assert_eq!(admitted["statement"], of_length(512));
}

#[tokio::test]
async fn the_statement_of_the_admins_is_told_wherever_the_link_is() {
    // Changes reach pending devices at once, not only at the next periodic look.
    let rooms = TestRooms::start_with(TestRoomsOptions {
        leases: LeaseSettings {
            lobby_refresh: Duration::from_secs(86_400),
            ..LeaseSettings::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut visitor, before) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    assert_eq!(before["callLinkState"]["adminStatement"], Value::Null);
    let longest = base64(&[0xfb; 1024]);
    let statement = json!({"adminStatement": longest});
    assert_eq!(update(&rooms, &link, &admin, statement).await, 200);
    let told = visitor.next_of("link").await;
    assert_eq!(told["callLinkState"]["adminStatement"], longest);

    let (mut host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(joined["callLinkState"]["adminStatement"], longest);
    let (_, seen) = peek(&rooms, &link, &admin).await;
    assert_eq!(seen["callLinkState"]["adminStatement"], longest);
    // The statement changes while a call is on, and other changes leave it.
    let newer = json!({"adminStatement": "bmV3"});
    assert_eq!(update(&rooms, &link, &admin, newer).await, 200);
    let told = host.next_of("link").await;
    assert_eq!(told["callLinkState"]["adminStatement"], "bmV3");
    let revoke = json!({"revoked": true});
    assert_eq!(update(&rooms, &link, &admin, revoke).await, 200);
    let told = host.next_of("link").await;
    assert_eq!(told["callLinkState"]["revoked"], true);
    assert_eq!(told["callLinkState"]["adminStatement"], "bmV3");
    let none = json!({"adminStatement": ""});
    assert_eq!(update(&rooms, &link, &admin, none).await, 200);
    let told = host.next_of("link").await;
    let members = told["callLinkState"].as_object().unwrap();
    assert!(!members.contains_key("adminStatement"), "{told}");
}

#[tokio::test]
async fn the_service_keeps_no_approval_statement_and_seals_that_of_the_admins() {
    let approval = b"the approval of the guest, signed";
    let policy = b"the policy of the room, signed";
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let guard = LogGuard::global();
    guard.watch_bytes("an approval statement", approval);
    guard.watch_bytes("an admin statement", policy);
    let statement = json!({"adminStatement": base64(policy)});
    assert_eq!(update(&rooms, &link, &admin, statement).await, 200);
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut visitor, waits) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let shown = URL_SAFE_NO_PAD.encode(approval);
    host.send(&approve(&waits, &shown)).await;
    assert_eq!(visitor.next_of("admitted").await["statement"], shown);
    for client in [&mut visitor, &mut host] {
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    wait_for_end(&rooms, &link, &admin).await;
    assert_eq!(approvals(&rooms, &link).await, 1);
    guard.assert_clean();
    guard.assert_absent_from(rooms.directory());
    let events = format!("{:?}", rooms.events.take());
    assert!(!events.to_lowercase().contains("statement"), "{events}");
    let auth = format!("Bearer auth.{}", rooms.auth(&link, &guest));
    let path = "/v1/call-link";
    let (_, state) = rest(&rooms, Method::GET, path, &link, auth, Value::Null).await;
    assert_eq!(state["adminStatement"], base64(policy));
}
