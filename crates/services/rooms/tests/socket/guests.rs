//! Guest accounts in calls of the socket: who is one, and what the link says about them.

use anteroom_protocol::Aci;
use anteroom_runtime::{BucketSize, Clock as _};
use anteroom_testkit::{TestLink, TestPresenter, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::{Value, json};

use crate::client::{
    End, TestSocket, admin_join, created, demux_id, join, peek, rest, set, update,
};

struct GuestFixture {
    rooms: TestRooms,
    link: TestLink,
    admin: Aci,
    guests: TestPresenter,
}

impl GuestFixture {
    async fn of(restrictions: &str) -> Self {
        Self::in_rooms(TestRoomsOptions::default(), restrictions).await
    }

    async fn in_rooms(options: TestRoomsOptions, restrictions: &str) -> Self {
        let rooms = TestRooms::start_with(options).await;
        let (link, admin) = created(&rooms, restrictions).await;
        let guests = rooms.add_guest_params().await;
        Self {
            rooms,
            link,
            admin,
            guests,
        }
    }

    /// Returns a fresh presentation of a guest account.
    fn auth(&self, guest: &Aci) -> String {
        let day = self.rooms.clock.now().start_of_day();
        self.guests.auth(&self.link, guest, day)
    }

    fn guest_join(&self, guest: &Aci) -> Value {
        let mut join = join(&self.rooms, &self.link, guest);
        set(&mut join, "auth", json!(self.auth(guest)));
        join
    }

    async fn allow(&self, guests: &str) {
        let change = json!({ "guests": guests });
        let status = update(&self.rooms, &self.link, &self.admin, change).await;
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn a_guest_waits_also_where_accounts_do_not_and_is_shown_as_a_guest() {
    let scene = GuestFixture::of("none").await;
    let host = admin_join(&scene.rooms, &scene.link, &scene.admin);
    let (mut host, told) = TestSocket::joined(&scene.rooms, host).await;
    assert!(told["participants"][0].get("guest").is_none());
    assert!(
        told["features"]
            .as_array()
            .unwrap()
            .contains(&json!("guests"))
    );
    let account = scene.rooms.new_account();
    let account = join(&scene.rooms, &scene.link, &account);
    let (_account, told) = TestSocket::joined(&scene.rooms, account).await;
    assert_eq!(told["status"], "active");

    let guest = scene.rooms.new_account();
    let (mut guest, told) = TestSocket::joined(&scene.rooms, scene.guest_join(&guest)).await;
    assert_eq!(told["status"], "pending");
    let roster = host
        .roster(|roster| {
            roster["pending"]
                .as_array()
                .is_some_and(|list| !list.is_empty())
        })
        .await;
    assert_eq!(roster["pending"][0]["guest"], json!(true));
    let approve = json!({ "type": "approve", "demuxId": demux_id(&told) });
    host.send(&approve).await;
    guest.next_of("admitted").await;
    let shown = host
        .roster(|roster| {
            roster["active"]
                .as_array()
                .is_some_and(|list| list.len() == 3)
        })
        .await;
    let guests: Vec<bool> = shown["active"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["guest"] == json!(true))
        .collect();
    assert_eq!(guests, [false, false, true]);
}

#[tokio::test]
async fn an_admin_lets_guests_join_as_accounts_do_or_not_at_all() {
    let scene = GuestFixture::of("none").await;
    scene.allow("accounts").await;
    let guest = scene.rooms.new_account();
    let (_first, told) = TestSocket::joined(&scene.rooms, scene.guest_join(&guest)).await;
    assert_eq!(told["status"], "active");
    assert_eq!(told["callLinkState"]["guests"], "accounts");
    scene.allow("no").await;
    let mut refused = TestSocket::connect(&scene.rooms).await;
    refused
        .send(&scene.guest_join(&scene.rooms.new_account()))
        .await;
    let refusal = ("guests_refused".to_owned(), End::Closed(1000));
    assert_eq!(refused.refusal().await, refusal);
    // The rule is for guests alone.
    let account = scene.rooms.new_account();
    let account = join(&scene.rooms, &scene.link, &account);
    let (_account, told) = TestSocket::joined(&scene.rooms, account).await;
    assert_eq!(told["status"], "active");
    scene.allow("wait").await;
    let (_waiting, told) =
        TestSocket::joined(&scene.rooms, scene.guest_join(&scene.rooms.new_account())).await;
    assert_eq!(told["status"], "pending");
    assert!(told["callLinkState"].get("guests").is_none(), "the default");
}

#[tokio::test]
async fn a_presentation_is_that_of_a_guest_whether_it_is_known_or_not() {
    let scene = GuestFixture::of("none").await;
    let guest = scene.rooms.new_account();
    let shown = scene.guest_join(&guest);
    for _ in 0..2 {
        // The second join finds the presentation in the cache.
        let (client, told) = TestSocket::joined(&scene.rooms, shown.clone()).await;
        assert_eq!(told["status"], "pending");
        drop(client);
    }
}

#[tokio::test]
async fn guests_read_the_link_and_create_none() {
    let scene = GuestFixture::of("adminApproval").await;
    let guest = scene.rooms.new_account();
    let auth = format!("Bearer auth.{}", scene.auth(&guest));
    let (path, rooms) = ("/v1/call-link", &scene.rooms);
    let (status, state) = rest(rooms, Method::GET, path, &scene.link, auth, Value::Null).await;
    assert_eq!(status, 200);
    assert!(state.get("guests").is_none(), "{state}");

    let link = rooms.new_link();
    let day = rooms.clock.now().start_of_day();
    let create = format!(
        "Bearer create.{}",
        scene.guests.create(&link, &link, &guest, day)
    );
    let body = json!({ "adminPasskey": link.passkey_text(), "zkparams": link.zkparams() });
    let (status, problem) = rest(rooms, Method::PUT, path, &link, create, body.clone()).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (401, &json!("ROOM_UNAUTHORIZED"))
    );

    // An account does, and decides about guests from the start.
    let mut body = body;
    set(&mut body, "guests", json!("no"));
    let create = format!("Bearer create.{}", rooms.create(&link, &scene.admin));
    let (status, state) = rest(rooms, Method::PUT, path, &link, create, body).await;
    assert_eq!((status.as_u16(), &state["guests"]), (200, &json!("no")));
}

#[tokio::test]
async fn guests_have_half_of_the_lobby() {
    let options = TestRoomsOptions {
        max_devices: 4,
        ..TestRoomsOptions::default()
    };
    let scene = GuestFixture::in_rooms(options, "adminApproval").await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let join = scene.guest_join(&scene.rooms.new_account());
        waiting.push(TestSocket::joined(&scene.rooms, join).await);
    }
    let mut third = TestSocket::connect(&scene.rooms).await;
    third
        .send(&scene.guest_join(&scene.rooms.new_account()))
        .await;
    assert_eq!(
        third.refusal().await,
        ("full".to_owned(), End::Closed(1000))
    );
    let account = scene.rooms.new_account();
    let account = join(&scene.rooms, &scene.link, &account);
    let (_account, told) = TestSocket::joined(&scene.rooms, account).await;
    assert_eq!(told["status"], "pending");
}

#[tokio::test]
async fn new_joins_of_guests_from_one_network_are_limited_and_resumes_are_not() {
    const SECONDS: u64 = 60;
    let scene = GuestFixture::in_rooms(
        TestRoomsOptions {
            guest_joins: Some(BucketSize::new(
                2.try_into().unwrap(),
                SECONDS.try_into().unwrap(),
            )),
            ..TestRoomsOptions::default()
        },
        "none",
    )
    .await;
    scene.allow("accounts").await;
    let guest = scene.rooms.new_account();
    let (client, told) = TestSocket::joined(&scene.rooms, scene.guest_join(&guest)).await;
    let other = scene.rooms.new_account();
    let (_other, _) = TestSocket::joined(&scene.rooms, scene.guest_join(&other)).await;
    let limited = ("rate_limited".to_owned(), End::Closed(1008));
    let refused = async |join: &Value| {
        let mut client = TestSocket::connect(&scene.rooms).await;
        client.send(join).await;
        assert_eq!(client.refusal().await, limited);
    };
    let third = scene.guest_join(&scene.rooms.new_account());
    refused(&third).await;
    // A secret that fits nothing is a new join.
    let mut odd = third.clone();
    set(&mut odd, "resume", told["resume"].clone());
    refused(&odd).await;
    drop(client);
    let mut again = scene.guest_join(&guest);
    set(&mut again, "resume", told["resume"].clone());
    let (_again, resumed) = TestSocket::joined(&scene.rooms, again).await;
    assert_eq!(demux_id(&resumed), demux_id(&told));
    // Accounts have no such limit.
    let account = join(&scene.rooms, &scene.link, &scene.admin);
    let (_account, _) = TestSocket::joined(&scene.rooms, account).await;
    scene.rooms.clock.advance(SECONDS);
    let (_third, _) = TestSocket::joined(&scene.rooms, third).await;
}

#[tokio::test]
async fn a_guest_beyond_the_limit_starts_no_era_and_ends_no_lobby() {
    let options = TestRoomsOptions {
        guest_joins: Some(BucketSize::new(
            1.try_into().unwrap(),
            60.try_into().unwrap(),
        )),
        ..TestRoomsOptions::default()
    };
    let scene = GuestFixture::in_rooms(options, "adminApproval").await;
    let guest = scene.guest_join(&scene.rooms.new_account());
    let (first, _) = TestSocket::joined(&scene.rooms, guest).await;
    let account = scene.rooms.new_account();
    let wait = join(&scene.rooms, &scene.link, &account);
    let (mut waiting, told) = TestSocket::joined(&scene.rooms, wait).await;
    assert_eq!(told["status"], "pending");
    let mut admin = admin_join(&scene.rooms, &scene.link, &account);
    set(
        &mut admin,
        "auth",
        json!(scene.auth(&scene.rooms.new_account())),
    );
    let mut client = TestSocket::connect(&scene.rooms).await;
    client.send(&admin).await;
    let limited = ("rate_limited".to_owned(), End::Closed(1008));
    assert_eq!(client.refusal().await, limited);
    let (status, _) = peek(&scene.rooms, &scene.link, &scene.admin).await;
    assert_eq!(
        (status, scene.rooms.rooms.live_calls()),
        (404.try_into().unwrap(), 0)
    );
    let events = scene.rooms.events.take();
    assert!(
        events
            .iter()
            .all(|event| !event.name().starts_with("call."))
    );
    // The lobby is the one of before: an admin lets the account in.
    let host = admin_join(&scene.rooms, &scene.link, &scene.admin);
    let (mut host, joined) = TestSocket::joined(&scene.rooms, host).await;
    assert_eq!(joined["eraId"], told["eraId"]);
    host.send(&json!({"type": "approve", "demuxId": demux_id(&told)}))
        .await;
    waiting.next_of("admitted").await;
    drop(first);
}

#[tokio::test]
async fn a_guest_whom_the_link_refuses_sees_numbers_alone() {
    let scene = GuestFixture::of("none").await;
    let host = admin_join(&scene.rooms, &scene.link, &scene.admin);
    let (_host, _) = TestSocket::joined(&scene.rooms, host).await;
    let guest = scene.rooms.new_account();
    for (rule, shown) in [("wait", 1), ("accounts", 1), ("no", 0), ("wait", 1)] {
        scene.allow(rule).await;
        let (rooms, path) = (&scene.rooms, "/v2/conference/participants");
        let auth = format!("Bearer auth.{}", scene.auth(&guest));
        let (status, seen) = rest(rooms, Method::GET, path, &scene.link, auth, Value::Null).await;
        assert_eq!(status, 200);
        assert_eq!(
            seen["participants"].as_array().unwrap().len(),
            shown,
            "{rule}"
        );
        let (_, of_account) = peek(rooms, &scene.link, &rooms.new_account()).await;
        assert_eq!(of_account["participants"].as_array().unwrap().len(), 1);
    }
}
