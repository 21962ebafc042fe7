//! The examples of the SDK against the real program.

use std::fs;

use anteroom_client::{
    CallEvent, CallSession, Chat, Client, DeviceCredentials, Ending, OngoingCall, OperatingSystem,
    System as _,
};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::place::{Account, Place};

#[path = "../../../client/examples/create_link.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod create_link;
#[path = "../../../client/examples/join_and_echo.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod join_and_echo;
#[path = "../../../client/examples/watch_lobby.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod watch_lobby;

/// The address of a service of a place.
fn url(place: &Place, service: &str) -> String {
    let listen = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&listen).unwrap();
    listen[service].as_str().unwrap().to_owned()
}

async fn client(place: &Place, account: &Account) -> Client {
    let device = DeviceCredentials::parse(&account.uuid, account.password.as_str()).unwrap();
    Client::connect(&url(place, "issuer"), device)
        .await
        .unwrap()
}

/// Waits for the next text of a conversation, after the name of its author.
async fn next_text(call: &mut CallSession) -> String {
    let mut is_named = false;
    while let Some(event) = call.next().await {
        let CallEvent::Message { message, .. } = event else {
            assert!(!matches!(event, CallEvent::Ended(_)), "{event:?}");
            continue;
        };
        match Chat::from_bytes(&message) {
            Some(Chat::Hello { name }) => is_named = name == "Echo",
            Some(Chat::Text { text }) => {
                assert!(is_named, "{text}");
                return text;
            }
            other => unreachable!("{other:?}"),
        }
    }
    unreachable!("the call is over")
}

/// Waits until somebody is in the call beside this device and the watcher.
async fn admitted(call: &mut CallSession) {
    while let Some(event) = call.next().await {
        match event {
            CallEvent::Roster(roster) if roster.active.len() == 3 => return,
            CallEvent::Ended(ending) => unreachable!("{ending:?}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_create_a_link_watch_its_lobby_and_echo() {
    let place = Place::new();
    let _service = place.start();
    let (anns, bobs) = (place.add_account(), place.add_account());
    let (ann, bob) = (client(&place, &anns).await, client(&place, &bobs).await);
    let own = create_link::create(&ann, &url(&place, "rooms"))
        .await
        .unwrap();

    let (tell, mut told) = mpsc::unbounded_channel();
    let (watcher, link, passkey) = (ann.clone(), own.link.clone(), own.passkey.clone());
    let watching = tokio::spawn(async move {
        let report = |demux, account| tell.send((demux, account)).unwrap();
        watch_lobby::watch(&watcher, &link, &passkey, report).await
    });
    let link = own.link.clone();
    let echoing = tokio::spawn(async move { join_and_echo::echo(&bob, &link).await });
    let (demux, account) = told.recv().await.unwrap();
    assert_eq!(account.unwrap().to_uuid_string(), bobs.uuid);

    let mut call = ann.join_as_admin(&own.link, &own.passkey).await.unwrap();
    call.approve(demux).await.unwrap();
    let text = |text: &str| Chat::Text {
        text: text.to_owned(),
    };
    admitted(&mut call).await;
    // Another bot's answer is not answered.
    call.say(&text("echo: to nobody")).await.unwrap();
    call.say(&text("hello")).await.unwrap();
    assert_eq!(next_text(&mut call).await, "echo: hello");

    let (rooms, pass) = (ann.rooms(&own.link).unwrap(), ann.pass(&own.link).unwrap());
    let (key, end, mut rng) = (&own.link.root_key, OngoingCall::End, OperatingSystem.rng());
    rooms
        .delete(key, &pass, &own.passkey, end, &mut *rng)
        .await
        .unwrap();
    for task in [watching, echoing] {
        let ending = task.await.unwrap().unwrap();
        assert!(matches!(ending, Ending::EndedByAdmin), "{ending:?}");
    }
}

#[test]
fn the_examples_need_this_crate_and_tokio_and_nothing_else() {
    for example in [
        include_str!("../../../client/examples/create_link.rs"),
        include_str!("../../../client/examples/join_and_echo.rs"),
        include_str!("../../../client/examples/watch_lobby.rs"),
    ] {
        let uses = example.lines().filter_map(|line| line.strip_prefix("use "));
        let crates: Vec<&str> = uses.filter_map(|path| path.split("::").next()).collect();
        assert_eq!(crates, ["std", "anteroom_client"]);
        assert!(example.contains("#[tokio::main]"));
    }
}
