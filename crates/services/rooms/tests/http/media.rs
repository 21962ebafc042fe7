//! Sections 3 and 4: calls on media servers.

use std::collections::HashSet;

use anteroom_protocol::DAY;
use anteroom_runtime::Clock as _;
use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    DHE_KEY, base64, created, good, join_body, join_request, link_request, peek_request, request,
};

async fn start(servers: &[&FakeMediaServer]) -> TestRooms {
    TestRooms::start_with(TestRoomsOptions {
        media_servers: servers
            .iter()
            .map(|server| server.url().to_owned())
            .collect(),
        ..TestRoomsOptions::default()
    })
    .await
}

#[tokio::test]
async fn a_first_join_starts_an_era_and_the_answer_has_the_fixed_shape() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({"restrictions": "none"})).await;
    let mut body = join_body();
    body["hkdfExtraInfo"] = json!("0102");
    let answer = join_request(&rooms, &link, &aci)
        .json(&body)
        .send(&rooms)
        .await;
    let joined = good(&answer);
    let announced = media.announced();
    let client = &announced[0];
    let user = link.opaque_id(&aci);
    assert_eq!(client.demux_id & 0xf, 0);
    assert_ne!(client.demux_id, 0);
    assert_eq!(client.era.len(), 32);
    answer.assert_json(&json!({
        "demuxId": client.demux_id,
        "port": 10_000,
        "portTcp": 10_001,
        "portTls": 443,
        "ips": ["192.0.2.1", "2001:db8::1"],
        "hostname": "media.example",
        "iceUfrag": "server ufrag",
        "icePwd": "server pwd",
        "dhePublicKey": "00ff",
        "callCreator": user,
        "conferenceId": client.era,
        "clientStatus": "ACTIVE",
    }));
    assert_eq!(
        client.body,
        json!({
            "endpointId": user,
            "clientIceUfrag": "u",
            "clientIcePwd": "p",
            "clientDhePublicKey": DHE_KEY,
            "hkdfExtraInfo": "0102",
            "region": "test",
            "newClientsRequireApproval": false,
            "isAdmin": false,
            "roomId": format!("adhoc:{}", link.room()),
            "approvedUsers": [],
            "callType": "Adhoc",
            "userAgent": "Unknown",
        })
    );
    // The second join finds the same era.
    let again = join_request(&rooms, &link, &aci)
        .json(&join_body())
        .send(&rooms)
        .await;
    let again = good(&again);
    assert_eq!(again["conferenceId"], joined["conferenceId"]);
    assert_ne!(again["demuxId"], joined["demuxId"]);
}

#[tokio::test]
async fn endpoint_ids_are_bare_user_ids_and_one_user_may_stand_in_a_call_several_times() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({"restrictions": "none"})).await;
    let other = rooms.new_account();
    let mut expected = Vec::new();
    for aci in [&aci, &aci, &other, &aci] {
        let join = join_request(&rooms, &link, aci).json(&join_body());
        let joined = good(&join.send(&rooms).await);
        let user = link.opaque_id(aci);
        let announced = media.announced();
        assert_eq!(announced.last().unwrap().body["endpointId"], user.as_str());
        expected.push(json!({"opaqueUserId": user, "demuxId": joined["demuxId"]}));
    }
    let peek = good(&peek_request(&rooms, &link, &aci).send(&rooms).await);
    assert_eq!(peek["participants"], json!(expected));
}

#[tokio::test]
async fn media_servers_are_told_the_platform_that_the_user_agent_names() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    for (user_agent, expected) in [
        ("Signal-Desktop/7.40.0 Linux", "DesktopLinux"),
        ("Signal-Desktop/7.40.0 macOS 14.5", "DesktopMac"),
        ("Signal-Desktop/7.40.0 Windows 10.0.22631", "DesktopWindows"),
        ("Signal-iOS/7.30 iOS/17.5", "Ios"),
        ("Signal-Android/7.20.1 Android/34", "Android"),
        ("Signal-Internal/1.0", "Internal"),
        ("curl/8.5.0", "Unknown"),
        ("", "Unknown"),
    ] {
        let join = join_request(&rooms, &link, &aci).header("user-agent", user_agent);
        good(&join.json(&join_body()).send(&rooms).await);
        let announced = media.announced();
        let platform = &announced.last().unwrap().body["userAgent"];
        assert_eq!(platform, expected, "{user_agent}");
    }
}

#[tokio::test]
async fn what_a_server_has_no_value_for_is_left_out_of_the_answer() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let join = || join_request(&rooms, &link, &aci).json(&join_body());
    for sparing in [true, false] {
        media.set_sparing(sparing);
        let joined = good(&join().send(&rooms).await);
        for (member, value) in [
            ("portTls", json!(443)),
            ("hostname", json!("media.example")),
        ] {
            let expected = (!sparing).then_some(&value);
            assert_eq!(joined.get(member), expected, "{member}");
        }
    }
}

#[tokio::test]
async fn a_start_resets_the_links_expiration() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    rooms.clock.advance(80 * DAY);
    good(
        &join_request(&rooms, &link, &aci)
            .json(&join_body())
            .send(&rooms)
            .await,
    );
    let now = rooms.clock.now().as_secs();
    let state = link_request(&rooms, Method::GET, &link, &aci)
        .send(&rooms)
        .await
        .json();
    assert_eq!(state["expiration"], now + 90 * DAY);
    assert_eq!(state["delete_at"], now + 180 * DAY);
}

#[tokio::test]
async fn a_peek_shows_who_is_there_and_pending_ids_to_admins_in_the_call_only() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, admin) = created(&rooms, json!({"name": "AQID"})).await;
    let guest = rooms.new_account();
    let mut body = join_body();
    body["adminPasskey"] = json!(link.passkey_text());
    let admin_answer = join_request(&rooms, &link, &admin)
        .json(&body)
        .send(&rooms)
        .await;
    let guest_answer = join_request(&rooms, &link, &guest)
        .json(&join_body())
        .send(&rooms)
        .await;
    let (first, second) = (good(&admin_answer), good(&guest_answer));
    assert_eq!(first["clientStatus"], "ACTIVE");
    assert_eq!(second["clientStatus"], "PENDING");
    let (admin_id, guest_id) = (link.opaque_id(&admin), link.opaque_id(&guest));
    let state = link_request(&rooms, Method::GET, &link, &admin)
        .send(&rooms)
        .await
        .json();
    let expected = |pending: Value| {
        json!({
            "conferenceId": first["conferenceId"],
            "maxDevices": 8,
            "participants": [{"opaqueUserId": admin_id, "demuxId": first["demuxId"]}],
            "creator": admin_id,
            "pendingClients": [pending],
            "callLinkState": state,
        })
    };
    let peek = peek_request(&rooms, &link, &admin).send(&rooms).await;
    peek.assert_json(&expected(
        json!({"opaqueUserId": guest_id, "demuxId": second["demuxId"]}),
    ));
    let peek = peek_request(&rooms, &link, &guest).send(&rooms).await;
    peek.assert_json(&expected(json!({"demuxId": second["demuxId"]})));
    assert_eq!(media.asked_as(), [Some(admin_id), Some(guest_id)]);
}

#[tokio::test]
async fn a_wrong_passkey_makes_no_admin() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let mut body = join_body();
    for (passkey, admin) in [
        (link.passkey_text(), true),
        (base64(&[9; 16]), false),
        (base64(&[9; 64]), false),
    ] {
        body["adminPasskey"] = json!(passkey);
        good(
            &join_request(&rooms, &link, &aci)
                .json(&body)
                .send(&rooms)
                .await,
        );
        assert_eq!(media.announced().last().unwrap().body["isAdmin"], admin);
    }
}

#[tokio::test]
async fn while_a_call_is_on_restrictions_stay_and_the_link_cannot_be_deleted() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    good(
        &join_request(&rooms, &link, &aci)
            .json(&join_body())
            .send(&rooms)
            .await,
    );
    for (change, status) in [
        (json!({"restrictions": "none"}), 409),
        (json!({"restrictions": "adminApproval"}), 200),
        (json!({"name": "AQID"}), 200),
        (json!({"revoked": true}), 200),
    ] {
        let mut body = change.clone();
        body["adminPasskey"] = json!(link.passkey_text());
        let answer = link_request(&rooms, Method::PUT, &link, &aci)
            .json(&body)
            .send(&rooms)
            .await;
        assert_eq!(answer.status.as_u16(), status, "{change}");
    }
    let body = json!({"adminPasskey": link.passkey_text()});
    let delete = || link_request(&rooms, Method::DELETE, &link, &aci).json(&body);
    delete().send(&rooms).await.assert_problem(409, "CALL_ON");
    // A revoked link admits nobody. A peek still shows the call.
    let join = join_request(&rooms, &link, &aci)
        .json(&join_body())
        .send(&rooms)
        .await;
    assert_eq!(
        (join.status.as_u16(), join.json()),
        (404, json!({"reason": "expired"}))
    );
    assert_eq!(
        peek_request(&rooms, &link, &aci).send(&rooms).await.status,
        200
    );
    media.lose_calls();
    let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
    assert_eq!(
        (peek.status.as_u16(), peek.json()),
        (404, json!({"reason": "expired"}))
    );
    delete().send(&rooms).await.assert_json(&json!({}));
}

#[tokio::test]
async fn a_call_that_the_server_does_not_know_is_removed_and_the_next_join_starts_another() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let join = || join_request(&rooms, &link, &aci).json(&join_body());
    let first = good(&join().send(&rooms).await);
    media.lose_calls();
    let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
    assert_eq!((peek.status.as_u16(), peek.body.len()), (404, 0));
    let second = good(&join().send(&rooms).await);
    assert_ne!(first["conferenceId"], second["conferenceId"]);
}

#[tokio::test]
async fn a_call_that_a_clock_ahead_has_recorded_is_over_when_its_server_does_not_know_it() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let now = rooms.clock.now();
    rooms.clock.advance(DAY);
    good(
        &join_request(&rooms, &link, &aci)
            .json(&join_body())
            .send(&rooms)
            .await,
    );
    media.lose_calls();
    rooms.clock.set(now);
    rooms.rooms.clean().await;
    // The budget of verifications is empty at the first request after the clock was set back.
    let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
    assert_eq!(peek.status, 429);
    rooms.clock.advance(1);
    let change = json!({"restrictions": "none", "adminPasskey": link.passkey_text()});
    let update = link_request(&rooms, Method::PUT, &link, &aci).json(&change);
    assert_eq!(update.send(&rooms).await.status, 200);
}

#[tokio::test]
async fn a_call_that_its_server_has_yet_to_hear_of_is_not_taken_to_be_over() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    for by_peek in [true, false] {
        let (link, aci) = created(&rooms, json!({})).await;
        let peek = || peek_request(&rooms, &link, &aci).send(&rooms);
        media.set_holding(true);
        let meanwhile = async {
            media.holding().await;
            if by_peek {
                let peek = peek().await;
                assert_eq!((peek.status.as_u16(), peek.body.len()), (404, 0));
            } else {
                // Later than the end of any announcement.
                rooms.clock.advance(60);
                rooms.rooms.clean().await;
            }
            media.set_holding(false);
        };
        let join = join_request(&rooms, &link, &aci).json(&join_body());
        let (joined, ()) = tokio::join!(join.send(&rooms), meanwhile);
        let era = good(&joined)["conferenceId"].clone();
        assert_eq!(good(&peek().await)["conferenceId"], era, "{by_peek}");
    }
}

#[tokio::test]
async fn a_full_call_and_servers_that_are_gone_have_answers_of_their_own() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let join = || join_request(&rooms, &link, &aci).json(&join_body());
    media.set_full(true);
    join().send(&rooms).await.assert_problem(413, "CALL_FULL");
    media.set_full(false);
    good(&join().send(&rooms).await);
    media.set_full(true);
    join().send(&rooms).await.assert_problem(413, "CALL_FULL");
    media.set_full(false);
    media.set_broken(true);
    join()
        .send(&rooms)
        .await
        .assert_problem(503, "CALL_MEDIA_UNAVAILABLE");
    let peek = peek_request(&rooms, &link, &aci).send(&rooms).await;
    peek.assert_problem(503, "CALL_MEDIA_UNAVAILABLE");
    media.set_broken(false);
    assert_eq!(
        peek_request(&rooms, &link, &aci).send(&rooms).await.status,
        200
    );
}

/// Sets the fault of a server.
type Fault = fn(&FakeMediaServer, bool);

#[tokio::test]
async fn a_call_that_has_not_come_about_leaves_no_record_and_moves_no_expiration() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let cases: [(Fault, _, _); 3] = [
        (FakeMediaServer::set_full, 413, "CALL_FULL"),
        (FakeMediaServer::set_refusing, 503, "CALL_MEDIA_UNAVAILABLE"),
        (FakeMediaServer::set_broken, 503, "CALL_MEDIA_UNAVAILABLE"),
    ];
    for (set, status, code) in cases {
        let (link, aci) = created(&rooms, json!({})).await;
        let state = || link_request(&rooms, Method::GET, &link, &aci).send(&rooms);
        let before = state().await.json();
        rooms.clock.advance(DAY);
        set(&media, true);
        let join = join_request(&rooms, &link, &aci).json(&join_body());
        join.send(&rooms).await.assert_problem(status, code);
        set(&media, false);
        rooms.rooms.recover().await;
        let after = state().await.json();
        for end in ["expiration", "delete_at"] {
            assert_eq!(before[end], after[end], "{status} {code} {end}");
        }
        // A peek would remove the record. An update of the restrictions fails if a call is
        // recorded.
        let change = json!({"restrictions": "none", "adminPasskey": link.passkey_text()});
        let update = link_request(&rooms, Method::PUT, &link, &aci).json(&change);
        assert_eq!(update.send(&rooms).await.status, 200, "{status} {code}");
    }
}

#[tokio::test]
async fn a_client_that_a_server_refuses_takes_no_server_out_of_service() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    let join = || join_request(&rooms, &link, &aci).json(&join_body());
    media.set_refusing(true);
    join()
        .send(&rooms)
        .await
        .assert_problem(503, "CALL_MEDIA_UNAVAILABLE");
    media.set_refusing(false);
    // The join succeeds before the first health check.
    good(&join().send(&rooms).await);
}

#[tokio::test]
async fn new_calls_go_to_the_least_loaded_healthy_server_and_past_one_that_fails() {
    let (mut busy, idle) = (
        FakeMediaServer::start().await,
        FakeMediaServer::start().await,
    );
    busy.set_load(100);
    let rooms = start(&[&busy, &idle]).await;
    let start_call = async || {
        let (link, aci) = created(&rooms, json!({})).await;
        join_request(&rooms, &link, &aci)
            .json(&join_body())
            .send(&rooms)
            .await
    };
    good(&start_call().await);
    assert_eq!((busy.announced().len(), idle.announced().len()), (0, 1));
    idle.set_unhealthy(true);
    rooms.rooms.recover().await;
    good(&start_call().await);
    assert_eq!((busy.announced().len(), idle.announced().len()), (1, 1));
    // The next choice is a server that has broken since its last health check.
    idle.set_unhealthy(false);
    rooms.rooms.recover().await;
    idle.set_broken(true);
    good(&start_call().await);
    assert_eq!((busy.announced().len(), idle.announced().len()), (2, 1));
    busy.stop();
    start_call()
        .await
        .assert_problem(503, "CALL_MEDIA_UNAVAILABLE");
}

#[tokio::test]
async fn readiness_shows_the_media_servers() {
    let (one, two) = (
        FakeMediaServer::start().await,
        FakeMediaServer::start().await,
    );
    let rooms = start(&[&one, &two]).await;
    for (sick, status) in [
        (vec![], "ok"),
        (vec![&one], "degraded"),
        (vec![&one, &two], "failing"),
    ] {
        for server in sick {
            server.set_unhealthy(true);
        }
        rooms.rooms.recover().await;
        let ready = request(Method::GET, "/health/ready").send(&rooms).await;
        assert_eq!(ready.status, 200);
        assert_eq!(ready.json()["dependencies"]["media-servers"], status);
    }
}

#[tokio::test]
async fn a_server_is_well_only_if_it_says_so_in_the_fixed_shape() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    let (link, aci) = created(&rooms, json!({})).await;
    for (status, body, expected) in [
        (
            200,
            r#"{"callCount": 0, "clientCount": 0, "cpuIdlePct": 5}"#,
            "ok",
        ),
        (200, r#"{"callCount": 0, "clientCount": 0}"#, "failing"),
        (
            200,
            r#"{"callCount": 0, "clientCount": -1, "cpuIdlePct": 5}"#,
            "failing",
        ),
        (200, r#"{"status": "ok"}"#, "failing"),
        (200, "[]", "failing"),
        (200, "OK", "failing"),
        (200, "", "failing"),
        (204, "", "failing"),
        (
            202,
            r#"{"callCount": 0, "clientCount": 0, "cpuIdlePct": 5}"#,
            "failing",
        ),
    ] {
        media.set_unhealthy(false);
        rooms.rooms.recover().await;
        media.set_health(status, body);
        rooms.rooms.recover().await;
        let ready = request(Method::GET, "/health/ready")
            .send(&rooms)
            .await
            .json();
        let said = &ready["dependencies"]["media-servers"];
        assert_eq!(said, expected, "{status} {body}");
    }
    // The server gets no call.
    let join = join_request(&rooms, &link, &aci).json(&join_body());
    let answer = join.send(&rooms).await;
    answer.assert_problem(503, "CALL_MEDIA_UNAVAILABLE");
    assert_eq!(media.announced(), []);
}

#[tokio::test]
async fn two_first_joins_at_once_make_one_era() {
    let media = FakeMediaServer::start().await;
    let rooms = start(&[&media]).await;
    for _ in 0..5 {
        let (link, aci) = created(&rooms, json!({"restrictions": "none"})).await;
        let joins = (0..6).map(|_| {
            join_request(&rooms, &link, &aci)
                .json(&join_body())
                .send(&rooms)
        });
        let answers = futures::future::join_all(joins).await;
        let answers: Vec<Value> = answers.iter().map(good).collect();
        let eras: HashSet<_> = answers
            .iter()
            .map(|answer| &answer["conferenceId"])
            .collect();
        let ids: HashSet<_> = answers.iter().map(|answer| &answer["demuxId"]).collect();
        assert_eq!((eras.len(), ids.len()), (1, 6));
    }
}
