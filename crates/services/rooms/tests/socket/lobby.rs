//! Section 5: the lobby before a device is active. There is no era then.

use std::time::Duration;

use anteroom_protocol::DAY;
use anteroom_rooms::{LeaseSettings, SocketLimits};
use anteroom_runtime::{BucketSize, Entropy as _};
use anteroom_store::{OpaqueRoomId, RoomsDatabase as _, TransactionName, UserId};
use anteroom_testkit::{LogGuard, TestLink, TestRooms, TestRoomsOptions};
use futures::{SinkExt as _, future::join_all};
use http::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{
    End, TestSocket, admin_join, created, demux_id, ids, join, peek, rest, set, update,
    wait_for_end,
};

/// Creates a room in which a guest waits for an admin.
async fn waiting(rooms: &TestRooms) -> (TestLink, anteroom_protocol::Aci, TestSocket, Value) {
    let (link, admin) = created(rooms, "adminApproval").await;
    let (guest, joined) = TestSocket::joined(rooms, join(rooms, &link, &rooms.new_account())).await;
    assert_eq!(joined.get("status"), Some(&json!("pending")));
    (link, admin, guest, joined)
}

async fn sent_away(guest: &mut TestSocket) {
    let denied = guest.next_of("denied").await;
    assert_eq!(denied, json!({"type": "denied", "reason": "ended"}));
    assert_eq!(guest.end().await, End::Closed(1000));
}

#[tokio::test]
async fn a_room_in_which_somebody_only_waits_has_no_call() {
    // Changes reach pending devices at once, not only at the next periodic look.
    let rooms = looking_every(Duration::from_secs(86_400)).await;
    let (link, admin, mut guest, _) = waiting(&rooms).await;
    let (status, body) = peek(&rooms, &link, &admin).await;
    assert_eq!((status.as_u16(), body), (404, Value::Null));
    assert_eq!(rooms.rooms.live_calls(), 0);

    let other_rules = json!({"restrictions": "none"});
    assert_eq!(update(&rooms, &link, &admin, other_rules).await, 200);
    sent_away(&mut guest).await;
    let (mut guest, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &admin)).await;
    assert_eq!(joined["status"], "active");
    guest.send(&json!({"type": "leave"})).await;
    wait_for_end(&rooms, &link, &admin).await;

    let (link, admin, mut guest, _) = waiting(&rooms).await;
    let auth = format!("Bearer auth.{}", rooms.auth(&link, &admin));
    let body = json!({"adminPasskey": link.passkey_text()});
    let path = "/v1/call-link";
    let (status, _) = rest(&rooms, Method::DELETE, path, &link, auth, body).await;
    assert_eq!(status, 200);
    sent_away(&mut guest).await;
}

#[tokio::test]
async fn the_era_starts_with_the_first_who_is_active_and_those_who_wait_are_in_it() {
    let rooms = TestRooms::start().await;
    let (link, admin, mut guest, waits) = waiting(&rooms).await;
    // A wait prolongs no link. A start does, and pending devices are told.
    rooms.clock.advance(DAY);
    let expiration = |state: &Value| state["callLinkState"]["expiration"].as_u64().unwrap();
    let (_second, also_waits) = TestSocket::joined(&rooms, join(&rooms, &link, &admin)).await;
    assert_eq!(also_waits["eraId"], waits["eraId"]);
    assert_eq!(expiration(&also_waits), expiration(&waits));
    assert!(call_events(&rooms).is_empty());

    let (mut host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(joined["eraId"], waits["eraId"]);
    assert_eq!(
        ids(&joined, "pending"),
        [demux_id(&waits), demux_id(&also_waits)]
    );
    assert_eq!(expiration(&joined), expiration(&waits) + DAY);
    assert_eq!(call_events(&rooms), ["call.started"]);
    assert_eq!(rooms.rooms.live_calls(), 1);
    let told = guest.next_of("link").await;
    assert_eq!(expiration(&told), expiration(&joined));
    let (status, peeked) = peek(&rooms, &link, &admin).await;
    assert_eq!(
        (status.as_u16(), &peeked["creator"]),
        (200, &json!(link.opaque_id(&admin)))
    );
    host.send(&json!({"type": "approve", "demuxId": demux_id(&waits)}))
        .await;
    guest.next_of("admitted").await;
}

fn call_events(rooms: &TestRooms) -> Vec<&'static str> {
    let events = rooms.events.take();
    let names = events.iter().map(anteroom_runtime::Event::name);
    names.filter(|name| name.starts_with("call.")).collect()
}

#[tokio::test]
async fn nothing_is_left_of_a_lobby_when_nobody_waits_any_more() {
    let rooms = TestRooms::start().await;
    let (link, admin, mut guest, waits) = waiting(&rooms).await;
    guest.send(&json!({"type": "leave"})).await;
    assert_eq!(guest.end().await, End::Closed(1000));
    let (mut guest, waits_again) = TestSocket::joined(&rooms, join(&rooms, &link, &admin)).await;
    assert_ne!(waits_again["eraId"], waits["eraId"]);
    // The seat of a lost device is kept here as in a call.
    drop(guest);
    let mut resume = join(&rooms, &link, &admin);
    set(&mut resume, "resume", waits_again["resume"].clone());
    let back;
    (guest, back) = TestSocket::joined(&rooms, resume).await;
    assert_eq!(demux_id(&back), demux_id(&waits_again));
    tokio::join!(rooms.rooms.close(), sent_away(&mut guest));
    assert!(call_events(&rooms).is_empty());
}

/// Joins, and leaves if the device is pending.
async fn come_and_go(rooms: &TestRooms, join: &Value) -> Value {
    let (mut visitor, answer) = TestSocket::join(rooms, join).await;
    let leave = json!({"type": "leave"}).to_string();
    // The call may have ended for all devices meanwhile.
    let _ = visitor.0.send(Message::text(leave)).await;
    visitor.end().await;
    answer
}

#[tokio::test]
async fn strangers_who_come_and_go_keep_no_admin_out_of_an_empty_room() {
    const STRANGERS: usize = 8;
    for (lobby_joins, then) in [(1, "error"), (u32::MAX, "joined")] {
        let plenty = BucketSize::new(u32::MAX.try_into().unwrap(), 3_600.try_into().unwrap());
        let rooms = TestRooms::start_with(TestRoomsOptions {
            sockets: SocketLimits {
                joins: plenty,
                lobby_joins: BucketSize::new(
                    lobby_joins.try_into().unwrap(),
                    3_600.try_into().unwrap(),
                ),
                ..SocketLimits::default()
            },
            ..TestRoomsOptions::default()
        })
        .await;
        let (link, admin) = created(&rooms, "adminApproval").await;
        let stranger = join(&rooms, &link, &rooms.new_account());
        assert_eq!(come_and_go(&rooms, &stranger).await["type"], "joined");
        assert_eq!(come_and_go(&rooms, &stranger).await["type"], then);
        let strangers = join_all((0..STRANGERS).map(async |_| {
            loop {
                come_and_go(&rooms, &stranger).await;
            }
        }));
        let admin = async {
            for _ in 0..30 {
                let (mut host, joined) =
                    TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
                assert_eq!(joined["isAdmin"], true);
                host.send(&json!({"type": "leave"})).await;
                host.end().await;
            }
        };
        tokio::select! {
            _ = strangers => {}
            () = admin => {}
        }
    }
}

#[tokio::test]
async fn a_closed_link_is_told_to_who_waits_and_starts_nothing() {
    let rooms = looking_every(Duration::from_secs(86_400)).await;
    let (link, admin, mut guest, _) = waiting(&rooms).await;
    let revoke = json!({"revoked": true});
    assert_eq!(update(&rooms, &link, &admin, revoke).await, 200);
    let told = guest.next_of("link").await;
    assert_eq!(told["callLinkState"]["revoked"], true);
    let (mut late, answer) = TestSocket::join(&rooms, &admin_join(&rooms, &link, &admin)).await;
    assert_eq!(answer["code"], "expired");
    assert_eq!(late.end().await, End::Closed(1000));
    let (status, body) = peek(&rooms, &link, &admin).await;
    assert_eq!((status.as_u16(), body), (404, json!({"reason": "expired"})));
    let open = json!({"revoked": false});
    assert_eq!(update(&rooms, &link, &admin, open).await, 200);
    let told = guest.next_of("link").await;
    assert_eq!(told["callLinkState"]["revoked"], false);
    TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
}

async fn looking_every(lobby_refresh: Duration) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        leases: LeaseSettings {
            lobby_refresh,
            ..LeaseSettings::default()
        },
        ..TestRoomsOptions::default()
    })
    .await
}

#[tokio::test]
async fn who_waits_at_one_node_is_sent_to_the_node_where_the_call_starts() {
    // By the periodic look, and at the latest by the next join.
    for looks_by_itself in [true, false] {
        let lobby_refresh = if looks_by_itself { 20 } else { 86_400_000 };
        let one = looking_every(Duration::from_millis(lobby_refresh)).await;
        let two = one.another_node("two").await;
        let (link, admin, mut guest, _) = waiting(&one).await;
        let (_host, _) = TestSocket::joined(&two, admin_join(&two, &link, &admin)).await;
        let redirect = json!({"type": "redirect", "url": two.socket_url()});
        if !looks_by_itself {
            let (mut late, answer) = TestSocket::join(&one, &admin_join(&one, &link, &admin)).await;
            assert_eq!(answer, redirect);
            assert_eq!(late.end().await, End::Closed(1000));
        }
        assert_eq!(guest.next_of("redirect").await, redirect);
        assert_eq!(guest.end().await, End::Closed(1000));
    }
}

#[tokio::test]
async fn approvals_that_no_link_can_have_are_counted_and_the_others_apply() {
    let rooms = looking_every(Duration::from_secs(86_400)).await;
    let (link, _) = created(&rooms, "adminApproval").await;
    let approved = rooms.new_account();
    let users =
        ["Ann", link.opaque_id(&approved).as_str(), "AB"].map(|id| UserId::parse(id).unwrap());
    let room = OpaqueRoomId::parse(&link.room()).unwrap();
    let name = TransactionName::new("test");
    let mut transaction = rooms.database.begin(name).await.unwrap();
    let mut rng = rooms.entropy().rng();
    let replaced = transaction.replace_approvals(&room, &users, &mut *rng);
    assert!(replaced.await.unwrap());
    transaction.save().await.unwrap();

    let (_visitor, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &approved)).await;
    assert_eq!(joined["status"], "active");
    let metrics = rooms.metrics().await;
    assert!(
        metrics.contains("anteroom_unusable_approvals_total 2\n"),
        "{metrics}"
    );
    let line = "a lobby ignores approvals of users that no link can have";
    let spans = LogGuard::global().spans_of(line);
    assert_eq!(spans, ["call"]);
}

#[tokio::test]
async fn who_was_approved_elsewhere_since_starts_the_next_call() {
    let one = looking_every(Duration::from_secs(86_400)).await;
    let two = one.another_node("two").await;
    let (link, admin, _guest, _) = waiting(&one).await;
    let other = one.new_account();
    // Before the one node has looked, the other has a whole call.
    let (mut host, _) = TestSocket::joined(&two, admin_join(&two, &link, &admin)).await;
    let (mut visitor, waits) = TestSocket::joined(&two, join(&two, &link, &other)).await;
    host.send(&json!({"type": "approve", "demuxId": demux_id(&waits)}))
        .await;
    visitor.next_of("admitted").await;
    for client in [&mut visitor, &mut host] {
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    wait_for_end(&two, &link, &admin).await;
    let (_visitor, joined) = TestSocket::joined(&one, join(&one, &link, &other)).await;
    assert_eq!(joined["status"], "active");
}
