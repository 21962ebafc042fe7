//! One account in many ciphertexts, where legacy params are held: a decision about the user applies
//! to all.

use anteroom_protocol::{Aci, Mode};
use anteroom_rooms::SocketLimits;
use anteroom_runtime::BucketSize;
use anteroom_testkit::{TestLink, TestRooms, TestRoomsOptions};
use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{
    End, TestSocket, admin_join, approvals, created, demux_id, ids, join, set, wait_for_end,
};

/// Returns a join of the account whose ciphertext is shifted `times` times.
fn shifted(rooms: &TestRooms, link: &TestLink, aci: &Aci, times: usize) -> Value {
    let mut shifted = join(rooms, link, aci);
    set(
        &mut shifted,
        "auth",
        json!(rooms.shifted_auth(link, aci, times)),
    );
    shifted
}

async fn legacy(joins: u32) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        mode: Mode::Legacy,
        sockets: SocketLimits {
            joins: BucketSize::new(joins.try_into().unwrap(), 3_600.try_into().unwrap()),
            ..SocketLimits::default()
        },
        ..TestRoomsOptions::default()
    })
    .await
}

#[tokio::test]
async fn a_block_meets_every_shape() {
    let rooms = legacy(600).await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (guest, other) = (rooms.new_account(), rooms.new_account());
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (_one, first) = TestSocket::joined(&rooms, shifted(&rooms, &link, &guest, 0)).await;
    let (mut two, second) = TestSocket::joined(&rooms, shifted(&rooms, &link, &guest, 1)).await;
    let both = [demux_id(&first), demux_id(&second)];
    let seen = host.roster(|roster| ids(roster, "pending") == both).await;
    let shown: Vec<&str> = seen["pending"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["opaqueUserId"].as_str().unwrap())
        .collect();
    // One user, under the id that the service saw first.
    let user = link.opaque_id(&guest);
    assert_eq!(shown, [user.as_str(); 2]);

    host.send(&json!({"type": "block", "demuxId": demux_id(&first)}))
        .await;
    two.next_of("blocked").await;
    for times in 0..4 {
        let join = shifted(&rooms, &link, &guest, times);
        let (mut back, answer) = TestSocket::join(&rooms, &join).await;
        assert_eq!(answer, json!({"type": "blocked"}), "{times}");
        assert_eq!(back.end().await, End::Closed(1000));
    }
    let (_other, joined) = TestSocket::joined(&rooms, shifted(&rooms, &link, &other, 1)).await;
    assert_eq!(joined["status"], "pending");
}

#[tokio::test]
async fn an_approval_is_stored_and_forgotten_for_every_shape() {
    let rooms = legacy(600).await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    for (times, status, decision, told, stored) in [
        (2, "pending", "approve", "admitted", 1),
        (0, "active", "remove", "removed", 0),
        (1, "pending", "deny", "denied", 0),
    ] {
        let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
        let join = shifted(&rooms, &link, &guest, times);
        let (mut visitor, joined) = TestSocket::joined(&rooms, join).await;
        assert_eq!(joined["status"], status, "{times}");
        host.send(&json!({"type": decision, "demuxId": demux_id(&joined)}))
            .await;
        visitor.next_of(told).await;
        for client in [&mut visitor, &mut host] {
            // A client that was removed cannot leave.
            let _ = client.0.send(Message::text(r#"{"type":"leave"}"#)).await;
            client.end().await;
        }
        wait_for_end(&rooms, &link, &admin).await;
        assert_eq!(approvals(&rooms, &link).await, stored, "{times}");
    }
}

#[tokio::test]
async fn the_limit_of_joins_is_one_for_all_shapes() {
    let rooms = legacy(3).await;
    let (link, aci) = created(&rooms, "none").await;
    let mut kept = Vec::new();
    for times in 0..3 {
        kept.push(TestSocket::joined(&rooms, shifted(&rooms, &link, &aci, times)).await);
    }
    let mut fourth = TestSocket::connect(&rooms).await;
    fourth.send(&shifted(&rooms, &link, &aci, 3)).await;
    let limited = ("rate_limited".to_owned(), End::Closed(1008));
    assert_eq!(fourth.refusal().await, limited);
}
