//! Section 1: the room and the claim of a request.

use anteroom_protocol::{DAY, HOUR, Mode};
use anteroom_runtime::Clock as _;
use anteroom_testkit::{TestLink, TestRooms, TestRoomsOptions};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::json;

use crate::support::{LINK, PARTICIPANTS, base64, create_body, created, join_body, request};

#[tokio::test]
async fn the_room_id_stands_exactly_once_and_is_plain() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let longest = "z".repeat(128);
    let too_long = "z".repeat(129);
    for path in [LINK, PARTICIPANTS] {
        let get = || request(Method::GET, path).auth(&rooms.auth(&link, &aci));
        for (ids, status) in [
            (&[][..], 400),
            (&["", ""], 400),
            (&["a:b"], 400),
            (&[too_long.as_str()], 400),
            (&[longest.as_str()], 404),
            (&["not hex"], 400),
            (&["nothex"], 404),
        ] {
            let mut request = get();
            for id in ids {
                request = request.room(*id);
            }
            let answer = request.send(&rooms).await;
            assert_eq!(answer.status.as_u16(), status, "{path} {ids:?}");
        }
        let twice = get().room(link.room()).room(link.room());
        twice
            .send(&rooms)
            .await
            .assert_problem(400, "ROOM_ID_INVALID");
        let upper = get().room(link.room().to_uppercase()).send(&rooms).await;
        let lower = get().room(link.room()).send(&rooms).await;
        assert_eq!(upper.status, lower.status, "{path}");
    }
}

#[tokio::test]
async fn changes_take_room_ids_in_hex_only() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let body = json!({ "adminPasskey": link.passkey_text() });
    for (method, room) in [
        (Method::PUT, "xyz"),
        (Method::PUT, "abc"),
        (Method::DELETE, "xyz"),
        (Method::DELETE, "abc"),
    ] {
        let request = request(method.clone(), LINK).room(room);
        let request = request.auth(&rooms.auth(&link, &aci)).json(&body);
        let answer = request.send(&rooms).await;
        answer.assert_problem(400, "ROOM_ID_INVALID");
    }
    let request = request(Method::PUT, LINK)
        .room("zz")
        .json(&create_body(&link));
    let request = request.create(&rooms.create(&link, &aci));
    request
        .send(&rooms)
        .await
        .assert_problem(400, "ROOM_ID_INVALID");
}

#[tokio::test]
async fn the_epoch_is_a_decimal_number_and_part_of_the_address() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        epochs: true,
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = (rooms.new_link(), rooms.new_account());
    let create = crate::support::create_request(&rooms, &link, &aci).json(&create_body(&link));
    let answer = create.send(&rooms).await;
    let epoch = u32::try_from(answer.json()["epoch"].as_u64().unwrap()).unwrap();
    let right = epoch.to_string();
    let wrong = epoch.wrapping_add(1).to_string();
    for (epochs, status, code) in [
        (&[right.as_str()][..], 200, ""),
        (&[wrong.as_str()], 404, "CALL_LINK_NOT_FOUND"),
        (&[], 404, "CALL_LINK_NOT_FOUND"),
        (&["4294967296"], 400, "ROOM_EPOCH_INVALID"),
        (&["-1"], 400, "ROOM_EPOCH_INVALID"),
        (&["x"], 400, "ROOM_EPOCH_INVALID"),
        (&[""], 400, "ROOM_EPOCH_INVALID"),
        (&["+1"], 400, "ROOM_EPOCH_INVALID"),
        (&[right.as_str(), right.as_str()], 400, "ROOM_EPOCH_INVALID"),
    ] {
        let mut request = crate::support::link_request(&rooms, Method::GET, &link, &aci);
        for epoch in epochs {
            request = request.header("x-epoch", *epoch);
        }
        let answer = request.send(&rooms).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{epochs:?}");
    }
    // A link without an epoch is found only by requests without one.
    let plain = TestRooms::start().await;
    let (link, aci) = created(&plain, json!({})).await;
    let get = || crate::support::link_request(&plain, Method::GET, &link, &aci);
    assert_eq!(get().send(&plain).await.status, 200);
    let answer = get().header("x-epoch", "0").send(&plain).await;
    answer.assert_problem(404, "CALL_LINK_NOT_FOUND");
}

#[tokio::test]
async fn what_is_claimed_is_read_or_refused() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let (auth, create) = (rooms.auth(&link, &aci), rooms.create(&link, &aci));
    let foreign = TestRooms::start_with(TestRoomsOptions {
        seed: 99,
        ..TestRoomsOptions::default()
    })
    .await;
    let forged = format!("Bearer auth.{}", foreign.auth(&link, &aci));
    let other_link = rooms.new_link();
    let other = format!("Bearer auth.{}", rooms.auth(&other_link, &aci));
    let truncated = format!("Bearer auth.{}", &auth[..auth.len() - 4]);
    let bad_base64 = format!("Bearer auth.{}?", &auth[..auth.len() - 1]);
    let basic = format!("Basic {}", base64(b"name:word"));
    for (header, status, code) in [
        (format!("Bearer auth.{auth}"), 200, ""),
        (format!("bearer auth.{auth}"), 200, ""),
        (format!("Bearer create.{create}"), 401, "ROOM_UNAUTHORIZED"),
        (forged, 403, "ROOM_FORBIDDEN"),
        (other, 403, "ROOM_FORBIDDEN"),
        (String::new(), 400, "ROOM_AUTHORIZATION_INVALID"),
        ("Bearer".to_owned(), 400, "ROOM_AUTHORIZATION_INVALID"),
        ("Bearer auth".to_owned(), 400, "ROOM_AUTHORIZATION_INVALID"),
        ("Bearer auth.".to_owned(), 400, "ROOM_AUTHORIZATION_INVALID"),
        (format!("Bearer {auth}"), 400, "ROOM_AUTHORIZATION_INVALID"),
        (
            format!("Bearer other.{auth}"),
            400,
            "ROOM_AUTHORIZATION_INVALID",
        ),
        (
            format!("Digest auth.{auth}"),
            400,
            "ROOM_AUTHORIZATION_INVALID",
        ),
        (truncated, 400, "ROOM_AUTHORIZATION_INVALID"),
        (bad_base64, 400, "ROOM_AUTHORIZATION_INVALID"),
        (basic, 401, "ROOM_UNAUTHORIZED"),
    ] {
        let get = request(Method::GET, LINK).room(link.room());
        let answer = get.header("authorization", &header).send(&rooms).await;
        assert_eq!(
            answer.problem(),
            (status, code.to_owned()),
            "{}",
            &header[..header.len().min(20)]
        );
    }
    for (method, path) in [
        (Method::GET, LINK),
        (Method::PUT, LINK),
        (Method::DELETE, LINK),
        (Method::GET, PARTICIPANTS),
        (Method::PUT, PARTICIPANTS),
    ] {
        let none = request(method.clone(), path)
            .room(link.room())
            .send(&rooms)
            .await;
        none.assert_problem(401, "ROOM_UNAUTHORIZED");
        let two = request(method, path)
            .room(link.room())
            .auth(&auth)
            .auth(&auth);
        two.send(&rooms)
            .await
            .assert_problem(400, "ROOM_AUTHORIZATION_INVALID");
    }
}

#[tokio::test]
async fn a_well_formed_basic_header_without_a_token_is_401_and_a_malformed_one_400() {
    let rooms = TestRooms::start().await;
    let (unauthorized, invalid) = (
        (401, "ROOM_UNAUTHORIZED".to_owned()),
        (400, "ROOM_AUTHORIZATION_INVALID".to_owned()),
    );
    for (credentials, expected) in [
        (base64(b"a:b"), &unauthorized),
        (base64(b"a:"), &unauthorized),
        (base64(b":"), &unauthorized),
        (base64(b"a:2:aa:bb:1700000000"), &unauthorized),
        (base64(b"a:2:aa:bb:1700000000:1:zz"), &unauthorized),
        (base64(b"a:3:aa:bb:1700000000:1:00"), &unauthorized),
        (base64("a:\u{e9}".as_bytes()), &unauthorized),
        (base64(b"a"), &invalid),
        (base64(b""), &invalid),
        (base64(b"a:\xff"), &invalid),
        (base64(b"\xff:b"), &invalid),
        ("a:b".to_owned(), &invalid),
        ("YTpi?".to_owned(), &invalid),
        ("YTpiYw".to_owned(), &invalid),
    ] {
        let header = format!("Basic {credentials}");
        for (method, path) in [
            (Method::GET, PARTICIPANTS),
            (Method::PUT, PARTICIPANTS),
            (Method::GET, LINK),
            (Method::PUT, LINK),
            (Method::DELETE, LINK),
        ] {
            let request = request(method, path).room("aa").json(&join_body());
            let request = request.header("authorization", &header);
            let answer = request.send(&rooms).await;
            assert_eq!(&answer.problem(), expected, "{path} {header}");
        }
    }
}

#[tokio::test]
async fn auth_presentations_are_accepted_from_one_day_before_to_two_days_after() {
    for mode in [Mode::Standard, Mode::Legacy] {
        let rooms = TestRooms::start_with(TestRoomsOptions {
            mode,
            ..TestRoomsOptions::default()
        })
        .await;
        let (link, aci) = created(&rooms, json!({})).await;
        let today = rooms.clock.now().start_of_day();
        for (hours, status) in [(-48_i64, 403), (-24, 200), (0, 200), (24, 200), (72, 403)] {
            let day = match hours {
                hours if hours < 0 => today.minus(HOUR * hours.unsigned_abs()),
                hours => today.plus(HOUR * hours.unsigned_abs()),
            };
            let get = request(Method::GET, LINK).room(link.room());
            let request = get.auth(&rooms.auth_of_day(&link, &aci, day));
            let answer = request.send(&rooms).await;
            assert_eq!(answer.status.as_u16(), status, "{mode:?} {hours} h");
        }
    }
}

#[tokio::test]
async fn repeated_or_missing_headers_are_refused_before_a_body_is_read() {
    let rooms = TestRooms::start().await;
    for request in [
        request(Method::PUT, LINK).text("{").room("aa").room("aa"),
        request(Method::PUT, PARTICIPANTS)
            .json(&join_body())
            .room("aa")
            .room("aa"),
    ] {
        let answer = request.send(&rooms).await;
        answer.assert_problem(400, "ROOM_ID_INVALID");
    }
}

#[tokio::test]
async fn a_presentation_that_comes_again_is_held_to_the_same_rules() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let (other, _) = created(&rooms, json!({})).await;
    let shown = rooms.auth(&link, &aci);
    let peek = |link: &TestLink, shown: &str| {
        let call = request(Method::GET, PARTICIPANTS).room(link.room());
        call.auth(shown).send(&rooms)
    };
    for _ in 0..2 {
        assert_eq!(peek(&link, &shown).await.status, 404, "nobody is there");
    }
    let mut altered = STANDARD.decode(&shown).unwrap();
    altered[480] ^= 1;
    for (link, shown) in [(&other, &shown), (&link, &STANDARD.encode(altered))] {
        let refused = peek(link, shown).await.status;
        assert!([400, 403].contains(&refused.as_u16()), "{refused}");
    }
    rooms.clock.advance(3 * DAY);
    assert_eq!(peek(&link, &shown).await.status, 403, "its day is over");
}
