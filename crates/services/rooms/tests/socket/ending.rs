//! Sections 2 and 5: the end of a call by a request with the passkey.

use std::time::Duration;

use anteroom_protocol::Aci;
use anteroom_rooms::LeaseSettings;
use anteroom_testkit::{TestLink, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::{Value, json};

use crate::client::{End, TestSocket, admin_join, created, join, peek, rest, update, wait_for_end};

async fn delete(rooms: &TestRooms, link: &TestLink, aci: &Aci, mut body: Value) -> (u16, Value) {
    body["adminPasskey"] = json!(link.passkey_text());
    let auth = format!("Bearer auth.{}", rooms.auth(link, aci));
    let path = "/v1/call-link";
    let (status, answer) = rest(rooms, Method::DELETE, path, link, auth, body).await;
    (status.as_u16(), answer)
}

async fn assert_sent_away(active: &mut [TestSocket], waiting: &mut TestSocket) {
    for client in active {
        let ended = ("ended_by_admin".to_owned(), End::Closed(1000));
        assert_eq!(client.refusal().await, ended);
    }
    assert_denied(waiting).await;
}

async fn assert_denied(waiting: &mut TestSocket) {
    let denied = waiting.next_of("denied").await;
    assert_eq!(denied, json!({"type": "denied", "reason": "ended"}));
    assert_eq!(waiting.end().await, End::Closed(1000));
}

#[tokio::test]
async fn a_delete_or_an_update_with_end_call_sends_everybody_away() {
    let rooms = TestRooms::start().await;
    let end = json!({"endCall": true});
    for ends_by in ["delete", "revoke", "update"] {
        let (link, admin) = created(&rooms, "adminApproval").await;
        let outside = rooms.new_account();
        let mut inside = Vec::new();
        for _ in 0..2 {
            inside.push(
                TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin))
                    .await
                    .0,
            );
        }
        let (mut waiting, _) = TestSocket::joined(&rooms, join(&rooms, &link, &outside)).await;
        assert_eq!(
            delete(&rooms, &link, &admin, json!({})).await.1["code"],
            "CALL_ON"
        );
        match ends_by {
            "delete" => {
                let deleted = delete(&rooms, &link, &outside, end.clone()).await;
                assert_eq!(deleted, (200, json!({})));
            }
            "revoke" => {
                let revoke = json!({"revoked": true, "endCall": true});
                assert_eq!(update(&rooms, &link, &outside, revoke).await, 200);
            }
            _ => {
                // The restrictions can be changed, because there is no call.
                let change = json!({"restrictions": "none", "endCall": true});
                assert_eq!(update(&rooms, &link, &outside, change).await, 200);
            }
        }
        // The era is over when the answer arrives.
        let (status, body) = peek(&rooms, &link, &admin).await;
        let reason = match ends_by {
            "delete" => json!({"reason": "invalid"}),
            "revoke" => json!({"reason": "expired"}),
            _ => Value::Null,
        };
        assert_eq!((status.as_u16(), body), (404, reason));
        assert_sent_away(&mut inside, &mut waiting).await;
        let ended = tokio::time::timeout(crate::client::PATIENCE, rooms.events.next("call.ended"));
        ended.await.unwrap();
    }
}

#[tokio::test]
async fn an_end_needs_the_passkey_and_also_ends_a_lobby() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut waiting, _) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let auth = format!("Bearer auth.{}", rooms.auth(&link, &guest));
    let wrong = json!({"adminPasskey": "AAAA", "endCall": true});
    let path = "/v1/call-link";
    for method in [Method::PUT, Method::DELETE] {
        let (status, _) = rest(&rooms, method, path, &link, auth.clone(), wrong.clone()).await;
        assert_eq!(status, 403);
    }
    waiting.send(&json!({"type": "ping"})).await;
    waiting.next_of("pong").await;
    let end = json!({"endCall": true});
    assert_eq!(update(&rooms, &link, &admin, end).await, 200);
    assert_denied(&mut waiting).await;
    // The next call has another era.
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    host.send(&json!({"type": "leave"})).await;
    wait_for_end(&rooms, &link, &admin).await;
}

#[tokio::test]
async fn the_node_that_has_the_call_ends_it_with_the_next_renewal_and_a_lobby_with_the_next_look() {
    let one = TestRooms::start_with(TestRoomsOptions {
        leases: LeaseSettings {
            valid: Duration::from_secs(30),
            renewal: Duration::from_millis(20),
            lobby_refresh: Duration::from_millis(20),
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let two = one.another_node("two").await;
    for ends_by_delete in [true, false] {
        let (link, admin) = created(&one, "adminApproval").await;
        let (host, _) = TestSocket::joined(&one, admin_join(&one, &link, &admin)).await;
        let (mut waiting, _) =
            TestSocket::joined(&one, join(&one, &link, &one.new_account())).await;
        let end = json!({"endCall": true});
        if ends_by_delete {
            assert_eq!(delete(&two, &link, &admin, end).await.0, 200);
        } else {
            assert_eq!(update(&two, &link, &admin, end).await, 200);
        }
        assert_sent_away(&mut [host], &mut waiting).await;

        let (link, admin) = created(&one, "adminApproval").await;
        let (mut waiting, _) =
            TestSocket::joined(&one, join(&one, &link, &one.new_account())).await;
        let end = json!({"revoked": true, "endCall": true});
        assert_eq!(update(&two, &link, &admin, end).await, 200);
        assert_denied(&mut waiting).await;
    }
}
