//! Section 5: rosters over the socket.

use anteroom_testkit::TestRooms;
use serde_json::{Value, json};

use crate::client::{TestSocket, admin_join, created, demux_id, join, set};

fn with_changes(mut join: Value) -> Value {
    set(&mut join, "roster", json!("delta"));
    join
}

#[tokio::test]
async fn changes_at_most_every_250_ms_and_the_whole_on_demand() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let host_join = with_changes(admin_join(&rooms, &link, &admin));
    let (mut host, host_joined) = TestSocket::joined(&rooms, host_join).await;
    let guest = rooms.new_account();
    let (mut visitor, joined) =
        TestSocket::joined(&rooms, with_changes(join(&rooms, &link, &guest))).await;
    let (guest_id, guest_user) = (demux_id(&joined), link.opaque_id(&guest));
    let told = host.next_of("roster").await;
    let entry = json!({"status": "pending", "demuxId": guest_id, "opaqueUserId": guest_user});
    let expected = json!({
        "type": "roster", "eraId": joined["eraId"], "joined": [entry], "changed": [], "left": [],
        "pendingCount": 1, "since": host_joined["rosterRevision"], "revision": told["revision"],
    });
    assert_eq!(told, expected);
    assert!(told["revision"].as_u64() > told["since"].as_u64());
    host.send(&json!({"type": "approve", "demuxId": guest_id}))
        .await;
    let told = visitor.next_of("roster").await;
    let entry = json!({"status": "active", "demuxId": guest_id, "opaqueUserId": guest_user});
    assert_eq!(
        (&told["joined"], &told["pendingCount"]),
        (&json!([entry]), &json!(0))
    );
    visitor.next_of("admitted").await;
    let told = host.next_of("roster").await;
    assert_eq!(
        (&told["changed"], &told["left"]),
        (&json!([entry]), &json!([]))
    );
    assert!(told["revision"].as_u64() > told["since"].as_u64());
    host.send(&json!({"type": "ping"})).await;
    assert_eq!(
        host.next_of("pong").await["rosterRevision"],
        told["revision"]
    );
    host.send(&json!({"type": "participants"})).await;
    let whole = host.next_of("participants").await;
    let host_entry = json!({
        "demuxId": demux_id(&host_joined), "opaqueUserId": link.opaque_id(&admin),
        "admin": true,
    });
    let guest_entry = json!({"demuxId": guest_id, "opaqueUserId": guest_user});
    let expected = json!({
        "type": "participants", "eraId": joined["eraId"], "active": [host_entry, guest_entry],
        "pending": [], "pendingCount": 0, "revision": told["revision"],
    });
    assert_eq!(whole, expected);
    // Guests see which devices are admins, too.
    visitor.send(&json!({"type": "participants"})).await;
    let whole = visitor.next_of("participants").await;
    assert_eq!(whole["active"], expected["active"]);
    visitor.send(&json!({"type": "leave"})).await;
    let told = host.next_of("roster").await;
    assert_eq!(told["left"], json!([guest_id]));
}

#[tokio::test]
async fn one_device_that_flaps_its_hand_is_not_multiplied() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let flapper = rooms.new_account();
    let (mut flapper, _) = TestSocket::joined(&rooms, join(&rooms, &link, &flapper)).await;
    for number in 0..1_000 {
        let raised = number % 2 == 0;
        flapper
            .send(&json!({"type": "raise_hand", "raised": raised}))
            .await;
    }
    let refused = flapper
        .said(&json!({"type": "raise_hand", "raised": true}))
        .await;
    host.send(&json!({"type": "ping"})).await;
    let mut rosters = 0;
    while host.next().await["type"] != "pong" {
        rosters += 1;
    }
    // The join, two hands, and one more for each second that this may have taken.
    assert!(rosters <= 30, "{rosters}");
    assert!(refused.iter().all(|code| code == "rate_limited"));
}

#[tokio::test]
async fn guests_in_the_lobby_get_the_number_of_those_who_wait_and_no_list_of_ids() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (_host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let accounts = [(); 3].map(|()| rooms.new_account());
    let mut waiting = Vec::new();
    for (number, account) in accounts.iter().enumerate() {
        let (client, joined) = TestSocket::joined(&rooms, join(&rooms, &link, account)).await;
        assert_eq!(
            (&joined["pending"], &joined["pendingCount"]),
            (&json!([]), &json!(number + 1))
        );
        waiting.push(client);
    }
    let told = waiting[0]
        .roster(|roster| roster["pendingCount"] == 3)
        .await;
    assert_eq!(told["pending"], json!([]));
    for account in &accounts {
        assert!(!told.to_string().contains(&link.opaque_id(account)));
    }
}
