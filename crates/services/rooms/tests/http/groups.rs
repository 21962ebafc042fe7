//! Section 3: group calls.

use anteroom_protocol::HOUR;
use anteroom_runtime::Clock as _;
use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::json;
use sha2::Sha256;

use crate::support::{PARTICIPANTS, TestRequest, base64, created, good, join_body, request};

const GROUP: &str = "0a0b0c";
const KEY: &[u8] = b"a key for group tokens, of 32 b.";

async fn start(servers: &[&FakeMediaServer]) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        media_servers: servers
            .iter()
            .map(|server| server.url().to_owned())
            .collect(),
        group_key: Some(KEY.to_vec()),
        ..TestRoomsOptions::default()
    })
    .await
}

fn token(user: &str, issued: u64, may_start: u8) -> String {
    let signed = format!("2:{user}:{GROUP}:{issued}:{may_start}");
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(signed.as_bytes());
    let tag = mac.finalize().into_bytes();
    format!("{signed}:{}", hex::encode(&tag[..10]))
}

fn group_request(method: Method, token: &str) -> TestRequest {
    let basic = base64(format!("anyone:{token}").as_bytes());
    request(method, PARTICIPANTS).header("authorization", format!("Basic {basic}"))
}

#[tokio::test]
async fn group_calls_go_by_token() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let now = rooms.clock.now().as_secs();
    let (starter, member) = (token("aa01", now, 1), token("bb02", now, 0));
    let join = |token: &str| group_request(Method::PUT, token).json(&join_body());
    let peek = |token: &str| group_request(Method::GET, token);

    let none = peek(&member).send(&rooms).await;
    assert_eq!((none.status.as_u16(), none.body.len()), (404, 0));
    let refused = join(&member).send(&rooms).await;
    refused.assert_problem(403, "CALL_START_FORBIDDEN");
    let first = good(&join(&starter).send(&rooms).await);
    let second = good(&join(&member).send(&rooms).await);
    assert_eq!(first["conferenceId"], second["conferenceId"]);
    assert_eq!(second["callCreator"], "aa01");
    let announced = media.announced();
    let body = &announced[1].body;
    assert_eq!(body["callType"], "GroupV2");
    assert_eq!(body["roomId"], GROUP);
    assert_eq!(body["newClientsRequireApproval"], false);
    assert!(body.get("approvedUsers").is_none());
    peek(&member).send(&rooms).await.assert_json(&json!({
        "conferenceId": first["conferenceId"],
        "maxDevices": 8,
        "participants": [
            {"opaqueUserId": "aa01", "demuxId": first["demuxId"]},
            {"opaqueUserId": "bb02", "demuxId": second["demuxId"]},
        ],
        "creator": "aa01",
    }));
}

#[tokio::test]
async fn group_tokens_are_verified_and_open_their_own_room_only() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let now = rooms.clock.now().as_secs();
    let good_token = token("aa01", now, 1);
    for (token, status, code) in [
        (token("aa01", now - 30 * HOUR, 1), 401, "ROOM_UNAUTHORIZED"),
        (token("aa01", now - 30 * HOUR + 1, 1), 404, ""),
        (good_token.replace("aa01", "aa02"), 401, "ROOM_UNAUTHORIZED"),
        (
            good_token.replace(GROUP, "0a0b0d"),
            401,
            "ROOM_UNAUTHORIZED",
        ),
        (good_token.replace("2:", "3:"), 401, "ROOM_UNAUTHORIZED"),
        (format!("{good_token}00"), 401, "ROOM_UNAUTHORIZED"),
        ("nothing".to_owned(), 401, "ROOM_UNAUTHORIZED"),
        (String::new(), 401, "ROOM_UNAUTHORIZED"),
    ] {
        let answer = group_request(Method::GET, &token).send(&rooms).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{token}");
    }
    let in_link = group_request(Method::GET, &good_token).room(link.room());
    in_link
        .send(&rooms)
        .await
        .assert_problem(401, "ROOM_UNAUTHORIZED");
    let named = group_request(Method::GET, &good_token)
        .room(GROUP)
        .send(&rooms)
        .await;
    assert_eq!(named.status, 404);
    let in_group = request(Method::GET, PARTICIPANTS)
        .room(GROUP)
        .auth(&rooms.auth(&link, &aci));
    let answer = in_group.send(&rooms).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (404, json!({"reason": "invalid"}))
    );
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let basic = base64(format!("anyone:{good_token}").as_bytes());
        let request = request(method, "/v1/call-link")
            .room(link.room())
            .header("authorization", format!("Basic {basic}"))
            .json(&json!({"adminPasskey": link.passkey_text()}));
        request
            .send(&rooms)
            .await
            .assert_problem(401, "ROOM_UNAUTHORIZED");
    }
    let without_key = TestRooms::start().await;
    let answer = group_request(Method::GET, &good_token)
        .send(&without_key)
        .await;
    answer.assert_problem(401, "ROOM_UNAUTHORIZED");
}
