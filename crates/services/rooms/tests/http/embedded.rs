//! Section 3 with embedded media: what REST says of rooms whose calls are joined by socket.

use anteroom_protocol::DAY;
use anteroom_testkit::TestRooms;
use http::Method;
use serde_json::json;

use crate::support::{
    PARTICIPANTS, created, join_body, join_request, link_request, peek_request, request, with,
};

#[tokio::test]
async fn a_room_without_a_call_says_so_with_an_empty_body() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let answer = peek_request(&rooms, &link, &aci).send(&rooms).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0));
}

#[tokio::test]
async fn revoked_expired_and_unknown_links_say_which() {
    let rooms = TestRooms::start().await;
    let (revoked, aci) = created(&rooms, json!({"revoked": true})).await;
    let (expired, _) = created(&rooms, json!({})).await;
    let unknown = rooms.new_link();
    let check = async |link, reason: &str| {
        let join = join_request(&rooms, link, &aci).json(&join_body());
        for answer in [
            peek_request(&rooms, link, &aci).send(&rooms).await,
            join.send(&rooms).await,
        ] {
            assert_eq!(answer.status, 404);
            assert_eq!(answer.json(), json!({"reason": reason}));
        }
    };
    check(&revoked, "expired").await;
    check(&unknown, "invalid").await;
    rooms.clock.advance(90 * DAY);
    check(&expired, "expired").await;
    rooms.clock.advance(90 * DAY);
    check(&expired, "invalid").await;
}

#[tokio::test]
async fn a_join_is_sent_to_the_socket() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let join = join_request(&rooms, &link, &aci).json(&join_body());
    join.send(&rooms)
        .await
        .assert_problem(409, "CALL_USE_SOCKET");
}

#[tokio::test]
async fn room_service_responsibility_membership_strangers_are_refused() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let stranger = rooms.new_link();
    for method in [Method::GET, Method::PUT] {
        let request = request(method, PARTICIPANTS)
            .room(link.room())
            .json(&join_body());
        let forged = request.clone().auth(&rooms.auth(&stranger, &aci));
        forged
            .send(&rooms)
            .await
            .assert_problem(403, "ROOM_FORBIDDEN");
        let create = request.create(&rooms.create(&link, &aci));
        create
            .send(&rooms)
            .await
            .assert_problem(401, "ROOM_UNAUTHORIZED");
    }
}

#[tokio::test]
async fn a_join_body_is_held_to_its_shape_but_may_hold_more() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    for (body, status) in [
        (json!({"iceUfrag": "u"}), 422),
        (json!([]), 422),
        (with(join_body(), "dhePublicKey", json!("zz")), 422),
        (with(join_body(), "hkdfExtraInfo", json!("0")), 422),
        (with(join_body(), "region", json!("x")), 409),
    ] {
        let answer = join_request(&rooms, &link, &aci)
            .json(&body)
            .send(&rooms)
            .await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
    }
    let _ = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
}
