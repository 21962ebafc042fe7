//! Section 5: the statement of a link's admins.

use anteroom_testkit::TestRooms;
use http::Method;
use serde_json::{Value, json};

use crate::support::{base64, create_body, create_request, created, link_request, with};

async fn stated(rooms: &TestRooms, link: &anteroom_testkit::TestLink) -> Value {
    let aci = rooms.new_account();
    let read = link_request(rooms, Method::GET, link, &aci);
    let state = read.send(rooms).await.json();
    state["adminStatement"].clone()
}

#[tokio::test]
async fn the_statement_of_the_admins_is_stored_and_removed_with_the_passkey() {
    let rooms = TestRooms::start().await;
    let longest = base64(&[0xfb; 1024]);
    let (link, aci) = created(&rooms, json!({"adminStatement": longest})).await;
    assert_eq!(stated(&rooms, &link).await, json!(longest));
    // The create again changes nothing.
    let again = with(create_body(&link), "adminStatement", json!("AAAA"));
    let again = create_request(&rooms, &link, &aci).json(&again);
    let again = again.send(&rooms).await.json();
    assert_eq!(again["adminStatement"], longest);

    let passkey = json!({"adminPasskey": link.passkey_text()});
    for (change, expected) in [
        (json!({"adminStatement": "c2lnbmVk"}), json!("c2lnbmVk")),
        (json!({"name": "AQID"}), json!("c2lnbmVk")),
        (json!({"adminStatement": null}), json!("c2lnbmVk")),
        (json!({"adminStatement": ""}), Value::Null),
    ] {
        let mut body = passkey.clone();
        for (member, value) in change.as_object().unwrap() {
            body[member] = value.clone();
        }
        let update = link_request(&rooms, Method::PUT, &link, &aci).json(&body);
        let updated = update.send(&rooms).await.json();
        assert_eq!(updated["adminStatement"], expected, "{change}");
        assert_eq!(stated(&rooms, &link).await, expected, "{change}");
    }
}

#[tokio::test]
async fn a_statement_that_is_too_long_or_no_base64_or_of_a_stranger_is_refused() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({"adminStatement": "c2lnbmVk"})).await;
    let fresh = rooms.new_link();
    let long = base64(&[1; 1025]);
    for (passkey, statement, status, code) in [
        (link.passkey_text(), &*long, 413, "FIELD_TOO_LARGE"),
        (link.passkey_text(), "c2lnbmV", 422, "UNPROCESSABLE"),
        (link.passkey_text(), "-_8", 422, "UNPROCESSABLE"),
        (base64(&[9; 16]), "AAAA", 403, "ROOM_PASSKEY_WRONG"),
    ] {
        let body = json!({"adminPasskey": passkey, "adminStatement": statement});
        let update = link_request(&rooms, Method::PUT, &link, &aci).json(&body);
        update.send(&rooms).await.assert_problem(status, code);
    }
    let body = with(create_body(&fresh), "adminStatement", json!(long));
    let create = create_request(&rooms, &fresh, &aci).json(&body);
    let refused = create.send(&rooms).await;
    refused.assert_problem(413, "FIELD_TOO_LARGE");
    assert_eq!(stated(&rooms, &link).await, json!("c2lnbmVk"));
}

#[tokio::test]
async fn a_link_that_is_made_again_has_no_statement_of_the_one_before() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({"adminStatement": "c2lnbmVk"})).await;
    let passkey = json!({"adminPasskey": link.passkey_text()});
    let delete = link_request(&rooms, Method::DELETE, &link, &aci).json(&passkey);
    assert_eq!(delete.send(&rooms).await.status, 200);
    let create = create_request(&rooms, &link, &aci).json(&create_body(&link));
    let created = create.send(&rooms).await.json();
    assert_eq!(created["adminStatement"], Value::Null);
    assert_eq!(stated(&rooms, &link).await, Value::Null);
}
