//! Section 2: call links.

use anteroom_protocol::{DAY, HOUR};
use anteroom_runtime::Clock as _;
use anteroom_testkit::{TestLink, TestRooms, TestRoomsOptions, execute_sql};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    LINK, base64, create_body, create_request, created, link_request, request, with,
};

fn state(rooms: &TestRooms, restrictions: &str, name: &str, revoked: bool) -> Value {
    let now = rooms.clock.now().as_secs();
    json!({
        "restrictions": restrictions,
        "name": name,
        "revoked": revoked,
        "expiration": now + 90 * DAY,
        "delete_at": now + 180 * DAY,
    })
}

#[tokio::test]
async fn a_create_stores_what_it_says_and_defaults_to_approval() {
    let rooms = TestRooms::start().await;
    let name = base64(&[7; 288]);
    for (more, expected) in [
        (json!({}), state(&rooms, "adminApproval", "", false)),
        (
            json!({"restrictions": "none", "name": name, "revoked": true}),
            state(&rooms, "none", &name, true),
        ),
        (
            json!({"restrictions": "adminApproval", "name": "", "revoked": false}),
            state(&rooms, "adminApproval", "", false),
        ),
        (
            json!({"restrictions": null}),
            state(&rooms, "adminApproval", "", false),
        ),
    ] {
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let mut body = create_body(&link);
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        let answer = create_request(&rooms, &link, &aci)
            .json(&body)
            .send(&rooms)
            .await;
        answer.assert_json(&expected);
        let read = link_request(&rooms, Method::GET, &link, &aci)
            .send(&rooms)
            .await;
        read.assert_json(&expected);
    }
}

#[tokio::test]
async fn a_create_again_changes_nothing_and_another_one_is_a_conflict() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({"restrictions": "none"})).await;
    let expected = state(&rooms, "none", "", false);
    rooms.clock.advance(100);
    let again = with(create_body(&link), "restrictions", json!("adminApproval"));
    let again = with(again, "name", json!("AAAA"));
    let answer = create_request(&rooms, &link, &aci)
        .json(&again)
        .send(&rooms)
        .await;
    answer.assert_json(&expected);

    let other_passkey = with(create_body(&link), "adminPasskey", json!(base64(&[1; 16])));
    let answer = create_request(&rooms, &link, &aci)
        .json(&other_passkey)
        .send(&rooms)
        .await;
    answer.assert_problem(409, "CALL_LINK_EXISTS");

    // A presentation made under other params than the room's proves those params.
    let other = TestLink {
        root_key: rooms.new_link().root_key,
        passkey: link.passkey.clone(),
    };
    let body = with(create_body(&link), "zkparams", json!(other.zkparams()));
    let answer = create_request(&rooms, &link, &aci)
        .json(&body)
        .send(&rooms)
        .await;
    answer.assert_problem(401, "ROOM_UNAUTHORIZED");
    // Such a presentation proves the params, and they are still not those of the link.
    let answer = request(Method::PUT, LINK)
        .room(link.room())
        .create(&rooms.create_under(&link, &other, &aci))
        .json(&body)
        .send(&rooms)
        .await;
    answer.assert_problem(409, "CALL_LINK_EXISTS");
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    read.assert_json(&expected);
}

#[tokio::test]
async fn a_create_needs_a_presentation_for_this_room_and_these_params() {
    let rooms = TestRooms::start().await;
    let (link, other, aci) = (rooms.new_link(), rooms.new_link(), rooms.new_account());
    let foreign = TestRooms::start_with(TestRoomsOptions {
        seed: 99,
        ..TestRoomsOptions::default()
    })
    .await;
    let good = rooms.create(&link, &aci);
    for (room, presentation, body) in [
        (other.room(), &good, create_body(&link)),
        (link.room(), &rooms.create(&other, &aci), create_body(&link)),
        (link.room(), &good, create_body(&other)),
        (
            link.room(),
            &foreign.create(&link, &aci),
            create_body(&link),
        ),
        ("abcd".to_owned(), &good, create_body(&link)),
    ] {
        let put = request(Method::PUT, LINK).room(room);
        let answer = put.create(presentation).json(&body).send(&rooms).await;
        answer.assert_problem(401, "ROOM_UNAUTHORIZED");
    }
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    read.assert_problem(404, "CALL_LINK_NOT_FOUND");
}

#[tokio::test]
async fn create_presentations_are_accepted_for_30_hours_from_the_start_of_the_day() {
    let rooms = TestRooms::start().await;
    let today = rooms.clock.now().start_of_day();
    for (now, status) in [
        (today.minus(1), 401),
        (today, 200),
        (today.plus(30 * HOUR - 1), 200),
        (today.plus(30 * HOUR), 401),
    ] {
        rooms.clock.set(today);
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let presentation = rooms.create(&link, &aci);
        rooms.clock.set(now);
        let put = request(Method::PUT, LINK).room(link.room());
        let put = put.create(&presentation).json(&create_body(&link));
        assert_eq!(put.send(&rooms).await.status, status, "{now:?}");
    }
}

#[tokio::test]
async fn an_update_changes_what_it_names_for_whoever_has_the_passkey() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let passkey = json!({"adminPasskey": link.passkey_text()});
    for (more, restrictions, name, revoked) in [
        (json!({"name": "AQID"}), "adminApproval", "AQID", false),
        (json!({"restrictions": "none"}), "none", "AQID", false),
        (json!({"revoked": true}), "none", "AQID", true),
        (json!({"revoked": false, "name": ""}), "none", "", false),
        (json!({}), "none", "", false),
    ] {
        let mut body = passkey.clone();
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        let expected = state(&rooms, restrictions, name, revoked);
        let update = link_request(&rooms, Method::PUT, &link, &aci).json(&body);
        update.send(&rooms).await.assert_json(&expected);
        let read = link_request(&rooms, Method::GET, &link, &aci)
            .send(&rooms)
            .await;
        read.assert_json(&expected);
    }
}

#[tokio::test]
async fn updates_and_deletes_are_refused_to_strangers() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let unknown = rooms.new_link();
    let stranger = rooms.new_link();
    let right = json!({"adminPasskey": link.passkey_text()});
    let wrong = json!({"adminPasskey": base64(&[9; 16])});
    let foreign = |method| {
        request(method, LINK)
            .room(link.room())
            .auth(&rooms.auth(&stranger, &aci))
    };
    for (request, status, code) in [
        (
            link_request(&rooms, Method::PUT, &unknown, &aci).json(&right),
            401,
            "ROOM_UNAUTHORIZED",
        ),
        (
            link_request(&rooms, Method::PUT, &link, &aci).json(&wrong),
            403,
            "ROOM_PASSKEY_WRONG",
        ),
        (foreign(Method::PUT).json(&right), 403, "ROOM_FORBIDDEN"),
        (
            link_request(&rooms, Method::DELETE, &link, &aci).json(&wrong),
            403,
            "ROOM_PASSKEY_WRONG",
        ),
        (foreign(Method::DELETE).json(&right), 403, "ROOM_FORBIDDEN"),
        (
            request(Method::DELETE, LINK).room(link.room()).json(&right),
            401,
            "ROOM_UNAUTHORIZED",
        ),
        (
            request(Method::DELETE, LINK)
                .room(link.room())
                .create(&rooms.create(&link, &aci))
                .json(&right),
            401,
            "ROOM_UNAUTHORIZED",
        ),
    ] {
        request.send(&rooms).await.assert_problem(status, code);
    }
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    read.assert_json(&state(&rooms, "adminApproval", "", false));
}

#[tokio::test]
async fn a_deleted_link_is_gone_and_deleting_it_again_is_fine() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let body = json!({"adminPasskey": link.passkey_text()});
    for _ in 0..2 {
        let delete = link_request(&rooms, Method::DELETE, &link, &aci).json(&body);
        delete.send(&rooms).await.assert_json(&json!({}));
        let read = link_request(&rooms, Method::GET, &link, &aci)
            .send(&rooms)
            .await;
        read.assert_problem(404, "CALL_LINK_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_deleted_room_is_created_anew_by_its_passkey_alone() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({"restrictions": "none"})).await;
    let body = json!({"adminPasskey": link.passkey_text()});
    let deleted = link_request(&rooms, Method::DELETE, &link, &aci).json(&body);
    deleted.send(&rooms).await.assert_json(&json!({}));
    // Without the check of the passkey a holder of the link could create the room as its admin.
    let holder = rooms.new_account();
    let other_passkey = with(create_body(&link), "adminPasskey", json!(base64(&[1; 16])));
    let taken = create_request(&rooms, &link, &holder).json(&other_passkey);
    taken
        .send(&rooms)
        .await
        .assert_problem(409, "CALL_LINK_EXISTS");
    let again = create_request(&rooms, &link, &aci).json(&create_body(&link));
    assert_eq!(again.send(&rooms).await.status, 200);
}

#[tokio::test]
async fn zkparams_that_another_room_has_are_refused_at_create() {
    let rooms = TestRooms::start().await;
    let (link, _) = created(&rooms, json!({})).await;
    let (twin, member) = (rooms.new_link(), rooms.new_account());
    let body = with(create_body(&twin), "zkparams", json!(link.zkparams()));
    let answer = request(Method::PUT, LINK)
        .room(twin.room())
        .create(&rooms.create_under(&twin, &link, &member))
        .json(&body)
        .send(&rooms)
        .await;
    answer.assert_problem(409, "CALL_LINK_EXISTS");
    let read = link_request(&rooms, Method::GET, &twin, &member);
    read.send(&rooms)
        .await
        .assert_problem(404, "CALL_LINK_NOT_FOUND");
}

/// Executes a statement in the database of the service.
fn execute(rooms: &TestRooms, statement: &str) {
    execute_sql(&rooms.directory().join("rooms.db"), statement);
}

#[tokio::test]
async fn a_right_passkey_does_not_count_as_a_wrong_one_while_the_database_fails() {
    let rooms = TestRooms::start().await;
    let (link, owner) = created(&rooms, json!({})).await;
    let right = json!({"adminPasskey": link.passkey_text()});
    for change in ["UPDATE", "DELETE"] {
        let trigger = format!(
            "CREATE TRIGGER refuse_{change} BEFORE {change} ON call_links
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        execute(&rooms, &trigger);
    }
    for number in 0..12 {
        let change = if number % 2 == 0 {
            let body = with(right.clone(), "revoked", json!(true));
            link_request(&rooms, Method::PUT, &link, &owner).json(&body)
        } else {
            link_request(&rooms, Method::DELETE, &link, &owner).json(&right)
        };
        let failed = change.send(&rooms).await;
        assert!(failed.status.is_server_error(), "{number}: {failed:?}");
    }
    for change in ["UPDATE", "DELETE"] {
        execute(&rooms, &format!("DROP TRIGGER refuse_{change}"));
    }
    let deletion = link_request(&rooms, Method::DELETE, &link, &owner).json(&right);
    assert_eq!(deletion.send(&rooms).await.status, 200);
}

#[tokio::test]
async fn ten_wrong_passkeys_a_minute_of_a_user_in_a_room_are_looked_at() {
    let rooms = TestRooms::start().await;
    let (link, owner) = created(&rooms, json!({})).await;
    let guesser = rooms.new_account();
    let right = json!({"adminPasskey": link.passkey_text(), "revoked": false});
    let wrong = json!({"adminPasskey": base64(&[1; 16])});
    // Right passkeys do not count. Wrong ones of both requests do.
    for _ in 0..12 {
        let update = link_request(&rooms, Method::PUT, &link, &guesser).json(&right);
        assert_eq!(update.send(&rooms).await.status, 200);
    }
    let guesses = (0..12).map(|number| {
        let method = if number % 2 == 0 {
            Method::PUT
        } else {
            Method::DELETE
        };
        link_request(&rooms, method, &link, &guesser)
            .json(&wrong)
            .send(&rooms)
    });
    let answers = futures::future::join_all(guesses).await;
    let count = |status: u16, code: &str| {
        let problem = (status, code.to_owned());
        answers
            .iter()
            .filter(|answer| answer.problem() == problem)
            .count()
    };
    assert_eq!(count(403, "ROOM_PASSKEY_WRONG"), 10);
    assert_eq!(count(429, "ROOM_RATE_LIMITED"), 2);
    // A limited user is refused with the right passkey too. Other users and rooms are not limited.
    let limited = link_request(&rooms, Method::PUT, &link, &guesser).json(&right);
    let limited = limited.send(&rooms).await;
    limited.assert_problem(429, "ROOM_RATE_LIMITED");
    assert_eq!(limited.header("retry-after"), Some("6"));
    let update = link_request(&rooms, Method::PUT, &link, &owner).json(&right);
    assert_eq!(update.send(&rooms).await.status, 200);
    let (other, _) = created(&rooms, json!({})).await;
    let update = link_request(&rooms, Method::PUT, &other, &guesser).json(&wrong);
    update
        .send(&rooms)
        .await
        .assert_problem(403, "ROOM_PASSKEY_WRONG");
    rooms.clock.advance(6);
    let update = link_request(&rooms, Method::PUT, &link, &guesser).json(&right);
    assert_eq!(update.send(&rooms).await.status, 200);
}

#[tokio::test]
async fn room_service_responsibility_expiry_a_link_expires_after_90_days_and_is_gone_after_180() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let expected = state(&rooms, "adminApproval", "", false);
    rooms.clock.advance(180 * DAY - 1);
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    read.assert_json(&expected);
    rooms.clock.advance(1);
    let read = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await;
    read.assert_problem(404, "CALL_LINK_NOT_FOUND");
    rooms.rooms.clean().await;
    // The room can be created again.
    let create = create_request(&rooms, &link, &aci).json(&create_body(&link));
    create
        .send(&rooms)
        .await
        .assert_json(&state(&rooms, "adminApproval", "", false));
}

#[tokio::test]
async fn a_link_past_its_end_by_a_clock_that_jumped_is_kept_while_purging_is_paused() {
    for (purges, status) in [(false, 200), (true, 404)] {
        let rooms = TestRooms::start().await;
        let (link, aci) = created(&rooms, json!({})).await;
        let now = rooms.clock.now();
        rooms.rooms.set_purging(purges);
        rooms.clock.set(now.plus(200 * DAY));
        rooms.rooms.clean().await;
        rooms.clock.set(now);
        let read = link_request(&rooms, Method::GET, &link, &aci);
        assert_eq!(read.send(&rooms).await.status, status, "{purges}");
    }
}

#[tokio::test]
async fn an_epoch_is_given_with_the_create_only_and_stays() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        epochs: true,
        ..TestRoomsOptions::default()
    })
    .await;
    let (link, aci) = (rooms.new_link(), rooms.new_account());
    let create = || create_request(&rooms, &link, &aci).json(&create_body(&link));
    let first = create().send(&rooms).await.json();
    let epoch = first["epoch"].as_u64().unwrap();
    assert_eq!(create().send(&rooms).await.json(), first);
    let read = link_request(&rooms, Method::GET, &link, &aci);
    let read = read.header("x-epoch", epoch.to_string()).send(&rooms).await;
    read.assert_json(&state(&rooms, "adminApproval", "", false));
    let update = link_request(&rooms, Method::PUT, &link, &aci)
        .header("x-epoch", epoch.to_string())
        .json(&json!({"adminPasskey": link.passkey_text()}));
    update
        .send(&rooms)
        .await
        .assert_json(&state(&rooms, "adminApproval", "", false));
}

#[tokio::test]
async fn of_two_creates_at_once_one_wins() {
    let rooms = TestRooms::start().await;
    for round in 0..5_u8 {
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let creates = (0..8_u8).map(|n| {
            let body = with(
                create_body(&link),
                "adminPasskey",
                json!(base64(&[n + round * 8; 16])),
            );
            create_request(&rooms, &link, &aci).json(&body).send(&rooms)
        });
        let answers = futures::future::join_all(creates).await;
        let statuses: Vec<u16> = answers
            .iter()
            .map(|answer| answer.status.as_u16())
            .collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7);
    }
}

#[tokio::test]
async fn events_name_rooms_by_pseudonym_only() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, json!({})).await;
    let body = json!({"adminPasskey": link.passkey_text(), "revoked": true});
    link_request(&rooms, Method::PUT, &link, &aci)
        .json(&body)
        .send(&rooms)
        .await;
    let body = json!({"adminPasskey": link.passkey_text()});
    link_request(&rooms, Method::DELETE, &link, &aci)
        .json(&body)
        .send(&rooms)
        .await;
    let pseudonym = rooms.pseudonymizer.room(&link.room()).to_string();
    let events = rooms.events.take();
    let names: Vec<&str> = events.iter().map(anteroom_runtime::Event::name).collect();
    assert_eq!(
        names,
        [
            "call_link.created",
            "call_link.updated",
            "call_link.deleted"
        ]
    );
    for event in &events {
        assert_eq!(event.payload()["room"], pseudonym.as_str());
        assert!(!event.to_line().contains(&link.room()));
        assert!(!event.to_line().contains(&link.opaque_id(&aci)));
    }
}
