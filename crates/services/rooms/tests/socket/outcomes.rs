//! The operations of sockets: each has one outcome, counted like those of requests.

use std::future::pending;

use anteroom_protocol::Aci;
use anteroom_runtime::Event;
use anteroom_testkit::{TestLink, TestRooms, TestRoomsOptions};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::client::{PATIENCE, TestSocket, admin_join, created, demux_id, join, set, update};

/// Returns the outcomes of socket operations with their numbers.
async fn outcomes(rooms: &TestRooms) -> Vec<String> {
    const START: &str = "anteroom_operations_total{area=\"group-call-signaling\",operation=\"";
    let shown = rooms.metrics().await;
    let lines = shown.lines().filter_map(|line| line.strip_prefix(START));
    let counts = lines.filter_map(|line| {
        let (name, rest) = line.split_once("\",outcome=\"")?;
        let (outcome, number) = rest.split_once("\"} ")?;
        let is_http = ["-link", "-socket", "-server", "-call", "-approvals", "peek"]
            .iter()
            .any(|end| name.ends_with(end));
        (number != "0" && !is_http).then(|| format!("{name} {outcome} {number}"))
    });
    let mut counts: Vec<_> = counts.collect();
    counts.sort();
    counts
}

fn alerts(rooms: &TestRooms) -> Vec<String> {
    let events = rooms.events.take();
    let alerts = events.iter().filter(|event| event.name() == "alert");
    alerts.map(words).collect()
}

fn words(event: &Event) -> String {
    let word = |member: &str| event.payload().get(member).and_then(Value::as_str).unwrap();
    format!("{} {} {}", word("area"), word("rule"), word("state"))
}

/// Waits until the call has handled all earlier messages of the client.
async fn settle(client: &mut TestSocket) {
    client.send(&json!({"type": "ping"})).await;
    client.next_of("pong").await;
}

/// Creates a room with a host and a pending guest.
async fn waiting(rooms: &TestRooms) -> (TestLink, Aci, TestSocket, TestSocket, Value) {
    let (link, admin) = created(rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let (host, _) = TestSocket::joined(rooms, admin_join(rooms, &link, &admin)).await;
    let (visitor, joined) = TestSocket::joined(rooms, join(rooms, &link, &guest)).await;
    (link, guest, host, visitor, joined)
}

#[tokio::test]
async fn every_socket_operation_ends_in_exactly_one_outcome() {
    let rooms = TestRooms::start().await;
    let (link, guest, mut host, mut visitor, joined) = waiting(&rooms).await;
    let id = demux_id(&joined);
    let user = link.opaque_id(&guest);
    // Each of these is refused.
    for message in [
        join(&rooms, &link, &guest),
        json!({"type": "raise_hand", "raised": true}),
        json!({"type": "relay", "to": "all", "body": "aGk="}),
        json!({"type": "commit", "group": 1, "epoch": 0, "body": "aGk="}),
        json!({"type": "refuse", "group": 1, "epoch": 0}),
        json!({"type": "approve", "demuxId": id}),
        json!({"type": "deny", "demuxId": id}),
        json!({"type": "remove", "demuxId": id}),
        json!({"type": "block", "demuxId": id}),
        json!({"type": "lower_hand", "demuxId": id}),
        json!({"type": "lock", "locked": true}),
        json!({"type": "approval", "on": false}),
        json!({"type": "coadmin", "opaqueUserId": user, "on": true}),
        json!({"type": "media", "session": 1, "offer": "v=0"}),
        json!({"type": "view", "slots": []}),
        json!({
            "type": "publish", "audio": true, "camera": false, "screen": false,
            "screenAudio": false,
        }),
        json!({"type": "mute", "demuxId": id}),
        // No device can have this demux id, so that it is refused before the call sees it.
        json!({"type": "block", "demuxId": 17}),
    ] {
        visitor.send(&message).await;
        visitor.next_of("error").await;
    }
    settle(&mut visitor).await;
    settle(&mut host).await;
    assert_eq!(
        outcomes(&rooms).await,
        [
            "approval refused 1",
            "approve refused 1",
            "block refused 2",
            "coadmin refused 1",
            "commit refused 1",
            "deny refused 1",
            "join refused 1",
            "join succeeded 2",
            "lock refused 1",
            "lower-hand refused 1",
            "media refused 1",
            "mute refused 1",
            "publish refused 1",
            "raise-hand refused 1",
            "refuse refused 1",
            "relay refused 1",
            "remove refused 1",
            "view refused 1",
        ]
    );

    // Each of these succeeds.
    host.send(&json!({"type": "approve", "demuxId": id})).await;
    visitor.next_of("admitted").await;
    for message in [
        json!({"type": "raise_hand", "raised": true}),
        json!({"type": "relay", "to": "all", "body": "aGk="}),
        json!({"type": "commit", "group": 1, "epoch": 0, "body": "aGk="}),
        json!({"type": "commit", "group": 1, "epoch": 0, "body": "aGk="}),
        json!({"type": "refuse", "group": 1, "epoch": 0}),
        json!({"type": "participants"}),
    ] {
        visitor.send(&message).await;
    }
    settle(&mut visitor).await;
    for message in [
        json!({"type": "lower_hand", "demuxId": id}),
        json!({"type": "lock", "locked": true}),
        json!({"type": "lock", "locked": false}),
        json!({"type": "approval", "on": false}),
        json!({"type": "approval", "on": true}),
        json!({"type": "coadmin", "opaqueUserId": user, "on": true}),
        json!({"type": "coadmin", "opaqueUserId": user, "on": false}),
    ] {
        host.send(&message).await;
    }
    settle(&mut host).await;
    drop(visitor);
    let mut again = join(&rooms, &link, &guest);
    set(&mut again, "resume", joined.get("resume").unwrap().clone());
    let (mut visitor, _) = TestSocket::joined(&rooms, again).await;
    visitor.send(&json!({"type": "leave"})).await;
    visitor.end().await;
    for decision in ["remove", "deny", "block"] {
        let other = rooms.new_account();
        let (mut client, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &other)).await;
        let id = demux_id(&joined);
        if decision == "remove" {
            host.send(&json!({"type": "approve", "demuxId": id})).await;
            client.next_of("admitted").await;
        }
        host.send(&json!({"type": decision, "demuxId": id})).await;
        client.end().await;
        if decision == "block" {
            let (mut blocked, answer) =
                TestSocket::join(&rooms, &join(&rooms, &link, &other)).await;
            assert_eq!(answer, json!({"type": "blocked"}));
            blocked.end().await;
        }
    }
    settle(&mut host).await;
    assert_eq!(
        outcomes(&rooms).await,
        [
            "approval refused 1",
            "approval succeeded 2",
            "approve refused 1",
            "approve succeeded 2",
            "block refused 2",
            "block succeeded 1",
            "coadmin refused 1",
            "coadmin succeeded 2",
            "commit refused 2",
            "commit succeeded 1",
            "deny refused 1",
            "deny succeeded 1",
            "join refused 2",
            "join succeeded 5",
            "leave succeeded 1",
            "lock refused 1",
            "lock succeeded 2",
            "lower-hand refused 1",
            "lower-hand succeeded 1",
            "media refused 1",
            "mute refused 1",
            "participants succeeded 1",
            "publish refused 1",
            "raise-hand refused 1",
            "raise-hand succeeded 1",
            "refuse refused 1",
            "refuse succeeded 1",
            "relay refused 1",
            "relay succeeded 1",
            "remove refused 1",
            "remove succeeded 1",
            "resume succeeded 1",
            "view refused 1",
        ]
    );
    assert!(alerts(&rooms).is_empty());
}

#[tokio::test]
async fn messages_that_a_limit_drops_are_refused_also_when_nothing_is_said() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut client, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    // The rate limits allow two raised and lowered hands and five questions at once. The error is
    // sent once until a message passes.
    for _ in 0..4 {
        for raised in [true, false] {
            client
                .send(&json!({"type": "raise_hand", "raised": raised}))
                .await;
        }
    }
    for _ in 0..8 {
        client.send(&json!({"type": "participants"})).await;
    }
    let relay = json!({"type": "relay", "to": "all", "body": STANDARD.encode(vec![7; 65_536])});
    for _ in 0..9 {
        client.send(&relay).await;
    }
    settle(&mut client).await;
    let counted = outcomes(&rooms).await;
    for (operation, succeeded, all) in [
        ("raise-hand", 2, 8),
        ("participants", 5, 8),
        ("relay", 4, 9),
    ] {
        let number = |outcome: &str| {
            let start = format!("{operation} {outcome} ");
            let count = counted.iter().find_map(|line| line.strip_prefix(&start));
            count.map_or(0, |number| number.parse::<u32>().unwrap())
        };
        // On a slow machine the limit may refill by a token meanwhile.
        assert!(
            (succeeded..all).contains(&number("succeeded")),
            "{counted:?}"
        );
        assert_eq!(number("succeeded") + number("refused"), all, "{counted:?}");
    }
}

#[tokio::test]
async fn joins_that_are_full_expired_or_forbidden_are_refusals_and_raise_nothing() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        max_devices: 1,
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let (revoked, _) = created(&rooms, "none").await;
    let (_host, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let change = json!({"revoked": true});
    assert_eq!(update(&rooms, &revoked, &aci, change).await, 200);
    let unknown = rooms.new_link();
    let mut forbidden = join(&rooms, &link, &aci);
    set(&mut forbidden, "auth", json!(rooms.auth(&unknown, &aci)));
    for _ in 0..5 {
        for (message, code) in [
            (join(&rooms, &link, &aci), "full"),
            (join(&rooms, &revoked, &aci), "expired"),
            (join(&rooms, &unknown, &aci), "unknown_link"),
            (forbidden.clone(), "presentation_invalid"),
        ] {
            let mut client = TestSocket::connect(&rooms).await;
            client.send(&message).await;
            assert_eq!(client.refusal().await.0, code);
        }
    }
    // A message that cannot be parsed is not an operation.
    let mut client = TestSocket::connect(&rooms).await;
    client.text("{").await;
    assert_eq!(client.refusal().await.0, "invalid_message");
    let expected = ["join refused 20", "join succeeded 1"];
    assert_eq!(outcomes(&rooms).await, expected);
    assert!(alerts(&rooms).is_empty());
}

#[tokio::test]
async fn joins_beyond_the_devices_of_a_user_and_after_many_wrong_passkeys_are_refusals() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        max_devices: 1,
        devices_per_user: 1,
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, admin) = created(&rooms, "none").await;
    let guest = rooms.new_account();
    let (mut visitor, _) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let mut guess = join(&rooms, &link, &guest);
    set(
        &mut guess,
        "adminPasskey",
        json!("AAAAAAAAAAAAAAAAAAAAAA=="),
    );
    for number in 0..12 {
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&guess).await;
        let code = match number {
            0..10 => "too_many_devices",
            _ => "rate_limited",
        };
        assert_eq!(client.refusal().await.0, code);
    }
    // The join of a device that is displaced later has succeeded, and counts once.
    let (_host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(visitor.refusal().await.0, "displaced");
    let expected = ["join refused 12", "join succeeded 2"];
    assert_eq!(outcomes(&rooms).await, expected);
    assert!(alerts(&rooms).is_empty());
}

#[tokio::test]
async fn thirty_joins_of_thirty_that_are_answered_unavailable_raise_until_time_has_passed() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let join = join(&rooms, &link, &aci);
    rooms.database.close().await;
    for _ in 0..30 {
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&join).await;
        assert_eq!(client.refusal().await.0, "unavailable");
    }
    assert_eq!(outcomes(&rooms).await, ["join failed 30"]);
    let shown = rooms.metrics().await;
    let raised = alerts(&rooms);
    for rule in ["error_rate", "consecutive_failures"] {
        let area = "group-call-signaling";
        assert!(
            raised.contains(&format!("{area} {rule} raised")),
            "{raised:?}"
        );
        let gauge = format!("anteroom_alert{{area=\"{area}\",rule=\"{rule}\"}} 1");
        assert!(shown.lines().any(|line| line == gauge), "{shown}");
    }

    // No further operation arrives.
    let service = rooms.rooms.clone();
    let background = tokio::spawn(async move { service.run_background(pending()).await });
    rooms.clock.advance(61);
    for _ in 0..raised.len() {
        let alert = timeout(PATIENCE, rooms.events.next("alert")).await.unwrap();
        assert_eq!(alert.payload().get("state"), Some(&json!("cleared")));
    }
    background.abort();
    let shown = rooms.metrics().await;
    assert!(shown.contains("anteroom_error_rate_alert 0\n"), "{shown}");
}
