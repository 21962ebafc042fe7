//! Section 5: the hellos of devices.

use anteroom_protocol::{HelloKey, ServiceId};
use anteroom_testkit::{LogGuard, TestRooms};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::client::{
    End, TestSocket, admin_join, approvals, created, demux_id, ids, join, peek, set, wait_for_end,
};

fn with_hello(mut join: Value, hello: &str) -> Value {
    set(&mut join, "hello", json!(hello));
    join
}

/// Returns a join with a hello that asks for roster changes.
fn greeting(mut join: Value, hello: &str) -> Value {
    set(&mut join, "roster", json!("delta"));
    with_hello(join, hello)
}

fn of_length(length: usize) -> String {
    URL_SAFE_NO_PAD.encode(vec![0xfb; length])
}

fn hellos(list: &Value) -> Vec<&str> {
    let devices = list.as_array().unwrap().iter();
    devices
        .map(|device| device["hello"].as_str().unwrap_or("-"))
        .collect()
}

#[tokio::test]
async fn admins_see_the_hellos_of_the_lobby_and_guests_those_of_the_call_once_they_are_in_it() {
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let host_join = greeting(admin_join(&rooms, &link, &admin), "aG9zdA");
    let (mut host, told) = TestSocket::joined(&rooms, host_join).await;
    assert_eq!(hellos(&told["participants"]), ["aG9zdA"]);

    let guest = rooms.new_account();
    let guest_join = greeting(join(&rooms, &link, &guest), "Z3Vlc3Q");
    let (mut visitor, told) = TestSocket::joined(&rooms, guest_join).await;
    assert_eq!(hellos(&told["participants"]), ["-"], "not in the lobby");
    assert_eq!(
        (&told["pending"], &told["pendingCount"]),
        (&json!([]), &json!(1))
    );
    let waiting = host.next_of("roster").await;
    assert_eq!(hellos(&waiting["joined"]), ["Z3Vlc3Q"]);
    visitor.send(&json!({"type": "participants"})).await;
    let told = visitor.next_of("participants").await;
    assert_eq!(hellos(&told["active"]), ["-"]);
    assert_eq!(told["pending"], json!([]));

    let approve = json!({"type": "approve", "demuxId": demux_id(&waiting["joined"][0])});
    host.send(&approve).await;
    let told = visitor.next_of("participants").await;
    assert_eq!(hellos(&told["active"]), ["aG9zdA", "Z3Vlc3Q"]);
    assert_eq!(visitor.next().await, json!({"type": "admitted"}));
    let told = host.next_of("roster").await;
    assert_eq!(hellos(&told["changed"]), ["Z3Vlc3Q"]);

    // A peek shows no hellos.
    let (_, seen) = peek(&rooms, &link, &admin).await;
    assert_eq!(seen["participants"].as_array().map(Vec::len), Some(2));
    assert!(!seen.to_string().contains("hello"), "{seen}");
}

#[tokio::test]
async fn a_client_of_before_is_told_whole_rosters_that_have_one_member_more_where_a_hello_is() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut before, told) = TestSocket::joined(&rooms, join(&rooms, &link, &aci)).await;
    let own = json!({"demuxId": demux_id(&told), "opaqueUserId": link.opaque_id(&aci)});
    assert_eq!(told["participants"], json!([own]));
    let other = rooms.new_account();
    let greeting = greeting(join(&rooms, &link, &other), "aGk");
    let (_other, joined) = TestSocket::joined(&rooms, greeting).await;
    let expected = json!({
        "type": "participants", "eraId": told["eraId"], "pending": [], "pendingCount": 0, "revision": 2,
        "active": [own, {
            "demuxId": demux_id(&joined), "opaqueUserId": link.opaque_id(&other), "hello": "aGk",
        }],
    });
    assert_eq!(before.next_of("participants").await, expected);
}

#[tokio::test]
async fn a_hello_that_is_no_base64url_of_1_to_640_bytes_refuses_the_join() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    for hello in [
        json!(""),
        json!(of_length(641)),
        json!("aGk="),
        json!("/+8"),
        json!("Ann Example"),
        json!(7),
        json!({"name": "Ann"}),
    ] {
        let mut refused = join(&rooms, &link, &aci);
        set(&mut refused, "hello", hello.clone());
        let mut client = TestSocket::connect(&rooms).await;
        client.send(&refused).await;
        let refusal = ("invalid_message".to_owned(), End::Closed(1002));
        assert_eq!(client.refusal().await, refusal, "{hello}");
    }
    let longest = with_hello(join(&rooms, &link, &aci), &of_length(640));
    let (_client, told) = TestSocket::joined(&rooms, longest).await;
    assert_eq!(hellos(&told["participants"]), [of_length(640)]);
}

#[tokio::test]
async fn a_resume_keeps_the_hello_and_a_new_join_brings_its_own() {
    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let first = with_hello(join(&rooms, &link, &aci), "b25l");
    let (client, told) = TestSocket::joined(&rooms, first).await;
    drop(client);
    let mut again = with_hello(join(&rooms, &link, &aci), "dHdv");
    set(&mut again, "resume", told["resume"].clone());
    let (mut client, back) = TestSocket::joined(&rooms, again.clone()).await;
    assert_eq!(demux_id(&back), demux_id(&told));
    assert_eq!(hellos(&back["participants"]), ["b25l"]);
    client.send(&json!({"type": "leave"})).await;
    wait_for_end(&rooms, &link, &aci).await;
    set(&mut again, "auth", json!(rooms.auth(&link, &aci)));
    let (_client, anew) = TestSocket::joined(&rooms, again).await;
    assert_eq!(hellos(&anew["participants"]), ["dHdv"]);
}

#[tokio::test]
async fn the_service_keeps_nothing_of_a_hello_but_what_it_passes_on_and_cannot_open() {
    const NAME: &str = "Annabel of the hidden name";
    let rooms = TestRooms::start().await;
    let (link, admin) = created(&rooms, "adminApproval").await;
    let guest = rooms.new_account();
    let user = link.root_key.secret_params();
    let user = user.encrypt(&ServiceId::Aci(guest));
    let key = HelloKey::derive(&link.root_key);
    let text = json!({"name": NAME}).to_string();
    let sealed = key.seal(&user, text.as_bytes(), [9; 12]).unwrap();
    let guard = LogGuard::global();
    guard.watch_text("a name", NAME);
    guard.watch_bytes("a sealed hello", &sealed);

    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &admin)).await;
    let shown = URL_SAFE_NO_PAD.encode(&sealed);
    let guest_join = with_hello(join(&rooms, &link, &guest), &shown);
    let (mut visitor, _) = TestSocket::joined(&rooms, guest_join).await;
    let waiting = host
        .roster(|roster| !ids(roster, "pending").is_empty())
        .await;
    assert_eq!(hellos(&waiting["pending"]), [shown]);
    let passed_on = URL_SAFE_NO_PAD.decode(waiting["pending"][0]["hello"].as_str().unwrap());
    assert_eq!(
        *key.open(&user, &passed_on.unwrap()).unwrap(),
        text.as_bytes()
    );
    let approve = json!({"type": "approve", "demuxId": ids(&waiting, "pending")[0]});
    host.send(&approve).await;
    visitor.next_of("admitted").await;
    for client in [&mut visitor, &mut host] {
        client.send(&json!({"type": "leave"})).await;
        client.end().await;
    }
    wait_for_end(&rooms, &link, &admin).await;
    assert_eq!(approvals(&rooms, &link).await, 1);
    guard.assert_clean();
    guard.assert_absent_from(rooms.directory());
    let events = format!("{:?}", rooms.events.take());
    assert!(
        !events.contains(NAME) && !events.contains("hello"),
        "{events}"
    );
}
