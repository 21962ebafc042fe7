//! Section 5: bad input, and clients that want too much.

use std::time::Duration;

use anteroom_rooms::SocketLimits;
use anteroom_testkit::{TestRooms, TestRoomsOptions};
use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, End, base64, created, demux_id, ids, join};

#[tokio::test]
async fn what_is_no_message_ends_the_connection_with_a_reason() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut witness, _) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let long = "x".repeat(96 * 1024 + 1);
    let longer = "x".repeat(3 * 1024 * 1024);
    for (message, code, end) in [
        (Message::text("{"), "invalid_message", 1002),
        (Message::text(""), "invalid_message", 1002),
        (
            Message::text(r#"{"type":"dance"}"#),
            "invalid_message",
            1002,
        ),
        (Message::binary(b"join".to_vec()), "binary_refused", 1003),
        (Message::text(long), "too_large", 1009),
        (Message::text(longer), "too_large", 1009),
    ] {
        let mut stranger = Client::connect(&rooms).await;
        let (mut member, _) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
        for client in [&mut stranger, &mut member] {
            // The service may hang up before the last byte of what is too long.
            let _ = client.0.send(message.clone()).await;
            let refused = client.refusal().await;
            assert_eq!(refused, (code.to_owned(), End::Closed(end)));
        }
    }
    witness.send(&json!({"type": "ping"})).await;
    witness.next_of("pong").await;
}

#[tokio::test]
async fn only_a_join_comes_first_and_only_once() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    for first in [
        json!({"type": "ping"}),
        json!({"type": "leave"}),
        json!({"type": "approve", "demuxId": 16}),
        json!({"type": "approve", "demuxId": 17}),
    ] {
        let mut client = Client::connect(&rooms).await;
        client.send(&first).await;
        let refused = client.refusal().await;
        assert_eq!(
            refused,
            ("not_joined".to_owned(), End::Closed(1002)),
            "{first}"
        );
    }
    let (mut client, _) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    client.send(&join(&rooms, &link, &aci)).await;
    let error = client.next_of("error").await;
    assert_eq!(error.get("code"), Some(&json!("already_joined")));
    // What is wrong in itself but understood leaves the connection open.
    let body = base64(&vec![0; 65_537]);
    for (message, code) in [
        (
            json!({"type": "relay", "to": "all", "body": body}),
            "too_large",
        ),
        (
            json!({"type": "relay", "to": 3, "body": ""}),
            "unknown_device",
        ),
        (
            json!({"type": "relay", "to": 4_294_967_280_u32, "body": ""}),
            "unknown_device",
        ),
        (json!({"type": "approve", "demuxId": 16}), "forbidden"),
    ] {
        client.send(&message).await;
        let error = client.next_of("error").await;
        assert_eq!(error.get("code"), Some(&json!(code)));
    }
    client.send(&json!({"type": "ping"})).await;
    client.next_of("pong").await;
}

#[tokio::test]
async fn the_longest_relay_arrives_whole() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut one, joined) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let (mut two, _) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let body = base64(&vec![0xa5; 65_536]);
    one.send(&json!({"type": "relay", "to": "all", "body": body}))
        .await;
    let heard = two.next_of("relay").await;
    let expected = json!({"type": "relay", "from": demux_id(&joined), "body": body});
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn ten_thousand_relays_in_a_second_are_held_to_the_limit_and_hurt_nobody() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut flooder, joined) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let (mut listener, _) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let flood = async {
        let message = json!({"type": "relay", "to": "all", "body": base64(&[7; 32])});
        let message = Message::text(message.to_string());
        for _ in 0..10_000 {
            flooder.0.feed(message.clone()).await.unwrap();
        }
        flooder.0.flush().await.unwrap();
        flooder.send(&json!({"type": "ping"})).await;
        let error = flooder.next_of("error").await;
        assert_eq!(error.get("code"), Some(&json!("rate_limited")));
        flooder.next_of("pong").await;
    };
    let others = async {
        let (link, aci) = created(&rooms, "none").await;
        let (mut client, _) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
        for _ in 0..50 {
            client.send(&json!({"type": "ping"})).await;
            client.next_of("pong").await;
        }
    };
    tokio::join!(flood, others);
    listener.send(&json!({"type": "ping"})).await;
    let mut heard = 0;
    loop {
        let message = listener.next().await;
        match message.get("type").and_then(Value::as_str) {
            Some("relay") => {
                assert_eq!(message.get("from"), joined.get("demuxId"));
                heard += 1;
            }
            Some("pong") => break,
            _ => {}
        }
    }
    // The burst, and what a second or more of flooding may add.
    assert!((100..1_000).contains(&heard), "{heard}");
}

#[tokio::test]
async fn a_reader_that_never_reads_is_cut_off_and_the_others_go_on() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        sockets: SocketLimits {
            queued_bytes: 256 * 1024,
            ..SocketLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let (_deaf, deaf_joined) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let (mut speaker, joined) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let (speaker_id, deaf_id) = (demux_id(&joined), demux_id(&deaf_joined));
    let message = json!({"type": "relay", "to": deaf_id, "body": base64(&vec![1; 65_536])});
    let message = Message::text(message.to_string());
    // What the operating system keeps for a connection is much; in the end it is full too.
    let mut unreachable = false;
    for _ in 0..1_000 {
        speaker.0.send(message.clone()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(12)).await;
        speaker.send(&json!({"type": "ping"})).await;
        loop {
            let answer = speaker.next().await;
            match answer.get("type").and_then(Value::as_str) {
                Some("pong") => break,
                Some("error") if answer.get("code") == Some(&json!("unreachable")) => {
                    unreachable = true;
                }
                _ => {}
            }
        }
        if unreachable {
            break;
        }
    }
    assert!(unreachable, "the deaf client was never cut off");
    // Its place is kept for a while, for it may come back.
    let (mut witness, joined) = Client::joined(&rooms, join(&rooms, &link, &aci)).await;
    let active = ids(&joined, "participants");
    assert!(active.contains(&speaker_id) && active.contains(&deaf_id));
    witness.send(&json!({"type": "ping"})).await;
    witness.next_of("pong").await;
}
