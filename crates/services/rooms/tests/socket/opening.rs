//! Section 5: the opening of a socket, and the join.

use std::time::Duration;

use anteroom_protocol::DAY;
use anteroom_rooms::{SocketLimits, VerificationLimits, VerifierKeys};
use anteroom_runtime::BucketSize;
use anteroom_testkit::{TestRooms, TestRoomsOptions};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::client::{
    End, PATIENCE, TestSocket, admin_join, base64, created, join, open, set, update,
};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "anteroom.v1");

#[tokio::test]
async fn only_pages_of_known_origins_and_the_right_protocol_may_open_a_socket() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        origins: vec!["https://app.example".to_owned()],
        ..TestRoomsOptions::default()
    })
    .await;
    for (headers, status) in [
        (&[PROTOCOL][..], 101),
        (&[PROTOCOL, ("origin", "https://app.example")], 101),
        (&[("sec-websocket-protocol", "other, anteroom.v1")], 101),
        (&[PROTOCOL, ("origin", "https://evil.example")], 403),
        (&[PROTOCOL, ("origin", "http://app.example")], 403),
        (&[PROTOCOL, ("origin", "https://app.example:8443")], 403),
        (&[PROTOCOL, ("origin", "null")], 403),
        (
            &[
                PROTOCOL,
                ("origin", "https://app.example"),
                ("origin", "https://app.example"),
            ],
            403,
        ),
        (&[], 426),
        (&[("sec-websocket-protocol", "anteroom.v2")], 426),
    ] {
        let got = match open(&rooms.socket_url(), headers).await {
            Ok(_) => 101,
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(got, status, "{headers:?}");
    }
}

#[tokio::test]
async fn joins_that_cannot_be_are_refused_with_a_reason() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (revoked, _) = created(&rooms, "none").await;
    assert_eq!(
        update(&rooms, &revoked, &aci, json!({"revoked": true})).await,
        200
    );
    let unknown = rooms.new_link();
    let good = || join(&rooms, &link, &aci);
    let with = |member: &str, value| {
        let mut join = good();
        set(&mut join, member, value);
        join
    };
    for (message, code, end) in [
        (with("roomId", json!("a:b")), "invalid_message", 1002),
        (with("auth", json!("?")), "invalid_message", 1002),
        (with("auth", json!("AAAA")), "invalid_message", 1002),
        (with("adminPasskey", json!("?")), "invalid_message", 1002),
        (
            with("auth", json!(rooms.auth(&unknown, &aci))),
            "presentation_invalid",
            1008,
        ),
        (with("epoch", json!(7)), "unknown_link", 1008),
        (join(&rooms, &unknown, &aci), "unknown_link", 1008),
        (join(&rooms, &revoked, &aci), "expired", 1008),
        (admin_join(&rooms, &revoked, &aci), "expired", 1008),
    ] {
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&message).await;
        let refused = client.refusal().await;
        assert_eq!(refused, (code.to_owned(), End::Closed(end)), "{message}");
    }
    rooms.clock.advance(90 * DAY);
    let mut client = TestSocket::connect(&rooms).await;
    client.send(&good()).await;
    assert_eq!(
        client.refusal().await,
        ("expired".to_owned(), End::Closed(1008))
    );
    // A wrong passkey does not make its client an admin.
    let (link, aci) = created(&rooms, "adminApproval").await;
    let mut wrong = join(&rooms, &link, &aci);
    set(&mut wrong, "adminPasskey", json!("AAAA"));
    let (_, joined) = TestSocket::joined(&rooms, wrong).await;
    assert_eq!(joined.get("isAdmin"), Some(&json!(false)));
    assert_eq!(joined.get("status"), Some(&json!("pending")));
}

#[tokio::test]
async fn without_live_server_params_a_join_is_unavailable_and_not_forbidden() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    rooms.rooms.replace_keys(VerifierKeys::default());
    let mut client = TestSocket::connect(&rooms).await;
    client.send(&join(&rooms, &link, &aci)).await;
    let refused = client.refusal().await;
    assert_eq!(refused, ("unavailable".to_owned(), End::Closed(1013)));
}

#[tokio::test]
async fn a_join_may_have_members_of_a_later_version_and_is_told_the_features_of_this_one() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let mut newer = join(&rooms, &link, &aci);
    set(&mut newer, "stage", json!({"seats": [1, 2]}));
    let (mut client, joined) = TestSocket::joined(&rooms, newer).await;
    assert_eq!(
        joined["features"],
        json!([
            "roster_delta",
            "end_call",
            "hello",
            "member",
            "group",
            "statements",
            "guests",
            "moderation"
        ])
    );
    // Other messages do not accept unknown members.
    client
        .send(&json!({"type": "raise_hand", "raised": true, "stage": 1}))
        .await;
    let refused = client.refusal().await;
    assert_eq!(refused, ("invalid_message".to_owned(), End::Closed(1002)));
}

#[tokio::test]
async fn a_join_has_8_kib_at_most_another_first_message_4_and_a_later_one_96() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let of_length = |length: usize| {
        let mut join = join(&rooms, &link, &aci);
        set(&mut join, "more", json!(""));
        let more = length - join.to_string().len();
        set(&mut join, "more", json!("x".repeat(more)));
        join
    };
    let mut stranger = TestSocket::connect(&rooms).await;
    stranger.send(&of_length(8 * 1024 + 1)).await;
    let refused = stranger.refusal().await;
    assert_eq!(refused, ("too_large".to_owned(), End::Closed(1009)));
    let mut stranger = TestSocket::connect(&rooms).await;
    stranger
        .send(&json!({"type": "leave", "more": "x".repeat(4 * 1024)}))
        .await;
    let refused = stranger.refusal().await;
    assert_eq!(refused, ("too_large".to_owned(), End::Closed(1009)));
    // The limit of a first message does not apply to a message right behind the join.
    let mut member = TestSocket::connect(&rooms).await;
    member.send(&of_length(8 * 1024)).await;
    let relay = json!({"type": "relay", "to": "all", "body": base64(&vec![7; 65_536])});
    member.send(&relay).await;
    member.send(&json!({"type": "ping"})).await;
    assert_eq!(member.next().await["type"], "joined");
    assert_eq!(member.next().await["type"], "pong");
}

#[tokio::test]
async fn joins_that_wait_are_ten_at_once_and_one_in_ten_seconds() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (_host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let guest = rooms.new_account();
    let come_and_go = async || {
        let (mut visitor, answer) = TestSocket::join(&rooms, &join(&rooms, &link, &guest)).await;
        if answer["type"] == "joined" {
            visitor.send(&json!({"type": "leave"})).await;
        }
        visitor.end().await;
        answer["code"].clone()
    };
    for _ in 0..10 {
        assert_eq!(come_and_go().await, serde_json::Value::Null);
    }
    assert_eq!(come_and_go().await, "rate_limited");
    rooms.clock.advance(9);
    assert_eq!(come_and_go().await, "rate_limited");
    rooms.clock.advance(1);
    assert_eq!(come_and_go().await, serde_json::Value::Null);
    // Other users are pending meanwhile, and admins are not.
    let (_, other) = TestSocket::joined(&rooms, join(&rooms, &link, &rooms.new_account())).await;
    assert_eq!(other["status"], "pending");
    TestSocket::joined(&rooms, admin_join(&rooms, &link, &guest)).await;
}

#[tokio::test]
async fn after_ten_wrong_passkeys_a_users_passkey_is_not_looked_at() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let guest = rooms.new_account();
    let guess = || {
        let mut guess = join(&rooms, &link, &guest);
        set(&mut guess, "adminPasskey", json!("AAAA"));
        guess
    };
    for _ in 0..10 {
        let (mut client, joined) = TestSocket::joined(&rooms, guess()).await;
        assert_eq!(joined["isAdmin"], false);
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    for join in [guess(), admin_join(&rooms, &link, &guest)] {
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&join).await;
        let refused = client.refusal().await;
        assert_eq!(refused, ("rate_limited".to_owned(), End::Closed(1008)));
    }
    // The user joins without a passkey, and other users are not limited.
    TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let (_host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(joined["isAdmin"], true);
    rooms.clock.advance(6);
    let (_host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &guest)).await;
    assert_eq!(joined["isAdmin"], true);
}

#[tokio::test]
async fn a_start_resets_the_links_expiration() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    rooms.clock.advance(80 * DAY);
    let now = anteroom_runtime::Clock::now(&rooms.clock).as_secs();
    let (_client, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let state = joined.get("callLinkState").unwrap();
    assert_eq!(state.get("expiration"), Some(&json!(now + 90 * DAY)));
    assert_eq!(state.get("delete_at"), Some(&json!(now + 180 * DAY)));
}

#[tokio::test]
async fn who_does_not_join_in_time_is_sent_away() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        sockets: SocketLimits {
            join_timeout: Duration::from_millis(500),
            ..SocketLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(TestSocket::connect(&rooms).await);
    }
    for client in &mut idle {
        assert_eq!(
            client.refusal().await,
            ("join_timeout".to_owned(), End::Closed(1002))
        );
    }
    // The slots are free again once the clients have disconnected.
    let none_open = timeout(PATIENCE, rooms.rooms.idle());
    none_open.await.expect("slots are given back");
}

#[tokio::test]
async fn a_join_beyond_the_verifications_of_its_network_is_refused_until_there_are_more() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        verifications: VerificationLimits {
            budget: BucketSize::new(1.try_into().unwrap(), 60.try_into().unwrap()),
            ..VerificationLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    // The link is created from another address.
    let (link, aci) = created(&rooms, "none").await;
    let shown = join(&rooms, &link, &aci);
    let _kept = TestSocket::joined(&rooms, shown.clone()).await;
    let _known = TestSocket::joined(&rooms, shown).await;
    let another = join(&rooms, &link, &aci);
    let mut limited = TestSocket::connect(&rooms).await;
    limited.send(&another).await;
    let refusal = ("rate_limited".to_owned(), End::Closed(1008));
    assert_eq!(limited.refusal().await, refusal);
    rooms.clock.advance(60);
    TestSocket::joined(&rooms, another).await;
}

#[tokio::test]
async fn a_user_joins_only_so_often() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        sockets: SocketLimits {
            joins: BucketSize::new(2.try_into().unwrap(), 60.try_into().unwrap()),
            ..SocketLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = created(&rooms, "none").await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await);
    }
    let mut third = TestSocket::connect(&rooms).await;
    third.send(&join(&rooms, &link, &aci)).await;
    assert_eq!(
        third.refusal().await,
        ("rate_limited".to_owned(), End::Closed(1008))
    );
    let other = rooms.new_account();
    TestSocket::joined(&rooms, join(&rooms, &link, &other)).await;
}
