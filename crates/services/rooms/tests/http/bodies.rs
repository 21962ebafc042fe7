//! Section 2: what the bodies may hold.

use anteroom_testkit::TestRooms;
use http::Method;
use serde_json::json;

use crate::support::{base64, create_body, create_request, created, link_request, with};

#[tokio::test]
async fn bodies_are_held_to_their_shape() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let fresh = rooms.new_link();
    let creates = |body: String| {
        let put = create_request(&rooms, &fresh, &aci);
        (put.text(body), "create")
    };
    let updates = |body: String| {
        let put = link_request(&rooms, Method::PUT, &link, &aci);
        (put.text(body), "update")
    };
    let deletes = |body: String| {
        let delete = link_request(&rooms, Method::DELETE, &link, &aci);
        (delete.text(body), "delete")
    };
    let create = create_body(&fresh);
    let update = json!({"adminPasskey": link.passkey_text()});
    let bad = "CALL_LINK_PARAMS_INVALID";
    for ((request, kind), status, code) in [
        (creates(update.to_string()), 400, bad),
        (
            creates(with(create.clone(), "zkparams", json!("?")).to_string()),
            400,
            bad,
        ),
        (
            creates(with(create.clone(), "zkparams", json!("AAAA")).to_string()),
            400,
            bad,
        ),
        (
            creates(with(create.clone(), "zkparams", json!(7)).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (
            creates(with(create.clone(), "extra", json!(1)).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (
            creates(json!({"zkparams": fresh.zkparams()}).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (
            creates(with(create.clone(), "restrictions", json!("some")).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (
            creates(with(create.clone(), "adminPasskey", json!(base64(&[1; 33]))).to_string()),
            413,
            "FIELD_TOO_LARGE",
        ),
        (
            creates(with(create.clone(), "adminPasskey", json!(base64(&[1; 15]))).to_string()),
            400,
            "ROOM_PASSKEY_TOO_SHORT",
        ),
        (
            creates(with(create.clone(), "adminPasskey", json!("")).to_string()),
            400,
            "ROOM_PASSKEY_TOO_SHORT",
        ),
        (
            creates(with(create.clone(), "name", json!(base64(&[1; 289]))).to_string()),
            413,
            "FIELD_TOO_LARGE",
        ),
        (creates(" ".repeat(70_000)), 413, "PAYLOAD_TOO_LARGE"),
        (creates("{".to_owned()), 400, "BAD_REQUEST"),
        (creates(String::new()), 400, "BAD_REQUEST"),
        (
            updates(with(update.clone(), "zkparams", json!(link.zkparams())).to_string()),
            400,
            bad,
        ),
        (
            updates(with(update.clone(), "extra", json!(1)).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (
            updates(with(update.clone(), "revoked", json!("yes")).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (updates("{}".to_owned()), 422, "UNPROCESSABLE"),
        (
            updates(json!({"adminPasskey": "?"}).to_string()),
            422,
            "UNPROCESSABLE",
        ),
        (
            updates(with(update.clone(), "name", json!(base64(&[1; 289]))).to_string()),
            413,
            "FIELD_TOO_LARGE",
        ),
        (deletes("{}".to_owned()), 422, "UNPROCESSABLE"),
        (
            deletes(json!({"adminPasskey": base64(&[1; 33])}).to_string()),
            413,
            "FIELD_TOO_LARGE",
        ),
    ] {
        let answer = request.clone().send(&rooms).await;
        assert_eq!(
            answer.problem(),
            (status, code.to_owned()),
            "{kind}: {request:?}"
        );
    }
    // None of the requests has an effect.
    let read = link_request(&rooms, Method::GET, &fresh, &aci)
        .send(&rooms)
        .await;
    read.assert_problem(404, "CALL_LINK_NOT_FOUND");
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    assert_eq!(read.status, 200);
    let typed = link_request(&rooms, Method::PUT, &link, &aci).header("content-type", "text/plain");
    typed
        .send(&rooms)
        .await
        .assert_problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn a_new_link_needs_a_passkey_of_16_to_32_bytes() {
    let rooms = TestRooms::start().await;
    for (length, status, code) in [
        (0, 400, "ROOM_PASSKEY_TOO_SHORT"),
        (1, 400, "ROOM_PASSKEY_TOO_SHORT"),
        (15, 400, "ROOM_PASSKEY_TOO_SHORT"),
        (16, 200, ""),
        (32, 200, ""),
        (33, 413, "FIELD_TOO_LARGE"),
    ] {
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let passkey = json!(base64(&vec![1; length]));
        let body = with(create_body(&link), "adminPasskey", passkey);
        let create = create_request(&rooms, &link, &aci).json(&body);
        let answer = create.send(&rooms).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{length}");
    }
}

#[tokio::test]
async fn unknown_members_of_a_delete_are_ignored() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let body = json!({"adminPasskey": link.passkey_text(), "zkparams": null, "extra": [1]});
    let delete = link_request(&rooms, Method::DELETE, &link, &aci).json(&body);
    delete.send(&rooms).await.assert_json(&json!({}));
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    read.assert_problem(404, "CALL_LINK_NOT_FOUND");
}
