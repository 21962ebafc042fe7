//! Section 5: several nodes, restarts and the end of a node.

use std::time::Duration;

use anteroom_protocol::{DAY, EraId};
use anteroom_rooms::{LeaseSettings, Node};
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_store::{
    CallKey, CallRecord, NodeName, OpaqueRoomId, RoomsDatabase as _, StartEraOutcome,
    TransactionName, UserId,
};
use anteroom_testkit::{LogGuard, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::json;

use crate::client::{End, TestSocket, admin_join, created, demux_id, join, peek, rest, update};

#[tokio::test]
async fn a_join_to_the_wrong_node_ends_at_the_right_one() {
    let one = TestRooms::start().await;
    let two = one.another_node("two").await;
    let (link, aci) = created(&one, "none").await;
    let (mut host, joined) = TestSocket::joined(&one, join(&one, &link, &aci)).await;

    let (mut client, answer) = TestSocket::join(&two, &join(&two, &link, &aci)).await;
    let url = one.socket_url();
    assert_eq!(answer, json!({"type": "redirect", "url": url}));
    assert_eq!(client.end().await, End::Closed(1000));
    let mut client = TestSocket::connect_to(&url).await;
    client.send(&join(&one, &link, &aci)).await;
    let again = client.next().await;
    assert_eq!(again.get("eraId"), joined.get("eraId"));
    host.roster(|roster| roster.to_string().contains(&demux_id(&again).to_string()))
        .await;

    // A provider that another test has installed serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Both REST requests are redirected to the owner, which answers that the call needs the socket.
    for method in [Method::GET, Method::PUT] {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let url = format!("{}/v2/conference/participants", two.base_url());
        let request = |url: &str| {
            http.request(method.clone(), url)
                .header("x-room-id", link.room())
                .header(
                    "authorization",
                    format!("Bearer auth.{}", two.auth(&link, &aci)),
                )
                .json(&json!({"iceUfrag": "u", "icePwd": "p", "dhePublicKey": "2a".repeat(32)}))
        };
        let answer = request(&url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 307);
        let location = answer.headers().get("location").unwrap().to_str().unwrap();
        let expected = format!("{}/v2/conference/participants?region=two", one.base_url());
        assert_eq!(location, expected);
        let answer = request(location).send().await.unwrap().status().as_u16();
        assert_eq!(answer, if method == Method::GET { 200 } else { 409 });
    }
}

#[tokio::test]
async fn a_killed_nodes_rooms_open_again_on_another_when_its_lease_is_over() {
    let one = TestRooms::start().await;
    let two = one.another_node("two").await;
    let (link, aci) = created(&one, "adminApproval").await;
    let guest = one.new_account();
    let (mut host, first) = TestSocket::joined(&one, admin_join(&one, &link, &aci)).await;
    let (mut visitor, waits) = TestSocket::joined(&one, join(&one, &link, &guest)).await;
    host.send(&json!({"type": "approve", "demuxId": demux_id(&waits)}))
        .await;
    visitor.next_of("admitted").await;
    // A join after an approval finds the approval in the database.
    TestSocket::joined(&one, join(&one, &link, &guest)).await;
    one.kill();
    assert_eq!(host.end().await, End::Cut);
    two.clock.advance(29);
    let (_, answer) = TestSocket::join(&two, &join(&two, &link, &aci)).await;
    assert_eq!(answer.get("type"), Some(&json!("redirect")));
    two.clock.advance(1);
    let (_host, second) = TestSocket::joined(&two, admin_join(&two, &link, &aci)).await;
    assert_ne!(first.get("eraId"), second.get("eraId"));
    let (_, joined) = TestSocket::joined(&two, join(&two, &link, &guest)).await;
    assert_eq!(joined.get("status"), Some(&json!("active")));
}

#[tokio::test]
async fn a_killed_nodes_lease_of_a_clock_that_was_ahead_is_no_longer_than_any_other() {
    let one = TestRooms::start().await;
    let two = one.another_node("two").await;
    let now = two.clock.now();
    let (link, aci) = created(&one, "none").await;
    one.clock.set(now.plus(DAY));
    let (mut host, _) = TestSocket::joined(&one, join(&one, &link, &aci)).await;
    one.kill();
    assert_eq!(host.end().await, End::Cut);
    two.clock.set(now);
    let (_, answer) = TestSocket::join(&two, &join(&two, &link, &aci)).await;
    assert_eq!(answer.get("type"), Some(&json!("redirect")));
    two.rooms.clean().await;
    two.clock.advance(30);
    let (_client, joined) = TestSocket::joined(&two, join(&two, &link, &aci)).await;
    assert_eq!(joined.get("status"), Some(&json!("active")));
}

/// The leases of a node that renews them often, and of a node that never does.
const OFTEN: LeaseSettings = leases(Duration::from_millis(20));
const NEVER: LeaseSettings = leases(Duration::from_secs(86_400));

const fn leases(renewal: Duration) -> LeaseSettings {
    LeaseSettings {
        valid: Duration::from_secs(30),
        renewal,
        lobby_refresh: renewal,
    }
}

async fn node_with(leases: LeaseSettings) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        leases,
        ..TestRoomsOptions::default()
    })
    .await
}

#[tokio::test]
async fn a_link_changed_at_another_node_is_heard_of_with_the_next_renewal() {
    let one = node_with(OFTEN).await;
    let two = one.another_node("two").await;
    let (link, aci) = created(&one, "none").await;
    let (mut host, _) = TestSocket::joined(&one, join(&one, &link, &aci)).await;
    let name = json!({"name": "AQID"});
    assert_eq!(update(&two, &link, &aci, name).await, 200);
    let told = host.next_of("link").await;
    assert_eq!(told["callLinkState"]["name"], "AQID");
}

#[tokio::test]
async fn a_call_holds_its_room_as_long_as_its_lease_is_renewed() {
    let one = node_with(OFTEN).await;
    let two = one.another_node("two").await;
    let (link, aci) = created(&one, "none").await;
    let (mut host, joined) = TestSocket::joined(&one, join(&one, &link, &aci)).await;
    for name in ["AQ==", "Ag==", "Aw=="] {
        // Without a renewal in between, the lease would be over after the second step.
        one.clock.advance(25);
        // The renewal reads the change of the link.
        let change = json!({"name": name});
        assert_eq!(update(&two, &link, &aci, change).await, 200);
        let told = host.next_of("link").await;
        assert_eq!(told["callLinkState"]["name"], name);
    }
    let (status, peeked) = peek(&one, &link, &aci).await;
    assert_eq!(status, 200);
    assert_eq!(peeked["conferenceId"], joined["eraId"]);
}

#[tokio::test]
async fn nobody_comes_in_by_a_link_that_another_node_has_revoked() {
    let one = node_with(NEVER).await;
    let two = one.another_node("two").await;
    for revoked_first in [false, true] {
        let (link, admin) = created(&one, "adminApproval").await;
        let guest = one.new_account();
        let (mut host, _) = TestSocket::joined(&one, admin_join(&one, &link, &admin)).await;
        let (mut visitor, waits) = TestSocket::joined(&one, join(&one, &link, &guest)).await;
        let revoke = |revoked: bool| json!({ "revoked": revoked });
        let approve = json!({"type": "approve", "demuxId": demux_id(&waits)});
        assert_eq!(update(&two, &link, &admin, revoke(true)).await, 200);
        // The first request makes the node read the link, be it the approval or the join.
        for is_join in [revoked_first, !revoked_first] {
            if is_join {
                let late = admin_join(&one, &link, &admin);
                let (mut late, answer) = TestSocket::join(&one, &late).await;
                assert_eq!(answer["code"], "expired");
                assert_eq!(late.end().await, End::Closed(1000));
            } else {
                host.send(&approve).await;
                assert_eq!(host.next_of("error").await["code"], "expired");
            }
        }
        let told = visitor.next_of("link").await;
        assert_eq!(told["callLinkState"]["revoked"], true);
        // Joins succeed again as soon as the link is open again.
        assert_eq!(update(&two, &link, &admin, revoke(false)).await, 200);
        host.send(&approve).await;
        visitor.next_of("admitted").await;
        TestSocket::joined(&one, admin_join(&one, &link, &admin)).await;
    }
}

#[tokio::test]
async fn no_other_decision_lets_people_in_by_a_link_that_another_node_has_revoked() {
    let one = node_with(NEVER).await;
    let two = one.another_node("two").await;
    let no_approval = json!({"type": "approval", "on": false});
    let unlock = json!({"type": "lock", "locked": false});
    // An approval that is given up under a lock lets people in by the end of the lock.
    for (before, decision) in [(vec![], &no_approval), (vec![&no_approval], &unlock)] {
        let (link, admin) = created(&one, "adminApproval").await;
        let (mut host, _) = TestSocket::joined(&one, admin_join(&one, &link, &admin)).await;
        let (mut visitor, _) =
            TestSocket::joined(&one, join(&one, &link, &one.new_account())).await;
        host.send(&json!({"type": "lock", "locked": !before.is_empty()}))
            .await;
        for decision in before {
            assert!(host.said(decision).await.is_empty());
        }
        let revoke = |revoked: bool| json!({ "revoked": revoked });
        assert_eq!(update(&two, &link, &admin, revoke(true)).await, 200);
        let errors = host.said(decision).await;
        assert_eq!(errors.is_empty(), decision == &unlock, "{errors:?}");
        assert_eq!(
            visitor.next_of("link").await["callLinkState"]["revoked"],
            true
        );
        assert!(
            visitor
                .said(&json!({"type": "participants"}))
                .await
                .is_empty()
        );
        assert_eq!(update(&two, &link, &admin, revoke(false)).await, 200);
        host.said(decision).await;
        visitor.next_of("admitted").await;
    }
}

#[tokio::test]
async fn a_node_that_lost_its_call_sends_everybody_away() {
    let one = node_with(OFTEN).await;
    let two = one.another_node("two").await;
    let (link, aci) = created(&one, "none").await;
    let (mut host, first) = TestSocket::joined(&one, join(&one, &link, &aci)).await;
    // Simulates that the one node stalled past its lease: its record is removed, and the other node
    // takes the room.
    let era: String = serde_json::from_value(first["eraId"].clone()).unwrap();
    let key = CallKey::Link(OpaqueRoomId::parse(&link.room()).unwrap());
    let name = TransactionName::new("test");
    let mut transaction = two.database.begin(name).await.unwrap();
    let era = EraId::parse(&era).unwrap();
    assert!(transaction.end_era(&key, era).await.unwrap());
    transaction.save().await.unwrap();
    let (_other, second) = TestSocket::joined(&two, join(&two, &link, &aci)).await;
    assert_ne!(first["eraId"], second["eraId"]);
    assert_eq!(host.end().await, End::Closed(1000));
    let spans = LogGuard::global()
        .spans_of("a call was lost: its lease was not renewed in time, or another node has it");
    assert_eq!(spans, ["call"]);
    // The first node does not touch the other's record.
    let (status, peeked) = peek(&two, &link, &aci).await;
    assert_eq!(
        (status.as_u16(), peeked.get("conferenceId")),
        (200, second.get("eraId"))
    );
    // It reports the end of its own call, and nobody else does.
    one.rooms.idle().await;
    let ended = |node: &TestRooms| {
        let events = node.events.take();
        let ended = events.iter().filter(|event| event.name() == "call.ended");
        ended.count()
    };
    assert_eq!((ended(&one), ended(&two)), (1, 0));
}

#[tokio::test]
async fn a_node_that_stops_ends_its_calls_and_takes_no_more() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let idle = TestSocket::connect(&rooms).await;
    let told = async |mut client: TestSocket| {
        let refused = client.refusal().await;
        assert_eq!(refused, ("shutting_down".to_owned(), End::Closed(1012)));
    };
    // A client that disconnects at once does not delay the stop. All clients are told before
    // `close` returns.
    tokio::join!(rooms.rooms.close(), told(idle), async {
        assert_eq!(host.end().await, End::Closed(1000));
    });
    assert_eq!(
        (rooms.rooms.open_sockets(), rooms.rooms.live_calls()),
        (0, 0)
    );
    told(TestSocket::connect(&rooms).await).await;
    let (status, _) = peek(&rooms, &link, &aci).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_node_that_starts_again_forgets_the_calls_of_its_earlier_life() {
    let rooms = TestRooms::start_with(TestRoomsOptions::default()).await;
    let (link, aci) = created(&rooms, "none").await;
    let (_client, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    rooms.rooms.recover().await;
    let (status, _) = peek(&rooms, &link, &aci).await;
    assert_eq!(status, 404);
    let auth = format!("Bearer auth.{}", rooms.auth(&link, &aci));
    let body = json!({"adminPasskey": link.passkey_text()});
    let deleted = rest(&rooms, Method::DELETE, "/v1/call-link", &link, auth, body).await;
    assert_eq!(deleted.0, 200);
}

#[tokio::test]
async fn what_an_earlier_life_has_left_is_no_call_and_in_the_way_of_none() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let now = rooms.clock.now();
    let node = Node::new("test", rooms.base_url()).unwrap().to_text();
    // A record of this node that its start did not remove.
    let left = CallRecord {
        key: CallKey::Link(OpaqueRoomId::parse(&link.room()).unwrap()),
        era: EraId::from_bytes([7; 16]),
        creator: UserId::parse(&link.opaque_id(&admin)).unwrap(),
        node: NodeName::parse(&node).unwrap(),
        media: None,
        started: now,
        lease_until: Some(now.plus(30)),
    };
    let name = TransactionName::new("test");
    let mut transaction = rooms.database.begin(name).await.unwrap();
    let started = transaction
        .start_era(&left, None, now, &mut *rooms.entropy().rng())
        .await;
    assert!(matches!(started, Ok(StartEraOutcome::Started { .. })));
    transaction.save().await.unwrap();

    let guest = join(&rooms, &link, &rooms.new_account());
    let (_guest, waits) = TestSocket::joined(&rooms, guest).await;
    assert_eq!(waits["status"], "pending");
    // A pending device is not in the call that the record names.
    assert_eq!(peek(&rooms, &link, &admin).await.0, 404);
    let (_host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(joined["eraId"], waits["eraId"]);
    let (status, peeked) = peek(&rooms, &link, &admin).await;
    assert_eq!(status, 200);
    assert_eq!(peeked["conferenceId"], joined["eraId"]);
}

#[tokio::test]
async fn a_call_whose_lease_cannot_be_renewed_ends_before_it_runs_out() {
    let rooms = node_with(LeaseSettings {
        valid: Duration::from_secs(1),
        ..OFTEN
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    rooms.database.close().await;
    assert_eq!(host.end().await, End::Closed(1000));
    rooms.rooms.idle().await;
}
