//! Section 7: the lock, the approval of a running call, raised hands that admins lower, and co-admins.

use anteroom_testkit::{TestLink, TestRooms};
use serde_json::{Value, json};

use crate::client::{End, TestSocket, admin_join, created, demux_id, ids, join, set, update};

/// Returns the next word about the moderation of the call.
async fn moderation(client: &mut TestSocket) -> (bool, bool, bool) {
    let told = client.next_of("moderation").await;
    let is = |member: &str| told[member].as_bool().unwrap();
    (is("locked"), is("approval"), is("isAdmin"))
}

/// Joins with an account that is new.
async fn stranger(rooms: &TestRooms, link: &TestLink) -> (TestSocket, Value) {
    TestSocket::join(rooms, &join(rooms, link, &rooms.new_account())).await
}

#[tokio::test]
async fn an_admin_lowers_a_hand_and_everybody_sees_it() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut guest, joined) = stranger(&rooms, &link).await;
    let id = demux_id(&joined);
    let is_up = |roster: &Value| {
        let mut active = roster["active"].as_array().unwrap().iter();
        active.any(|one| demux_id(one) == id && one.get("handRaisedAt").is_some())
    };
    guest
        .send(&json!({"type": "raise_hand", "raised": true}))
        .await;
    host.roster(is_up).await;
    let lower = json!({"type": "lower_hand", "demuxId": id});
    assert_eq!(guest.said(&lower).await, ["forbidden"]);
    host.send(&lower).await;
    for client in [&mut host, &mut guest] {
        client.roster(|roster| !is_up(roster)).await;
    }
    for (demux_id, code) in [(16, "unknown_device"), (17, "unknown_device")] {
        let lower = json!({"type": "lower_hand", "demuxId": demux_id});
        assert_eq!(host.said(&lower).await, [code]);
    }
}

#[tokio::test]
async fn a_lock_keeps_strangers_out_until_it_ends_and_lets_back_who_was_in() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, joined) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    assert_eq!(
        (joined.get("locked"), &joined["approval"]),
        (None, &json!(false))
    );
    let guest = rooms.new_account();
    let (mut visitor, first) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    let lock = |locked: bool| json!({"type": "lock", "locked": locked});
    assert_eq!(visitor.said(&lock(true)).await, ["forbidden"]);
    host.send(&lock(true)).await;
    assert_eq!(moderation(&mut host).await, (true, false, true));
    assert_eq!(moderation(&mut visitor).await, (true, false, false));

    let (mut late, error) = stranger(&rooms, &link).await;
    assert_eq!(
        error,
        json!({
            "type": "error", "code": "locked",
            "message": "The call is locked: nobody new comes in until an admin unlocks it.",
        })
    );
    assert_eq!(late.end().await, End::Closed(1000));
    // The place of a lost connection, another device of the same user, and an admin.
    drop(visitor);
    let mut resuming = join(&rooms, &link, &guest);
    set(&mut resuming, "resume", first["resume"].clone());
    for (join, is_first) in [
        (resuming, true),
        (join(&rooms, &link, &guest), false),
        (admin_join(&rooms, &link, &rooms.new_account()), false),
    ] {
        let (mut client, joined) = TestSocket::joined(&rooms, join).await;
        assert_eq!(joined["locked"], true);
        assert_eq!(joined["demuxId"] == first["demuxId"], is_first);
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    host.send(&lock(false)).await;
    assert_eq!(moderation(&mut host).await, (false, false, true));
    let (_late, joined) = stranger(&rooms, &link).await;
    assert_eq!(joined["status"], "active");
}

#[tokio::test]
async fn who_waits_under_a_lock_goes_on_waiting() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let (mut guest, waits) = stranger(&rooms, &link).await;
    host.send(&json!({"type": "lock", "locked": true})).await;
    assert_eq!(moderation(&mut guest).await, (true, true, false));
    let approve = json!({"type": "approve", "demuxId": demux_id(&waits)});
    assert_eq!(host.said(&approve).await, ["locked"]);
    host.send(&json!({"type": "lock", "locked": false})).await;
    host.send(&approve).await;
    guest.next_of("admitted").await;
}

#[tokio::test]
async fn approval_in_a_running_call_makes_people_wait_and_lets_in_who_waits() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let approval = |on: bool| json!({"type": "approval", "on": on});
    host.send(&approval(true)).await;
    assert_eq!(moderation(&mut host).await, (false, true, true));
    let (mut guest, waits) = stranger(&rooms, &link).await;
    assert_eq!(
        (&waits["status"], &waits["approval"]),
        (&json!("pending"), &json!(true))
    );
    assert_eq!(waits["callLinkState"]["restrictions"], "none");
    assert_eq!(guest.said(&approval(false)).await, ["forbidden"]);
    // The link keeps its restrictions, and a call keeps those with which it began.
    let change = json!({"restrictions": "adminApproval"});
    assert_eq!(update(&rooms, &link, &admin, change).await, 409);
    host.send(&approval(false)).await;
    assert_eq!(moderation(&mut guest).await, (false, false, false));
    guest.next_of("admitted").await;
    let (_other, joined) = stranger(&rooms, &link).await;
    assert_eq!(joined["status"], "active");
}

#[tokio::test]
async fn a_co_admin_sees_the_lobby_and_decides_until_that_is_taken_back() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let (mut host, hosts) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let guest = rooms.new_account();
    let (mut helper, joined) = TestSocket::joined(&rooms, join(&rooms, &link, &guest)).await;
    host.send(&json!({"type": "approve", "demuxId": demux_id(&joined)}))
        .await;
    helper.next_of("admitted").await;
    let (mut first, waits) = stranger(&rooms, &link).await;
    let user = link.opaque_id(&guest);
    let coadmin = |on: bool| json!({"type": "coadmin", "opaqueUserId": user, "on": on});
    assert_eq!(helper.said(&coadmin(true)).await, ["forbidden"]);
    host.send(&coadmin(true)).await;
    assert_eq!(moderation(&mut helper).await, (false, true, true));
    let roster = helper.next_of("participants").await;
    assert_eq!(ids(&roster, "pending"), [demux_id(&waits)]);
    let own = &roster["active"][1];
    assert_eq!((&own["coadmin"], own.get("admin")), (&json!(true), None));

    helper
        .send(&json!({"type": "approve", "demuxId": demux_id(&waits)}))
        .await;
    first.next_of("admitted").await;
    let hosts = demux_id(&hosts);
    for (message, code) in [
        (
            json!({"type": "remove", "demuxId": hosts}),
            "target_is_admin",
        ),
        (
            json!({"type": "block", "demuxId": hosts}),
            "target_is_admin",
        ),
        (coadmin(true), "forbidden"),
    ] {
        assert_eq!(helper.said(&message).await, [code]);
    }
    // A place that is resumed has the rights too.
    drop(helper);
    let mut resuming = join(&rooms, &link, &guest);
    set(&mut resuming, "resume", joined["resume"].clone());
    let (mut helper, joined) = TestSocket::joined(&rooms, resuming).await;
    assert_eq!(joined["isAdmin"], true);
    let (_second, waits) = stranger(&rooms, &link).await;
    helper
        .roster(|roster| ids(roster, "pending") == [demux_id(&waits)])
        .await;
    host.send(&coadmin(false)).await;
    assert_eq!(moderation(&mut helper).await, (false, true, false));
    let roster = helper.next_of("participants").await;
    assert_eq!(
        (&roster["pending"], &roster["pendingCount"]),
        (&json!([]), &json!(1))
    );
    let approve = json!({"type": "approve", "demuxId": demux_id(&waits)});
    assert_eq!(helper.said(&approve).await, ["forbidden"]);
}

#[tokio::test]
async fn a_user_id_that_is_no_hex_ends_the_connection() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "none").await;
    for user in ["", "AB", "x", &"ab".repeat(600)] {
        let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
        host.send(&json!({"type": "coadmin", "opaqueUserId": user, "on": true}))
            .await;
        let refusal = ("invalid_message".to_owned(), End::Closed(1002));
        assert_eq!(host.refusal().await, refusal, "{user:?}");
    }
}
