//! Section 5: malformed input, and the limits of clients.

use anteroom_testkit::TestRooms;
use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::client::{End, TestSocket, base64, created, demux_id, join};

#[tokio::test]
async fn what_is_no_message_ends_the_connection_with_a_reason() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut witness, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let long = "x".repeat(96 * 1024 + 1);
    let longer = "x".repeat(3 * 1024 * 1024);
    let deep = "[".repeat(90_000);
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
        let mut stranger = TestSocket::connect(&rooms).await;
        let (mut member, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
        for client in [&mut stranger, &mut member] {
            // The service may disconnect before the last byte of a message that is too long.
            let _ = client.0.send(message.clone()).await;
            let refused = client.refusal().await;
            assert_eq!(refused, (code.to_owned(), End::Closed(end)));
        }
    }
    let (mut member, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    member.text(deep).await;
    let refused = member.refusal().await;
    assert_eq!(refused, ("invalid_message".to_owned(), End::Closed(1002)));
    witness.send(&json!({"type": "ping"})).await;
    witness.next_of("pong").await;
}

#[tokio::test]
async fn frames_that_no_client_sends_end_their_connection_and_no_other() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut witness, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let part = |opcode, is_last| {
        let bytes = vec![b' '; 60 * 1024];
        Message::Frame(Frame::message(bytes, opcode, is_last))
    };
    let text = OpCode::Data(Data::Text);
    let more = OpCode::Data(Data::Continue);
    let not_utf8 = Frame::message(vec![0xff, 0xfe], text, true);
    let refused = Some("too_large");
    for (frames, code) in [
        // The limit of a message in parts is the same as in one piece.
        (vec![part(text, false), part(more, true)], refused),
        (vec![part(text, false); 2], None),
        (vec![part(more, true)], None),
        (vec![Message::Frame(not_utf8)], None),
    ] {
        let mut stranger = TestSocket::connect(&rooms).await;
        let (mut member, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
        for client in [&mut stranger, &mut member] {
            for frame in frames.clone() {
                // The service may disconnect before the last frame.
                let _ = client.0.send(frame).await;
            }
            match code {
                Some(code) => {
                    let end = (code.to_owned(), End::Closed(1009));
                    assert_eq!(client.refusal().await, end);
                }
                None => {
                    client.end().await;
                }
            }
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
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&first).await;
        let refused = client.refusal().await;
        assert_eq!(
            refused,
            ("not_joined".to_owned(), End::Closed(1002)),
            "{first}"
        );
    }
    let (mut client, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    client.send(&join(&rooms, &link, &aci)).await;
    let error = client.next_of("error").await;
    assert_eq!(error.get("code"), Some(&json!("already_joined")));
    // An invalid but parsed message leaves the connection open.
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
    let (mut one, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let (mut two, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
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
    let (mut flooder, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let (mut listener, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
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
        let (mut client, _) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
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
    // The burst, and the messages that a second or more of flooding may add.
    assert!((256..1_000).contains(&heard), "{heard}");
}
