//! Section 8: the order of commits over the socket.

use std::time::Duration;

use anteroom_protocol::Aci;
use anteroom_rooms::SocketLimits;
use anteroom_testkit::{LogGuard, TestLink, TestRooms, TestRoomsOptions};
use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{
    End, TestSocket, admin_join, base64, created, demux_id, ids, join, peek, set, wait_for_end,
};

fn commit(group: u32, epoch: u64, body: &[u8]) -> Value {
    json!({"type": "commit", "group": group, "epoch": epoch, "body": base64(body)})
}

fn with_welcome(mut commit: Value, to: &[u64], body: &[u8]) -> Value {
    set(
        &mut commit,
        "welcome",
        json!({"to": to, "body": base64(body)}),
    );
    commit
}

fn told(group: u32, epoch: u64, from: u64, body: &[u8]) -> Value {
    let mut told = commit(group, epoch, body);
    set(&mut told, "from", json!(from));
    told
}

fn resuming(rooms: &TestRooms, link: &TestLink, aci: &Aci, joined: &Value, have: Value) -> Value {
    let mut again = join(rooms, link, aci);
    set(&mut again, "resume", joined["resume"].clone());
    set(&mut again, "have", have);
    again
}

/// Creates a room with two devices of two accounts.
async fn pair(rooms: &TestRooms) -> (TestLink, [(Aci, TestSocket, Value); 2]) {
    let (link, first) = created(rooms, "none").await;
    let second = rooms.new_account();
    let mut members = Vec::new();
    for aci in [first, second] {
        let (socket, joined) = TestSocket::joined(rooms, join(rooms, &link, &aci)).await;
        members.push((aci, socket, joined));
    }
    (link, members.try_into().unwrap_or_else(|_| panic!("two")))
}

#[tokio::test]
async fn of_two_commits_at_once_one_is_taken_and_comes_to_all_devices() {
    let rooms = TestRooms::start().await;
    let (_link, [(_, mut ann, ann_joined), (_, mut ben, ben_joined)]) = pair(&rooms).await;
    let [ann_id, ben_id] = [&ann_joined, &ben_joined].map(demux_id);
    assert_eq!(
        (ann_joined.get("present"), ann_joined.get("missed")),
        (None, None)
    );
    let start = with_welcome(commit(1, 0, b"start"), &[ben_id], b"welcome");
    ann.send(&start).await;
    ann.next_of("commit").await;
    let (from_ann, from_ben) = (commit(1, 1, b"of ann"), commit(1, 1, b"of ben"));
    tokio::join!(ann.send(&from_ann), ben.send(&from_ben));
    let first = ann.next_of("commit").await;
    let of_ann = first["from"] == json!(ann_id);
    let expected = if of_ann {
        told(1, 1, ann_id, b"of ann")
    } else {
        told(1, 1, ben_id, b"of ben")
    };
    assert_eq!(first, expected);
    assert_eq!(ben.next_of("commit").await, expected);
    let late = if of_ann { &mut ben } else { &mut ann };
    let refused = late.next_of("error").await;
    let stale = json!({
        "type": "error", "code": "stale_commit", "of": "commit", "present": {"group": 1, "epoch": 2},
        "message": "The commit is not for the present epoch of the group.",
    });
    assert_eq!(refused, stale);
    // The connection stays, and the next epoch takes a commit.
    late.send(&commit(1, 2, b"again")).await;
    assert_eq!(late.next_of("commit").await["epoch"], 2);
}

#[tokio::test]
async fn new_devices_are_welcomed_and_named_before() {
    let rooms = TestRooms::start().await;
    let (link, [(_, mut ann, ann_joined), (_, mut ben, ben_joined)]) = pair(&rooms).await;
    let [ann_id, ben_id] = [&ann_joined, &ben_joined].map(demux_id);
    let third = rooms.new_account();
    let (mut cleo, cleo_joined) = TestSocket::joined(&rooms, join(&rooms, &link, &third)).await;
    let cleo_id = demux_id(&cleo_joined);
    // Ann knows of the device by the end of its join, which is before the next announcement.
    let first = with_welcome(
        commit(1, 0, b"commit"),
        &[ben_id, cleo_id, 0x70],
        b"welcome",
    );
    ann.send(&first).await;
    let mut is_named = ids(&ann_joined, "participants").contains(&cleo_id);
    loop {
        let message = ann.next().await;
        if message["type"] == "commit" {
            assert!(is_named, "the roster comes first");
            assert_eq!(message, told(1, 0, ann_id, b"commit"));
            break;
        }
        is_named |= ids(&message, "active").contains(&cleo_id);
    }
    for client in [&mut ben, &mut cleo] {
        let welcome = client.next_of("welcome").await;
        let expected = json!({
            "type": "welcome", "group": 1, "epoch": 1, "from": ann_id, "body": base64(b"welcome"),
        });
        assert_eq!(welcome, expected);
    }
    cleo.send(&commit(1, 1, b"next")).await;
    for client in [&mut ann, &mut ben, &mut cleo] {
        assert_eq!(client.next_of("commit").await, told(1, 1, cleo_id, b"next"));
    }
    ben.send(&json!({"type": "refuse", "group": 1, "epoch": 1}))
        .await;
    let refuse = json!({"type": "refuse", "group": 1, "epoch": 1, "from": ben_id});
    for client in [&mut ann, &mut ben, &mut cleo] {
        assert_eq!(client.next_of("refuse").await, refuse);
    }
}

#[tokio::test]
async fn the_lobby_sends_and_hears_nothing_of_the_group_and_who_is_let_in_is_told_its_epoch() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    host.send(&commit(1, 0, b"first")).await;
    host.next_of("commit").await;
    let guest = rooms.new_account();
    let (mut visitor, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    assert_eq!(joined.get("present"), None);
    for message in [
        commit(1, 1, b"mine"),
        json!({"type": "refuse", "group": 1, "epoch": 0}),
    ] {
        assert_eq!(visitor.said(&message).await, ["not_active"]);
    }
    let to = [demux_id(&joined)];
    host.send(&with_welcome(commit(1, 1, b"second"), &to, b"early"))
        .await;
    host.next_of("commit").await;
    visitor.send(&json!({"type": "ping"})).await;
    loop {
        match visitor.next().await["type"].as_str() {
            Some("pong") => break,
            Some("participants") => {}
            other => panic!("{other:?} in the lobby"),
        }
    }
    host.send(&json!({"type": "approve", "demuxId": to[0]}))
        .await;
    let admitted = visitor.next_of("admitted").await;
    let expected = json!({"type": "admitted", "present": {"group": 1, "epoch": 2}});
    assert_eq!(admitted, expected);
    // Only an admin starts the next group while one is there, and only devices of the group commit to it.
    for message in [commit(2, 0, b"mine"), commit(1, 2, b"mine")] {
        visitor.send(&message).await;
        let error = visitor.next_of("error").await;
        let present = json!({"group": 1, "epoch": 2});
        assert_eq!(
            (&error["code"], &error["present"]),
            (&json!("forbidden"), &present)
        );
    }
}

#[tokio::test]
async fn the_longest_commit_passes_and_no_longer_one_and_nothing_else_as_long() {
    let rooms = TestRooms::start().await;
    let (_link, [(_, mut ann, _), (_, mut ben, ben_joined)]) = pair(&rooms).await;
    let to = [demux_id(&ben_joined)];
    let of_lengths = |commits: usize, welcome: usize| {
        let first = commit(1, 0, &vec![1; commits]);
        with_welcome(first, &to, &vec![2; welcome])
    };
    for (commits, welcome) in [(65_537, 1), (1, 114_689)] {
        let errors = ann.said(&of_lengths(commits, welcome)).await;
        assert_eq!(errors, ["too_large"]);
    }
    let longest = of_lengths(65_536, 114_688);
    ann.send(&longest).await;
    assert_eq!(ann.next_of("commit").await["body"], longest["body"]);
    let welcome = ben.next_of("welcome").await;
    assert_eq!(welcome["body"], longest["welcome"]["body"]);
    let mut relay = json!({"type": "relay", "to": "all", "body": ""});
    set(&mut relay, "body", json!(base64(&vec![3; 80_000])));
    ann.send(&relay).await;
    let refused = ("too_large".to_owned(), End::Closed(1009));
    assert_eq!(ann.refusal().await, refused);
    // No message is longer than 256 KiB.
    let longer = Message::text("x".repeat(256 * 1024 + 1));
    // The service may disconnect before the last byte.
    let _ = ben.0.send(longer).await;
    assert_eq!(ben.refusal().await, refused);
}

#[tokio::test]
async fn a_device_that_comes_back_is_sent_what_it_missed_before_anything_else() {
    let rooms = TestRooms::start().await;
    let (link, [(_, mut ann, ann_joined), (ben_aci, ben, ben_joined)]) = pair(&rooms).await;
    let [ann_id, ben_id] = [&ann_joined, &ben_joined].map(demux_id);
    ann.send(&with_welcome(commit(1, 0, b"0"), &[ben_id], b"welcome"))
        .await;
    ann.next_of("commit").await;
    drop(ben);
    for epoch in 1..4_u64 {
        ann.send(&commit(1, epoch, &[7; 3])).await;
        ann.next_of("commit").await;
    }
    let have = json!({"group": 1, "epoch": 1});
    let again = resuming(&rooms, &link, &ben_aci, &ben_joined, have);
    let (mut ben, back) = TestSocket::joined(&rooms, again).await;
    assert_eq!(demux_id(&back), ben_id);
    let present = json!({"group": 1, "epoch": 4});
    assert_eq!((&back["present"], &back["missed"]), (&present, &json!(3)));
    for epoch in 1..4 {
        assert_eq!(ben.next().await, told(1, epoch, ann_id, &[7; 3]));
    }
    // Nothing is missed at the present epoch.
    drop(ben);
    let again = resuming(&rooms, &link, &ben_aci, &back, present);
    let (mut ben, back) = TestSocket::joined(&rooms, again).await;
    assert_eq!(back.get("missed"), None);
    ben.send(&json!({"type": "ping"})).await;
    assert_ne!(ben.next().await["type"], "commit");
    // A join that is no resume is told the present epoch and no commit.
    let have = json!({"group": 1, "epoch": 1});
    let mut anew = resuming(&rooms, &link, &ben_aci, &json!({"resume": "AA=="}), have);
    let (_, joined) = TestSocket::joined(&rooms, anew.clone()).await;
    assert_eq!(
        (&joined["present"], joined.get("missed")),
        (&json!({"group": 1, "epoch": 4}), None)
    );
    for have in [
        json!(7),
        json!({"group": 1}),
        json!({"group": -1, "epoch": 0}),
    ] {
        set(&mut anew, "auth", json!(rooms.auth(&link, &ben_aci)));
        set(&mut anew, "have", have);
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&anew).await;
        let refused = ("invalid_message".to_owned(), End::Closed(1002));
        assert_eq!(client.refusal().await, refused);
    }
}

#[tokio::test]
async fn a_call_takes_four_commits_a_second_and_nobody_is_cut_off() {
    let rooms = TestRooms::start().await;
    let (_link, [(_, mut ann, _), (_, mut ben, _)]) = pair(&rooms).await;
    let mut taken = 0;
    // A hundred at once are beyond the limit, unless the machine takes half a minute for them.
    for epoch in 0..100 {
        ann.send(&commit(1, epoch, b"next")).await;
    }
    ann.send(&json!({"type": "ping"})).await;
    let mut codes = Vec::new();
    loop {
        let message = ann.next().await;
        match message["type"].as_str() {
            Some("commit") => taken += 1,
            Some("error") => {
                assert_eq!(message["present"], json!({"group": 1, "epoch": taken}));
                codes.push(message["code"].as_str().unwrap().to_owned());
            }
            Some("pong") => break,
            _ => {}
        }
    }
    assert!(taken >= 4, "{taken}");
    assert_eq!(codes[0], "rate_limited");
    for epoch in 0..taken {
        assert_eq!(ben.next_of("commit").await["epoch"], epoch);
    }
    ben.send(&json!({"type": "ping"})).await;
    ben.next_of("pong").await;
}

/// Sends a commit until the limits let it pass.
async fn commit_at_last(client: &mut TestSocket, commit: &Value) {
    loop {
        match client.said(commit).await.first().map(String::as_str) {
            None => return,
            Some("rate_limited") => sleep(Duration::from_millis(50)).await,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_mebibyte_of_missed_commits_comes_to_a_device_that_resumes_its_place() {
    let rooms = TestRooms::start().await;
    let (link, [(_, mut ann, ann_joined), (ben_aci, ben, ben_joined)]) = pair(&rooms).await;
    let [ann_id, ben_id] = [&ann_joined, &ben_joined].map(demux_id);
    let mut ben_joined = ben_joined;
    ann.send(&with_welcome(commit(1, 0, b"0"), &[ben_id], b"welcome"))
        .await;
    ann.next_of("commit").await;
    drop(ben);
    let bodies: Vec<Vec<u8>> = (1..17).map(|epoch| vec![epoch; 65_536]).collect();
    for (epoch, body) in (1..).zip(&bodies) {
        commit_at_last(&mut ann, &commit(1, epoch, body)).await;
    }
    // The second time, the service sends the texts of the first.
    for _ in 0..2 {
        let have = json!({"group": 1, "epoch": 1});
        let again = resuming(&rooms, &link, &ben_aci, &ben_joined, have);
        let (mut ben, back) = TestSocket::joined(&rooms, again).await;
        assert_eq!(back["missed"], 16);
        for (epoch, body) in (1..).zip(&bodies) {
            assert!(ben.next().await == told(1, epoch, ann_id, body), "{epoch}");
        }
        ben_joined = back;
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_once_that_commits_were_dropped_then_the_newest_and_keeps_its_place()
{
    let rooms = TestRooms::start_with(TestRoomsOptions {
        sockets: SocketLimits {
            // Two of the longest Welcomes.
            queued_group_bytes: 320 * 1024,
            ..SocketLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, [(ann_aci, mut ann, ann_joined), (_, mut ben, ben_joined)]) = pair(&rooms).await;
    let [ann_id, ben_id] = [&ann_joined, &ben_joined].map(demux_id);
    let mut slow = TestSocket::connect_narrow(&rooms).await;
    let account = rooms.new_account();
    slow.send(&join(&rooms, &link, &account)).await;
    let slow_id = demux_id(&slow.next().await);
    let first = with_welcome(commit(1, 0, b"0"), &[ben_id, slow_id], b"welcome");
    ann.send(&first).await;
    slow.next_of("welcome").await;
    // Four MiB of Welcomes exceed the buffers of the operating system and the queue.
    let welcome = vec![7; 114_688];
    for epoch in 1..29 {
        let next = with_welcome(commit(1, epoch, b"next"), &[slow_id], &welcome);
        let client = if epoch % 2 == 0 { &mut ann } else { &mut ben };
        commit_at_last(client, &next).await;
    }
    // A new device is named before the commit that adds it, also to the slow reader.
    let third = rooms.new_account();
    let (_cleo, cleo_joined) = TestSocket::joined(&rooms, join(&rooms, &link, &third)).await;
    let cleo_id = demux_id(&cleo_joined);
    let last = with_welcome(commit(1, 29, b"last"), &[cleo_id], b"welcome");
    commit_at_last(&mut ann, &last).await;
    let (mut dropped, mut known, mut is_named) = (0, 1, false);
    loop {
        let message = slow.next().await;
        match message["type"].as_str() {
            Some("error") => {
                assert_eq!(message["code"], "commits_dropped");
                dropped += 1;
            }
            Some("welcome") if dropped == 0 => {
                known += 1;
                assert_eq!(message["epoch"], known);
            }
            Some("commit") if message["epoch"] == 29 => {
                assert_eq!(message, told(1, 29, ann_id, b"last"));
                break;
            }
            Some("participants") => is_named |= ids(&message, "active").contains(&cleo_id),
            _ => {}
        }
    }
    assert_eq!(dropped, 1);
    assert!(is_named, "the roster comes before the commit");
    assert!(known < 29, "{known}");
    let (_, seen) = peek(&rooms, &link, &ann_aci).await;
    for id in [ann_id, ben_id, slow_id, cleo_id] {
        assert!(ids(&seen, "participants").contains(&id));
    }
    slow.send(&json!({"type": "ping"})).await;
    slow.next_of("pong").await;
}

#[tokio::test]
async fn the_service_stores_and_logs_nothing_of_commits() {
    let rooms = TestRooms::start().await;
    let (link, [(aci, mut ann, _), (_, mut ben, joined)]) = pair(&rooms).await;
    let (body, welcome) = (b"the bytes of a sealed commit", b"the bytes of a Welcome");
    let guard = LogGuard::global();
    guard.watch_bytes("a commit", body);
    guard.watch_bytes("a Welcome", welcome);
    let first = with_welcome(commit(1, 0, body), &[demux_id(&joined)], welcome);
    ann.send(&first).await;
    ben.next_of("welcome").await;
    let (_, seen) = peek(&rooms, &link, &aci).await;
    assert!(!seen.to_string().contains("group"), "{seen}");
    for client in [&mut ann, &mut ben] {
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    wait_for_end(&rooms, &link, &aci).await;
    guard.assert_clean();
    guard.assert_absent_from(rooms.directory());
}
