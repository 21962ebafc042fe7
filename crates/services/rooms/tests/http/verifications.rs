//! The budget of verifications.

use std::num::NonZeroUsize;

use anteroom_protocol::DAY;
use anteroom_rooms::VerificationLimits;
use anteroom_runtime::{BucketSize, Clock as _};
use anteroom_testkit::{TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::json;

use crate::support::{
    LINK, PARTICIPANTS, TestRequest, create_body, create_request, created, join_body, link_request,
    request,
};

const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.1";

/// Starts a room service whose budget for one address is `capacity` verifications at once and
/// `per_second` a second.
async fn limited_to(capacity: u32, per_second: u32) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        verifications: VerificationLimits {
            budget: BucketSize::per_second(
                capacity.try_into().unwrap(),
                per_second.try_into().unwrap(),
            ),
            failure_cost: 10.try_into().unwrap(),
            waiting: NonZeroUsize::new(1_000).unwrap(),
        },
        ..TestRoomsOptions::default()
    })
    .await
}

/// Returns a create whose presentation is of another room.
fn create_of_nobody(rooms: &TestRooms) -> TestRequest {
    let (link, other, aci) = (rooms.new_link(), rooms.new_link(), rooms.new_account());
    request(Method::PUT, LINK)
        .room(link.room())
        .create(&rooms.create(&other, &aci))
        .json(&create_body(&link))
}

#[tokio::test]
async fn create_presentations_of_nobody_use_up_the_budget_of_their_network_alone() {
    let rooms = limited_to(20, 10).await;
    let nobody = create_of_nobody(&rooms).from(HERE);
    for status in [401, 401, 429, 429] {
        assert_eq!(nobody.clone().send(&rooms).await.status, status);
    }
    let limited = nobody.clone().send(&rooms).await;
    limited.assert_problem(429, "ROOM_VERIFICATION_LIMITED");
    assert_eq!(limited.header("retry-after"), Some("1"));
    let create = |address| {
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let create = create_request(&rooms, &link, &aci).json(&create_body(&link));
        create.from(address).send(&rooms)
    };
    assert_eq!(create(ELSEWHERE).await.status, 200);
    assert_eq!(create(HERE).await.status, 429);
    rooms.clock.advance(1);
    for status in [200, 200] {
        assert_eq!(create(HERE).await.status, status);
    }
    for status in [401, 429] {
        assert_eq!(nobody.clone().send(&rooms).await.status, status);
    }
}

#[tokio::test]
async fn a_wider_network_has_more_verifications_and_no_more_than_those() {
    for (network, number) in [
        ("2001:db8::#", 1),
        ("2001:db8:0:#::1", 4),
        ("2001:db8:0:#00::1", 16),
        ("2001:db8:#::1", 40),
    ] {
        let rooms = limited_to(10, 1).await;
        let nobody = create_of_nobody(&rooms);
        let mut verified = 0;
        for n in 0..40 {
            let address = network.replace('#', &format!("{n:x}"));
            let answer = nobody.clone().from(&address).send(&rooms).await;
            verified += usize::from(answer.status == 401);
        }
        assert_eq!(verified, number, "{network}");
    }
}

#[tokio::test]
async fn every_request_with_a_presentation_is_within_the_budget() {
    let rooms = limited_to(1, 1).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let passkey = json!({"adminPasskey": link.passkey_text()});
    let about = |method, path| {
        let request = request(method, path).room(link.room()).from(HERE);
        request.auth(&rooms.auth(&link, &aci))
    };
    let requests = [
        about(Method::GET, LINK),
        about(Method::PUT, LINK).json(&passkey),
        about(Method::DELETE, LINK).json(&passkey),
        about(Method::GET, PARTICIPANTS),
        about(Method::PUT, PARTICIPANTS).json(&join_body()),
    ];
    let first = about(Method::GET, LINK).send(&rooms).await;
    assert_eq!(first.status, 200);
    for request in requests {
        let answer = request.send(&rooms).await;
        answer.assert_problem(429, "ROOM_VERIFICATION_LIMITED");
    }
}

#[tokio::test]
async fn a_presentation_that_held_costs_nothing_the_next_time() {
    let rooms = limited_to(1, 1).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let shown = link_request(&rooms, Method::GET, &link, &aci).from(HERE);
    for _ in 0..20 {
        assert_eq!(shown.clone().send(&rooms).await.status, 200);
    }
    let again = link_request(&rooms, Method::GET, &link, &aci).from(HERE);
    assert_eq!(again.send(&rooms).await.status, 429);
}

#[tokio::test]
async fn what_is_refused_without_a_verification_costs_nothing() {
    let rooms = limited_to(1, 1).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let unknown = rooms.new_link();
    let late = rooms.clock.now().start_of_day().plus(4 * DAY);
    let old = rooms.auth_of_day(&link, &aci, late);
    let cheap = [
        (link_request(&rooms, Method::GET, &unknown, &aci), 404),
        (
            request(Method::GET, LINK).room(link.room()).auth("AAAA"),
            400,
        ),
        (request(Method::GET, LINK).room(link.room()).auth(&old), 403),
        (
            create_request(&rooms, &unknown, &aci).json(&json!({"adminPasskey": "AAAA"})),
            400,
        ),
    ];
    for (request, status) in cheap {
        for _ in 0..3 {
            let answer = request.clone().from(HERE).send(&rooms).await;
            assert_eq!(answer.status, status);
        }
    }
    let good = link_request(&rooms, Method::GET, &link, &aci).from(HERE);
    assert_eq!(good.send(&rooms).await.status, 200);
}

#[tokio::test]
async fn the_presentation_of_a_guest_counts_twice() {
    let rooms = limited_to(4, 1).await;
    let (link, _) = created(&rooms, json!({})).await;
    let guests = rooms.add_guest_params().await;
    let day = rooms.clock.now().start_of_day();
    let look = |auth: String| {
        let request = request(Method::GET, LINK).room(link.room()).from(ELSEWHERE);
        request.auth(&auth).send(&rooms)
    };
    let guest = || look(guests.auth(&link, &rooms.new_account(), day));
    let account = || look(rooms.auth(&link, &rooms.new_account()));
    for (answer, status) in [
        (guest().await, 200),
        (account().await, 200),
        (account().await, 200),
        (account().await, 429),
        (guest().await, 429),
    ] {
        assert_eq!(answer.status, status);
    }
}
