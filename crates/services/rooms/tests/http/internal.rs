//! Section 4: the requests of media servers, and the cleaner.

use std::num::NonZeroU32;

use anteroom_protocol::DAY;
use anteroom_runtime::Clock as _;
use anteroom_store::{LinkAddress, OpaqueRoomId, RoomsDatabase as _, TransactionName};
use anteroom_testkit::{FakeMediaServer, TestLink, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, TestRequest, created, join_body, join_request, peek_request, request,
};

async fn start(media: &FakeMediaServer) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![media.url().to_owned()],
        ..TestRoomsOptions::default()
    })
    .await
}

async fn tell(rooms: &TestRooms, call: TestRequest) -> Answer {
    call.to(rooms.internal_router()).await
}

async fn joined(rooms: &TestRooms) -> (TestLink, anteroom_protocol::Aci, Value) {
    let (link, aci) = created(rooms, json!({})).await;
    let join = join_request(rooms, &link, &aci).json(&join_body());
    let joined = join.send(rooms).await.json();
    (link, aci, joined)
}

#[tokio::test]
async fn approvals_are_replaced_and_given_to_the_next_client() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (link, aci, first) = joined(&rooms).await;
    assert_eq!(first["clientStatus"], "PENDING");
    let user = link.opaque_id(&aci);
    for (room, users) in [
        (link.room(), json!([user])),
        (format!("adhoc:{}", link.room()), json!([user, "ab"])),
        (link.room(), json!([])),
        (link.room(), json!([user])),
    ] {
        let put = request(Method::PUT, "/v1/call-link-approvals").room(room);
        let answer = tell(&rooms, put.json(&json!({"approvedUsers": users}))).await;
        answer.assert_json(&json!({}));
        let join = join_request(&rooms, &link, &aci).json(&join_body());
        let joined = join.send(&rooms).await.json();
        let known = media.announced().last().unwrap().body["approvedUsers"].clone();
        let mut known: Vec<Value> = known.as_array().unwrap().clone();
        known.sort_by_key(|user| std::cmp::Reverse(user.as_str().unwrap().len()));
        assert_eq!(json!(known), users);
        let expected = if known.is_empty() {
            "PENDING"
        } else {
            "ACTIVE"
        };
        assert_eq!(joined["clientStatus"], expected);
    }
}

#[tokio::test]
async fn a_link_with_thousands_of_approved_users_is_taken_and_one_with_more_is_not() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (link, _) = created(&rooms, json!({})).await;
    for (count, status) in [(8_192, 200), (8_193, 413), (9_000, 413)] {
        let users: Vec<String> = (0..count).map(|user| format!("{user:0130x}")).collect();
        let put = request(Method::PUT, "/v1/call-link-approvals").room(link.room());
        let answer = tell(&rooms, put.json(&json!({"approvedUsers": users}))).await;
        assert_eq!(answer.status, status, "{count}");
    }
}

#[tokio::test]
async fn approvals_are_held_to_their_shape() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (link, _) = created(&rooms, json!({})).await;
    let put = || request(Method::PUT, "/v1/call-link-approvals");
    let body = json!({"approvedUsers": []});
    for (request, status) in [
        (put().json(&body), 400),
        (put().room("a:b").json(&body), 400),
        (put().room(link.room()).room(link.room()).json(&body), 400),
        (put().room("abcd").json(&body), 404),
        (put().room(link.room()).json(&json!({})), 422),
        (
            put()
                .room(link.room())
                .json(&json!({"approvedUsers": [""]})),
            422,
        ),
        (put().room(link.room()).text("{"), 400),
    ] {
        let answer = tell(&rooms, request.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{request:?}");
    }
}

#[tokio::test]
async fn a_call_ends_by_its_room_and_era() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    for prefix in ["", "adhoc:"] {
        let (link, aci, call_on) = joined(&rooms).await;
        let era = call_on["conferenceId"].as_str().unwrap();
        let room = format!("{prefix}{}", link.room());
        let end = |era: &str| request(Method::DELETE, &format!("/v2/conference/{room}/{era}"));
        tell(&rooms, end(&"0".repeat(32)))
            .await
            .assert_json(&json!({}));
        assert_eq!(
            peek_request(&rooms, &link, &aci).send(&rooms).await.status,
            200
        );
        tell(&rooms, end(era)).await.assert_json(&json!({}));
        tell(&rooms, end(era)).await.assert_json(&json!({}));
        let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
        assert_eq!((peek.status.as_u16(), peek.body.len()), (404, 0));
        for era in ["nothing", "%ff"] {
            let answer = tell(&rooms, end(era)).await;
            answer.assert_problem(400, "BAD_REQUEST");
        }
    }
}

#[tokio::test]
async fn several_calls_end_at_once() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (one, two) = (joined(&rooms).await, joined(&rooms).await);
    let key = |(link, _, call): &(TestLink, _, Value)| json!({"roomId": link.room(), "eraId": call["conferenceId"]});
    let body =
        json!({"callKeys": [key(&one), key(&two), {"roomId": "ab", "eraId": "0".repeat(32)}]});
    let end = request(Method::DELETE, "/v2/conference");
    tell(&rooms, end.clone().json(&body))
        .await
        .assert_json(&json!({}));
    for (link, aci, _) in [&one, &two] {
        assert_eq!(
            peek_request(&rooms, link, aci).send(&rooms).await.status,
            404
        );
    }
    let ended = rooms.events.take();
    let ended = ended.iter().filter(|event| event.name() == "call.ended");
    assert_eq!(ended.count(), 2);
    for (body, status) in [
        (json!({}), 422),
        (json!({"callKeys": [{"roomId": "ab", "eraId": "x"}]}), 400),
    ] {
        assert_eq!(
            tell(&rooms, end.clone().json(&body)).await.status.as_u16(),
            status
        );
    }
}

#[tokio::test]
async fn the_internal_addresses_are_on_the_internal_listener_only() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let health = request(Method::GET, "/health");
    tell(&rooms, health).await.assert_json(&json!({}));
    for (method, path) in [
        (Method::PUT, "/v1/call-link-approvals"),
        (Method::DELETE, "/v2/conference"),
        (Method::DELETE, "/v2/conference/ab/cd"),
    ] {
        assert_eq!(
            request(method, path).send(&rooms).await.status,
            404,
            "{path}"
        );
    }
    let link = request(Method::GET, "/v1/call-link").room("ab");
    assert_eq!(tell(&rooms, link).await.status, 404);
}

#[tokio::test]
async fn the_cleaner_removes_calls_that_their_server_does_not_know() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (link, aci, _) = joined(&rooms).await;
    let on = async || {
        media.set_broken(true);
        let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
        media.set_broken(false);
        peek.status == 503
    };
    rooms.rooms.clean().await;
    assert!(on().await);
    media.lose_calls();
    // The media server may not know a call of this age yet.
    rooms.rooms.clean().await;
    assert!(on().await);
    rooms.clock.advance(20);
    rooms.rooms.clean().await;
    assert!(!on().await);
}

#[tokio::test]
async fn a_call_is_kept_while_its_server_confirms_it_and_lapses_when_nobody_does() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (link, aci, call_on) = joined(&rooms).await;
    for _ in 0..20 {
        rooms.clock.advance(40);
        rooms.rooms.clean().await;
        let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
        assert_eq!(peek.json()["conferenceId"], call_on["conferenceId"]);
    }
    // The call of a server that does not answer ends only with its lease.
    media.set_broken(true);
    rooms.clock.advance(40);
    rooms.rooms.clean().await;
    let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
    peek.assert_problem(503, "CALL_MEDIA_UNAVAILABLE");
    rooms.clock.advance(120);
    rooms.rooms.clean().await;
    let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
    assert_eq!((peek.status.as_u16(), peek.body.len()), (404, 0));
}

#[tokio::test]
async fn the_cleaner_leaves_nothing_of_links_past_their_end_and_of_lapsed_calls() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&media).await;
    let (link, _, _) = joined(&rooms).await;
    media.set_broken(true);
    let began = rooms.clock.now();
    let address = LinkAddress {
        room: OpaqueRoomId::parse(&link.room()).unwrap(),
        epoch: None,
    };
    // Reads the rows as they were valid at the start: a later read would not return them even
    // before they are removed.
    let left = async || {
        let name = TransactionName::new("test");
        let mut reader = rooms.database.read(name).await.unwrap();
        let link = reader.link(&address, began).await.unwrap();
        let calls = reader.calls(None, NonZeroU32::MIN).await.unwrap().calls;
        (link.is_some(), calls.len())
    };
    for (later, expected) in [
        (99, (true, 1)),
        (1, (true, 0)),
        (180 * DAY - 101, (true, 0)),
        (1, (false, 0)),
    ] {
        rooms.clock.advance(later);
        rooms.rooms.clean().await;
        assert_eq!(left().await, expected, "{later}");
    }
}
