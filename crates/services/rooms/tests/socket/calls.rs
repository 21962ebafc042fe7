//! Section 5: the messages of a call.

use std::time::Duration;

use anteroom_testkit::TestRooms;
use http::Method;
use serde_json::{Value, json};

use crate::client::{
    End, TestSocket, admin_join, base64, created, demux_id, ids, join, peek, rest, set, update,
    wait_for_end,
};

#[tokio::test]
async fn an_admin_lets_a_guest_in_and_they_talk_until_both_leave() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut host, host_joined) =
        TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (host_id, host_user) = (demux_id(&host_joined), link.opaque_id(&admin));
    assert_eq!(host_id % 16, 0);
    assert_eq!(host_joined.get("status"), Some(&json!("active")));
    assert_eq!(host_joined.get("isAdmin"), Some(&json!(true)));
    assert_eq!(host_joined.get("maxDevices"), Some(&json!(8)));
    assert_eq!(host_joined.get("maxDevicesPerUser"), Some(&json!(5)));
    assert_eq!(
        host_joined.get("participants"),
        Some(&json!([{"demuxId": host_id, "opaqueUserId": host_user, "admin": true}]))
    );
    assert_eq!(host_joined.get("pending"), Some(&json!([])));
    let (_, peeked) = peek(&rooms, &link, &guest).await;
    assert_eq!(
        host_joined.get("callLinkState"),
        peeked.get("callLinkState")
    );
    assert_eq!(host_joined.get("eraId"), peeked.get("conferenceId"));

    let (mut visitor, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let (guest_id, guest_user) = (demux_id(&joined), link.opaque_id(&guest));
    assert_eq!(joined.get("status"), Some(&json!("pending")));
    assert_eq!(joined.get("pending"), Some(&json!([])));
    assert_eq!(joined.get("pendingCount"), Some(&json!(1)));
    let seen = host
        .roster(|roster| ids(roster, "pending") == [guest_id])
        .await;
    let whole = json!([{"demuxId": guest_id, "opaqueUserId": guest_user}]);
    assert_eq!(seen.get("pending"), Some(&whole));
    // A peek shows the same: the user ids of pending devices to admins in the call only.
    let (_, for_admin) = peek(&rooms, &link, &admin).await;
    assert_eq!(for_admin.get("pendingClients"), Some(&whole));
    let (_, for_guest) = peek(&rooms, &link, &guest).await;
    assert_eq!(
        for_guest.get("pendingClients"),
        Some(&json!([{"demuxId": guest_id}]))
    );
    assert_eq!(for_guest.get("creator"), Some(&json!(host_user)));

    // A pending device neither sends nor receives relays.
    visitor
        .send(&json!({"type": "relay", "to": "all", "body": "aGk="}))
        .await;
    assert_eq!(
        visitor.next_of("error").await.get("code"),
        Some(&json!("not_active"))
    );
    host.send(&json!({"type": "approve", "demuxId": guest_id}))
        .await;
    visitor
        .roster(|roster| ids(roster, "active").len() == 2)
        .await;
    visitor.next_of("admitted").await;
    visitor
        .send(&json!({"type": "relay", "to": host_id, "body": base64(b"hello")}))
        .await;
    let heard = host.next_of("relay").await;
    assert_eq!(
        heard,
        json!({"type": "relay", "from": guest_id, "body": base64(b"hello")})
    );
    host.send(&json!({"type": "relay", "to": "all", "body": base64(b"welcome")}))
        .await;
    let heard = visitor.next_of("relay").await;
    assert_eq!(
        heard,
        json!({"type": "relay", "from": host_id, "body": base64(b"welcome")})
    );
    visitor
        .send(&json!({"type": "raise_hand", "raised": true}))
        .await;
    let raised = |roster: &Value| roster.to_string().contains("handRaisedAt");
    host.roster(raised).await;
    visitor.send(&json!({"type": "ping"})).await;
    visitor.next_of("pong").await;

    host.send(&json!({"type": "leave"})).await;
    assert_eq!(host.end().await, End::Closed(1000));
    visitor
        .roster(|roster| ids(roster, "active") == [guest_id])
        .await;
    visitor.send(&json!({"type": "leave"})).await;
    assert_eq!(visitor.end().await, End::Closed(1000));
    wait_for_end(&rooms, &link, &admin).await;

    // The approval remains after the call.
    let (_, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    assert_eq!(joined.get("status"), Some(&json!("active")));
    assert_ne!(joined.get("eraId"), host_joined.get("eraId"));
}

#[tokio::test]
async fn who_is_removed_waits_again_and_who_is_blocked_does_not_come_back() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut visitor, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let id = demux_id(&joined);
    visitor
        .send(&json!({"type": "approve", "demuxId": id}))
        .await;
    assert_eq!(
        visitor.next_of("error").await.get("code"),
        Some(&json!("forbidden"))
    );
    host.send(&json!({"type": "approve", "demuxId": id})).await;
    visitor.next_of("admitted").await;
    host.send(&json!({"type": "remove", "demuxId": id})).await;
    visitor.next_of("removed").await;
    assert_eq!(visitor.end().await, End::Closed(1000));

    let (mut visitor, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    assert_eq!(joined.get("status"), Some(&json!("pending")));
    host.send(&json!({"type": "block", "demuxId": demux_id(&joined)}))
        .await;
    visitor.next_of("blocked").await;
    assert_eq!(visitor.end().await, End::Closed(1000));
    let (mut visitor, answer) = TestSocket::join(&rooms, &join(&rooms, &link, &guest)).await;
    assert_eq!(answer, json!({"type": "blocked"}));
    assert_eq!(visitor.end().await, End::Closed(1000));
}

#[tokio::test]
async fn a_lost_connection_comes_back_to_its_place() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let guest = rooms.new_account();
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (lost, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    drop(lost);
    let mut again = join(&rooms, &link, &guest);
    set(&mut again, "resume", joined.get("resume").unwrap().clone());
    let (mut back, resumed) = TestSocket::joined(&rooms, again.clone()).await;
    assert_eq!(demux_id(&resumed), demux_id(&joined));
    assert_ne!(resumed.get("resume"), joined.get("resume"));
    // The secret works once. A second `join` with it is a join without it.
    let (_other, fresh) = TestSocket::joined(&rooms, again).await;
    assert_ne!(demux_id(&fresh), demux_id(&joined));
    back.send(&json!({"type": "relay", "to": "all", "body": "aGk="}))
        .await;
    let from = host.next_of("relay").await;
    assert_eq!(from.get("from"), joined.get("demuxId"));
    // A malformed secret does not refuse the join.
    let mut odd = join(&rooms, &link, &guest);
    set(&mut odd, "resume", json!("?"));
    TestSocket::joined(&rooms, odd).await;
}

#[tokio::test]
async fn a_change_of_the_link_is_told_and_restrictions_stay() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let restrict = json!({"restrictions": "adminApproval"});
    assert_eq!(update(&rooms, &link, &admin, restrict).await, 409);
    assert_eq!(
        update(&rooms, &link, &admin, json!({"name": "AQID"})).await,
        200
    );
    // The host is told at once: the next renewal, which would tell it too, is 10 s away.
    let told = tokio::time::timeout(Duration::from_secs(5), host.next_of("link"));
    let told = told.await.unwrap();
    let state = told.get("callLinkState").unwrap();
    assert_eq!(state.get("name"), Some(&json!("AQID")));
    assert_eq!(
        update(&rooms, &link, &admin, json!({"revoked": true})).await,
        200
    );
    host.next_of("link").await;
    // The call continues, but nobody can join.
    let (mut late, answer) = TestSocket::join(&rooms, &join(&rooms, &link, &admin)).await;
    assert_eq!(answer.get("code"), Some(&json!("expired")));
    assert_eq!(late.end().await, End::Closed(1000));
    host.send(&json!({"type": "ping"})).await;
    host.next_of("pong").await;
    let auth = || format!("Bearer auth.{}", rooms.auth(&link, &admin));
    let body = json!({"adminPasskey": link.passkey_text()});
    let path = "/v1/call-link";
    let (status, problem) = rest(&rooms, Method::DELETE, path, &link, auth(), body.clone()).await;
    assert_eq!(
        (status.as_u16(), problem.get("code")),
        (409, Some(&json!("CALL_ON")))
    );
    host.send(&json!({"type": "leave"})).await;
    host.end().await;
    wait_for_end(&rooms, &link, &admin).await;
    let (status, _) = rest(&rooms, Method::DELETE, path, &link, auth(), body).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn the_end_of_an_era_sends_away_who_waits() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut visitor, _) =
        TestSocket::joined(&rooms, join(&rooms, &link, &rooms.new_account())).await;
    host.send(&json!({"type": "leave"})).await;
    let denied = visitor.next_of("denied").await;
    assert_eq!(denied, json!({"type": "denied", "reason": "ended"}));
    assert_eq!(visitor.end().await, End::Closed(1000));
    wait_for_end(&rooms, &link, &admin).await;
    let events = rooms.events.take();
    let calls = events.iter().map(anteroom_runtime::Event::name);
    let calls: Vec<_> = calls.filter(|name| name.starts_with("call.")).collect();
    assert_eq!(calls, ["call.started"], "but the end, which was awaited");
}

#[tokio::test]
async fn room_service_responsibility_capacity_a_call_and_its_lobby_hold_so_many() {
    let rooms = TestRooms::start_with(anteroom_testkit::TestRoomsOptions {
        max_devices: 2,
        ..anteroom_testkit::TestRoomsOptions::default()
    })
    .await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let mut kept = Vec::new();
    for make in [admin_join, join] {
        for _ in 0..2 {
            let member = make(&rooms, &link, &admin);
            kept.push(TestSocket::joined(&rooms, member).await);
        }
        let (mut refused, answer) = TestSocket::join(&rooms, &make(&rooms, &link, &admin)).await;
        assert_eq!(answer.get("code"), Some(&json!("full")));
        assert_eq!(refused.end().await, End::Closed(1000));
    }
}
