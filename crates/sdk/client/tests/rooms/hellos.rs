//! The hellos of devices, through a real room service and through malicious ones.

use anteroom_client::{Approval, CallEvent, JoinOptions};
use anteroom_protocol::{Aci, HelloKey, RootKey, ServiceId, UidCiphertext};
use anteroom_runtime::Entropy as _;
use anteroom_testkit::{LogGuard, SeededEntropy};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    hostile::{accept, era_text, listen, person_and_room, say, welcome},
    support::{RoomsFixture, TestUser, wait_for},
};

fn user(room: &RootKey, account: u8) -> UidCiphertext {
    let aci = ServiceId::Aci(Aci::from_bytes([account; 16]));
    room.secret_params().encrypt(&aci)
}

fn hex_of(user: &UidCiphertext) -> String {
    let bytes = user.to_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sealed(room: &RootKey, user: &UidCiphertext, hello: &str) -> Vec<u8> {
    let key = HelloKey::derive(room);
    key.seal(user, hello.as_bytes(), [9; 12]).unwrap()
}

/// Returns the names that a client reads from entries with these users and hellos.
async fn names_read(room: &RootKey, person: &TestUser, entries: &[(String, Value)]) -> Vec<String> {
    let (listener, client) = listen().await;
    let devices: Vec<Value> = (1_u32..)
        .zip(entries)
        .map(|(number, (user, hello))| {
            json!({"demuxId": number * 16, "opaqueUserId": user, "hello": hello})
        })
        .collect();
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        let mut welcome = welcome(16, &era_text());
        welcome["participants"] = json!(devices);
        say(&mut socket, &welcome).await;
        // Each form of roster carries the same entries.
        let changed: Vec<Value> = devices
            .iter()
            .map(|device| {
                let mut entry = device.clone();
                entry["status"] = json!("active");
                entry
            })
            .collect();
        for roster in [
            json!({"type": "participants", "active": devices, "pending": []}),
            json!({"type": "roster", "joined": [], "changed": changed, "pendingCount": 0}),
            json!({"type": "participants", "active": [], "pending": devices}),
        ] {
            let mut roster = roster;
            roster["eraId"] = json!(era_text());
            say(&mut socket, &roster).await;
        }
        say(&mut socket, &json!({"type": "removed"})).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let options = JoinOptions {
        room: room.clone(),
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let mut call = client
        .join(options, SeededEntropy::new(3).rng())
        .await
        .unwrap();
    let mut read = Vec::new();
    while let Some(event) = call.next().await {
        let roster = match event {
            CallEvent::Joined(joined) => joined.roster,
            CallEvent::Roster(roster) => roster,
            _ => continue,
        };
        let devices = roster.active.into_iter().chain(roster.pending);
        let names = devices.map(|one| one.name.unwrap_or_else(|| "-".to_owned()));
        read.push(names.collect::<Vec<_>>());
    }
    server.await.unwrap();
    assert_eq!(read.len(), 4);
    assert!(read.iter().all(|names| *names == read[0]), "{read:?}");
    read.remove(0)
}

#[tokio::test]
async fn a_lying_service_cannot_show_a_name_at_another_user_or_one_of_another_room() {
    let (_scene, person, room) = person_and_room().await;
    let other_room =
        RootKey::from_bytes(&[7, 1, 7, 2, 7, 3, 7, 4, 7, 5, 7, 6, 7, 8, 7, 9]).unwrap();
    let (ann, bob) = (user(&room, 1), user(&room, 2));
    let text = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let anns = sealed(&room, &ann, r#"{"name":"Ann"}"#);
    let bobs = sealed(&room, &bob, r#"{"name":"Bob"}"#);
    let own = room.secret_params().encrypt(&person.aci.into());
    let owns = sealed(&room, &own, r#"{"name":"Me"}"#);
    let mut changed = anns.clone();
    changed[60] ^= 1;
    let mut too_long = anns.clone();
    too_long.resize(641, 0);
    let elsewhere = sealed(&other_room, &user(&other_room, 1), r#"{"name":"Ann"}"#);
    let for_ann_elsewhere = sealed(&other_room, &ann, r#"{"name":"Ann"}"#);
    let cases = [
        ("as it is", &ann, text(&anns), "Ann"),
        ("as it is", &bob, text(&bobs), "Bob"),
        ("the reader's own", &own, text(&owns), "Me"),
        ("exchanged", &ann, text(&bobs), "-"),
        ("the reader's own at another", &ann, text(&owns), "-"),
        ("another's at the reader", &own, text(&anns), "-"),
        ("exchanged", &bob, text(&anns), "-"),
        ("of another room", &ann, text(&elsewhere), "-"),
        ("under another key", &ann, text(&for_ann_elsewhere), "-"),
        ("changed", &ann, text(&changed), "-"),
        ("cut", &ann, text(&anns[..anns.len() - 1]), "-"),
        ("cut to its head", &ann, text(&anns[..13]), "-"),
        ("of 641 bytes", &ann, text(&too_long), "-"),
        ("empty", &ann, json!(""), "-"),
        ("no base64url", &ann, json!("Ann?"), "-"),
        (
            "padded",
            &ann,
            json!(format!("{}==", URL_SAFE_NO_PAD.encode(&anns))),
            "-",
        ),
        ("in the clear", &ann, json!(r#"{"name":"Ann"}"#), "-"),
        ("no text", &ann, json!({"name": "Ann"}), "-"),
        ("nothing", &ann, Value::Null, "-"),
    ];
    let entries: Vec<(String, Value)> = cases
        .iter()
        .map(|(_, user, hello, _)| (hex_of(user), hello.clone()))
        .collect();
    let read = names_read(&room, &person, &entries).await;
    for ((case, .., expected), name) in cases.iter().zip(&read) {
        assert_eq!(name, expected, "{case}");
    }
}

#[tokio::test]
async fn a_name_is_cleaned_as_it_is_read_and_members_of_a_later_version_are_left_out() {
    let (_scene, person, room) = person_and_room().await;
    let ann = user(&room, 1);
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(100));
    let cases = [
        (
            r#"{"name":"Ann","member":"key","hat":{"colour":"red"}}"#,
            "Ann",
        ),
        (r#"{"name":"A\u001b[2Jn\u202en\n"}"#, "A[2Jnn"),
        (r#"{"name":"\u2066Ann\u2069\u200b"}"#, "Ann"),
        (&long, &"x".repeat(60)),
        (r#"{"name":"山田太郎"}"#, "山田太郎"),
        (r#"{"name":" \u00a0"}"#, "-"),
        (r#"{"name":""}"#, "-"),
        (r#"{"name":7}"#, "-"),
        (r#"{"name":null}"#, "-"),
        ("{}", "-"),
        ("[]", "-"),
        ("", "-"),
        ("Ann", "-"),
    ];
    let entries: Vec<(String, Value)> = cases
        .iter()
        .map(|(hello, _)| {
            let sealed = sealed(&room, &ann, hello);
            (hex_of(&ann), json!(URL_SAFE_NO_PAD.encode(sealed)))
        })
        .collect();
    let read = names_read(&room, &person, &entries).await;
    for ((hello, expected), name) in cases.iter().zip(&read) {
        assert_eq!(name, expected, "{hello}");
    }
}

async fn named(fixture: &RoomsFixture, name: &str) -> TestUser {
    let mut person = fixture.person().await;
    person.name = Some(name.to_owned());
    person
}

#[tokio::test]
async fn an_admin_reads_the_name_in_the_lobby_and_who_is_let_in_those_of_the_call() {
    let fixture = RoomsFixture::start().await;
    let mut ann = named(&fixture, "Ann").await;
    let mut bob = named(&fixture, "Bob of the hidden name").await;
    LogGuard::global().watch_text("a name", "Bob of the hidden name");
    let (room, passkey) = fixture.new_room();
    let pass = fixture.create_pass(&ann, &room).await;
    let mut rng = fixture.rng();
    let created = ann
        .rooms
        .create(&room, &pass, &passkey, Approval::Required, &mut *rng);
    let room = created.await.unwrap().root_key;
    let mut anns = fixture.join(&ann, &room, Some(&passkey)).await.unwrap();
    let mut bobs = fixture.join(&bob, &room, None).await.unwrap();
    let first = wait_for(&mut bobs, |event| match event {
        CallEvent::Joined(joined) => Some(joined),
        _ => None,
    })
    .await;
    assert!(first.features.iter().any(|feature| feature == "hello"));
    let names = first.roster.active.iter().map(|one| one.name.as_deref());
    assert_eq!(names.collect::<Vec<_>>(), [None], "not in the lobby");
    let waiting = wait_for(&mut anns, |event| match event {
        CallEvent::Roster(roster) => roster.pending.first().cloned(),
        _ => None,
    })
    .await;
    assert_eq!(waiting.name.as_deref(), Some("Bob of the hidden name"));
    let account = waiting.user.clone().unwrap();
    let account = account.decrypt(&room.secret_params()).unwrap();
    assert_eq!(account, ServiceId::Aci(bob.aci));

    // The name is the same after a reconnection, whatever number the device has then.
    bobs.reconnect().await.unwrap();
    let lost = |event| matches!(event, CallEvent::Joined(_)).then_some(());
    wait_for(&mut bobs, lost).await;
    let shown = |event| match event {
        CallEvent::Roster(roster) => Some(roster.pending[0].clone()).filter(|one| !one.is_lost),
        _ => None,
    };
    let again = wait_for(&mut anns, shown).await;
    assert_eq!((again.demux, &again.name), (waiting.demux, &waiting.name));

    anns.approve(waiting.demux).await.unwrap();
    let inside = wait_for(&mut bobs, |event| match event {
        CallEvent::Roster(roster) if roster.active.len() == 2 => Some(roster),
        _ => None,
    })
    .await;
    let names: Vec<_> = inside
        .active
        .iter()
        .map(|one| one.name.as_deref())
        .collect();
    assert_eq!(names, [Some("Ann"), Some("Bob of the hidden name")]);
    bobs.leave().await;
    anns.leave().await;

    // Names without a visible character, and long ones.
    for (name, expected) in [(" ", None), (&*"\u{10ffff}x".repeat(99), Some(60))] {
        (ann.name, bob.name) = (None, Some(name.to_owned()));
        let mut bobs = fixture.join(&bob, &room, Some(&passkey)).await.unwrap();
        let read = wait_for(&mut bobs, |event| match event {
            CallEvent::Joined(joined) => Some(joined.roster.active[0].name.clone()),
            _ => None,
        });
        let read = read.await.map(|name| name.chars().count());
        assert_eq!(read, expected);
        bobs.leave().await;
    }
    LogGuard::global().assert_clean();
    LogGuard::global().assert_absent_from(fixture.rooms.directory());
}

#[tokio::test]
async fn a_room_service_that_refuses_unknown_members_is_joined_without_a_hello() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut shown = Vec::new();
        for _ in 0..2 {
            let mut socket = accept(&listener).await;
            let join = socket.next().await.unwrap().unwrap().into_text().unwrap();
            let join: Value = serde_json::from_str(&join).unwrap();
            shown.push(join["hello"].as_str().map(str::len));
            let answer = if join.get("hello").is_some() {
                json!({"type": "error", "code": "invalid_message", "message": ""})
            } else {
                welcome(16, &era_text())
            };
            say(&mut socket, &answer).await;
            if join.get("hello").is_none() {
                say(&mut socket, &json!({"type": "removed"})).await;
            }
            while let Some(Ok(_)) = socket.next().await {}
        }
        shown
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: Some("Ann".to_owned()),
        member: None,
    };
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    while call.next().await.is_some() {}
    // 285 bytes, as every hello with only a name.
    assert_eq!(server.await.unwrap(), [Some(380), None]);
}
