//! Section 3: the bounds of a join's body, and the effects of a refused join.

use anteroom_protocol::DAY;
use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::{Value, json};

use crate::support::{created, join_body, join_request, link_request, with};

#[tokio::test]
async fn a_join_without_a_usable_key_is_refused_before_anything_is_stored_or_moved() {
    let media = FakeMediaServer::start().await;
    let rooms = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![media.url().to_owned()],
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = created(&rooms, json!({})).await;
    let read = || link_request(&rooms, Method::GET, &link, &aci).send(&rooms);
    let before = read().await.json();
    rooms.clock.advance(DAY);
    let incomplete = (400, "CALL_JOIN_INCOMPLETE");
    let invalid = (422, "CALL_JOIN_INVALID");
    let shape = (422, "UNPROCESSABLE");
    for (member, value, (status, code)) in [
        ("dhePublicKey", json!(""), incomplete),
        ("dhePublicKey", json!("ab".repeat(31)), invalid),
        ("dhePublicKey", json!("ab".repeat(33)), invalid),
        ("dhePublicKey", json!("xy".repeat(32)), invalid),
        ("dhePublicKey", json!("a".repeat(63)), invalid),
        ("dhePublicKey", Value::Null, shape),
        ("dhePublicKey", json!(7), shape),
        ("iceUfrag", json!(""), incomplete),
        ("iceUfrag", json!("u".repeat(257)), invalid),
        ("icePwd", json!(""), incomplete),
        ("icePwd", json!("p".repeat(60_000)), invalid),
        ("hkdfExtraInfo", json!("no hex"), invalid),
        ("hkdfExtraInfo", json!("abc"), invalid),
        ("hkdfExtraInfo", json!("ab".repeat(257)), invalid),
        ("adminPasskey", json!("no base64!"), shape),
    ] {
        let body = with(join_body(), member, value.clone());
        let answer = join_request(&rooms, &link, &aci)
            .json(&body)
            .send(&rooms)
            .await;
        assert_eq!(
            answer.problem(),
            (status, code.to_owned()),
            "{member} {value}"
        );
    }
    assert_eq!(media.announced(), []);
    assert_eq!(read().await.json(), before);
    // A recorded call would keep the restrictions from being changed.
    let change = json!({"restrictions": "none", "adminPasskey": link.passkey_text()});
    let update = link_request(&rooms, Method::PUT, &link, &aci).json(&change);
    assert_eq!(update.send(&rooms).await.status, 200);
}
