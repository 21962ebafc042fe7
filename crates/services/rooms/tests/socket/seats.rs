//! Section 5: one user cannot take a call over.

use anteroom_testkit::{TestRooms, TestRoomsOptions};
use serde_json::{Value, json};

use crate::client::{End, TestSocket, admin_join, created, demux_id, ids, join, peek, update};

async fn rooms_of(max_devices: u32, devices_per_user: u32) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        max_devices,
        devices_per_user,
        ..TestRoomsOptions::default()
    })
    .await
}

#[tokio::test]
async fn one_account_fills_neither_a_call_nor_its_lobby() {
    let rooms = rooms_of(8, 5).await;
    for restrictions in ["none", "adminApproval"] {
        let (link, admin) = created(&rooms, restrictions).await;
        let flooder = rooms.new_account();
        let (_host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
        let mut seats = Vec::new();
        for _ in 0..5 {
            seats.push(TestSocket::joined(&rooms, join(&rooms, &link, &flooder)).await);
        }
        for _ in 0..3 {
            let (mut refused, answer) =
                TestSocket::join(&rooms, &join(&rooms, &link, &flooder)).await;
            assert_eq!(answer["code"], "too_many_devices");
            assert_eq!(refused.end().await, End::Closed(1000));
        }
        let other = rooms.new_account();
        TestSocket::joined(&rooms, join(&rooms, &link, &other)).await;
        TestSocket::joined(&rooms, admin_join(&rooms, &link, &rooms.new_account())).await;
    }
}

#[tokio::test]
async fn an_admin_comes_into_a_full_call_and_can_block_who_fills_it() {
    let rooms = rooms_of(4, 2).await;
    let (link, admin) = created(&rooms, "none").await;
    let [flooder, other] = [rooms.new_account(), rooms.new_account()];
    let mut seats = Vec::new();
    for account in [&other, &flooder, &flooder] {
        seats.push(TestSocket::joined(&rooms, join(&rooms, &link, account)).await);
    }
    let third = rooms.new_account();
    let (mut bystander, _) = TestSocket::joined(&rooms, join(&rooms, &link, &third)).await;
    let (host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(joined["isAdmin"], true);
    let (newest, _) = &mut seats[2];
    let displaced = ("displaced".to_owned(), End::Closed(1000));
    assert_eq!(newest.refusal().await, displaced);
    bystander
        .roster(|roster| ids(roster, "active").contains(&demux_id(&joined)))
        .await;
    let mut host = host;
    let rest = demux_id(&seats[1].1);
    host.send(&json!({"type": "block", "demuxId": rest})).await;
    seats[1].0.next_of("blocked").await;
}

#[tokio::test]
async fn an_own_lost_place_gives_way_in_a_full_call_and_others_see_that_it_is_lost() {
    let rooms = rooms_of(2, 2).await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let member = rooms.new_account();
    let (crashed, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &member)).await;
    let lost_id = demux_id(&joined);
    drop(crashed);
    let is_lost = |roster: &Value| {
        let devices = roster["active"].as_array().unwrap();
        devices
            .iter()
            .any(|one| demux_id(one) == lost_id && one["lost"] == true)
    };
    host.roster(is_lost).await;
    let (_back, again) = TestSocket::joined(&rooms, join(&rooms, &link, &member)).await;
    let id = demux_id(&again);
    assert_ne!(id, lost_id);
    host.roster(|roster| {
        let active = ids(roster, "active");
        active.contains(&id) && !active.contains(&lost_id)
    })
    .await;
}

#[tokio::test]
async fn a_blocked_user_and_who_cannot_come_in_peek_at_numbers_only() {
    let rooms = rooms_of(8, 5).await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let [blocked, outsider] = [rooms.new_account(), rooms.new_account()];
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut troll, waits) = TestSocket::joined(&rooms, join(&rooms, &link, &blocked)).await;
    let (_waiting, _) = TestSocket::joined(&rooms, join(&rooms, &link, &rooms.new_account())).await;
    host.send(&json!({"type": "block", "demuxId": demux_id(&waits)}))
        .await;
    troll.next_of("blocked").await;
    let assert_numbers = |(status, body): (http::StatusCode, Value)| {
        assert_eq!(status, 200);
        assert_eq!(
            (
                &body["participants"],
                &body["participantCount"],
                &body["pendingCount"]
            ),
            (&json!([]), &json!(1), &json!(1))
        );
        for member in ["creator", "pendingClients"] {
            assert_eq!(body.get(member), None, "{member}");
        }
    };
    assert_numbers(peek(&rooms, &link, &blocked).await);
    let (_, open) = peek(&rooms, &link, &outsider).await;
    assert_eq!(open["participants"].as_array().unwrap().len(), 1);
    let revoke = json!({"revoked": true});
    assert_eq!(update(&rooms, &link, &admin, revoke).await, 200);
    assert_numbers(peek(&rooms, &link, &outsider).await);
    // Members of the call still see all of it.
    let (_, inside) = peek(&rooms, &link, &admin).await;
    assert_eq!(inside["participants"].as_array().unwrap().len(), 1);
    assert_eq!(inside["creator"], link.opaque_id(&admin));
}
