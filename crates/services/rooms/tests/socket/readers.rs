//! Section 5: a device that sends much, and clients that read slowly.

use std::time::Duration;

use anteroom_rooms::SocketLimits;
use anteroom_testkit::{LogGuard, TestLink, TestRooms, TestRoomsOptions};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::client::{TestSocket, admin_join, base64, created, demux_id, ids, join};

async fn rooms_with(sockets: SocketLimits) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        max_devices: 16,
        sockets,
        ..TestRoomsOptions::default()
    })
    .await
}

fn relay(to: &Value, bytes: usize) -> Value {
    json!({"type": "relay", "to": to, "body": base64(&vec![1; bytes])})
}

/// Adds members of different accounts. Together they may send as much as a call allows.
async fn speakers(rooms: &TestRooms, link: &TestLink) -> Vec<TestSocket> {
    let mut speakers = Vec::new();
    for _ in 0..5 {
        let account = rooms.new_account();
        speakers.push(
            TestSocket::joined(rooms, join(rooms, link, &account))
                .await
                .0,
        );
    }
    speakers
}

#[tokio::test]
async fn a_guest_who_relays_at_its_limit_throws_nobody_out() {
    let rooms = rooms_with(SocketLimits::default()).await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let guest = rooms.new_account();
    let (mut guest, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let mut passed = 0;
    let mut refused = 0;
    for _ in 0..100 {
        let errors = guest.said(&relay(&json!("all"), 65_536)).await;
        passed += usize::from(errors.is_empty());
        refused += usize::from(errors == ["rate_limited"]);
    }
    // The limit is 256 KiB at once. The refusal is sent once until a message passes.
    assert!(passed >= 4 && refused > 0, "{passed} {refused}");
    host.send(&json!({"type": "block", "demuxId": demux_id(&joined)}))
        .await;
    guest.next_of("blocked").await;
    host.send(&json!({"type": "ping"})).await;
    host.next_of("pong").await;
}

#[tokio::test]
async fn a_slow_reader_misses_relays_and_is_told_so_before_them_but_stays() {
    let rooms = rooms_with(SocketLimits {
        queued_bytes: 200 * 1024,
        ..SocketLimits::default()
    })
    .await;
    let (link, admin) = created(&rooms, "none").await;
    let mut slow = TestSocket::connect_narrow(&rooms).await;
    slow.send(&join(&rooms, &link, &admin)).await;
    let joined = slow.next().await;
    let mut witness = TestSocket::joined(&rooms, join(&rooms, &link, &rooms.new_account()))
        .await
        .0;
    let mut speakers = speakers(&rooms, &link).await;
    let heard = async {
        let mut heard = 0;
        while heard < 96 {
            heard += usize::from(witness.next().await["type"] == "relay");
        }
        heard
    };
    let speak = async {
        loop {
            for speaker in &mut speakers {
                speaker.said(&relay(&json!("all"), 65_536)).await;
            }
        }
    };
    // Six MiB exceed the queue and the buffers of the operating system.
    let sent = tokio::select! {
        heard = heard => heard,
        () = speak => 0,
    };
    slow.send(&json!({"type": "ping"})).await;
    let (mut relays, mut dropped) = (0, 0);
    loop {
        let message = slow.next().await;
        match message["type"].as_str() {
            Some("relay") => relays += 1,
            Some("error") => {
                assert_eq!(message["code"], "relay_dropped");
                dropped += 1;
            }
            Some("pong") => break,
            _ => {}
        }
    }
    assert_eq!(dropped, 1);
    assert!(relays < sent, "{relays} of {sent}");
    let (_, seen) = crate::client::peek(&rooms, &link, &admin).await;
    assert!(ids(&seen, "participants").contains(&demux_id(&joined)));
}

#[tokio::test]
async fn only_a_reader_that_takes_no_byte_for_the_whole_time_is_cut_off() {
    let rooms = rooms_with(SocketLimits {
        stall_timeout: Duration::from_millis(500),
        ..SocketLimits::default()
    })
    .await;
    let (link, admin) = created(&rooms, "none").await;
    let mut deaf = TestSocket::connect_narrow(&rooms).await;
    deaf.send(&join(&rooms, &link, &admin)).await;
    let deaf_id = demux_id(&deaf.next().await);
    let mut speakers = speakers(&rooms, &link).await;
    let cut = async {
        loop {
            for speaker in &mut speakers {
                let errors = speaker.said(&relay(&json!(deaf_id), 65_536)).await;
                if errors.iter().any(|code| code == "unreachable") {
                    return;
                }
            }
        }
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, cut)
        .await
        .expect("the deaf client is cut off");
    let line = "a client that took nothing for too long was cut off";
    let spans = LogGuard::global().spans_of(line);
    assert_eq!(spans, ["call"]);
    // The seat is kept for a while, because the device may resume. No other member has lost
    // anything.
    let (mut witness, joined) =
        TestSocket::joined(&rooms, join(&rooms, &link, &rooms.new_account())).await;
    let lost = joined["participants"].as_array().unwrap().iter();
    let lost: Vec<u64> = lost
        .filter(|one| one["lost"] == true)
        .map(demux_id)
        .collect();
    assert_eq!(lost, [deaf_id]);
    witness.send(&relay(&json!("all"), 10)).await;
    for speaker in &mut speakers {
        speaker.next_of("relay").await;
    }
    while let Some(Ok(_)) = deaf.0.next().await {}
}
