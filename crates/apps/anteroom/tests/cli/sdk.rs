//! The examples of the SDK against the real program.

use std::{collections::BTreeMap, fs};

use anteroom_client::{
    CallEvent, CallSession, Client, DeviceCredentials, EndReason, GroupEvent, OngoingCall,
    OperatingSystem, System as _,
};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::directory::{TestAccount, TestDirectory};

#[path = "../../../../sdk/client/examples/create_link.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
pub(crate) mod create_link;
#[path = "../../../../sdk/client/examples/join_and_echo.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod join_and_echo;
#[path = "../../../../sdk/client/examples/watch_lobby.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod watch_lobby;

/// Returns the address of a place's service.
pub(crate) fn url(place: &TestDirectory, service: &str) -> String {
    let listen = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&listen).unwrap();
    listen[service].as_str().unwrap().to_owned()
}

pub(crate) async fn client(place: &TestDirectory, account: &TestAccount) -> Client {
    let device = DeviceCredentials::parse(&account.uuid, account.password.as_str()).unwrap();
    Client::connect(&url(place, "issuer"), device)
        .await
        .unwrap()
}

/// Waits for the next text of a conversation, and returns it with the name of its author.
async fn next_text(call: &mut CallSession) -> (Option<String>, String) {
    let mut names = BTreeMap::new();
    while let Some(event) = call.next().await {
        match event {
            CallEvent::GroupChanged(state) => {
                let known = state.members.into_iter();
                names.extend(known.map(|one| (one.claims.demux_id, one.name)));
            }
            CallEvent::Group(event) => {
                if let GroupEvent::Text { claims, text, .. } = *event {
                    return (names.remove(&claims.demux_id).flatten(), text);
                }
            }
            CallEvent::Ended(end) => unreachable!("{end:?}"),
            _ => {}
        }
    }
    unreachable!("the call is over")
}

/// Waits until the call has this device. What it can do there is known then.
async fn joined(call: &mut CallSession) {
    while let Some(event) = call.next().await {
        if matches!(event, CallEvent::Joined(_)) {
            return;
        }
    }
    unreachable!("the call is over")
}

/// Waits until a third device is in the call, beside this one and the watcher.
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
    let place = TestDirectory::new();
    let _service = place.start();
    let (anns, bobs) = (place.add_account(), place.add_account());
    let (ann, bob) = (client(&place, &anns).await, client(&place, &bobs).await);
    let own = create_link::create(&ann, &url(&place, "rooms"))
        .await
        .unwrap();

    let (tell, mut told) = mpsc::unbounded_channel();
    let (watcher, link, rights) = (ann.clone(), own.link.clone(), own.rights.clone());
    let watching = tokio::spawn(async move {
        let report = |demux, account| tell.send((demux, account)).unwrap();
        watch_lobby::watch(&watcher, &link, &rights, report).await
    });
    let link = own.link.clone();
    let echoing = tokio::spawn(async move { join_and_echo::echo(&bob, &link).await });
    let (demux, account) = told.recv().await.unwrap();
    assert_eq!(account.unwrap().to_uuid_string(), bobs.uuid);

    let mut call = ann.join_as_admin(&own.link, &own.rights).await.unwrap();
    joined(&mut call).await;
    call.approve(demux).await.unwrap();
    admitted(&mut call).await;
    // The bot does not answer another bot's answer.
    call.say("echo: to nobody").await.unwrap();
    call.say("hello").await.unwrap();
    let (author, text) = next_text(&mut call).await;
    assert_eq!(
        (author.as_deref(), text.as_str()),
        (Some("Echo"), "echo: hello")
    );

    let (rooms, pass) = (ann.rooms(&own.link).unwrap(), ann.pass(&own.link).unwrap());
    let (key, end, mut rng) = (&own.link.root_key, OngoingCall::End, OperatingSystem.rng());
    rooms
        .delete(key, &pass, &own.passkey(), end, &mut *rng)
        .await
        .unwrap();
    for task in [watching, echoing] {
        let ending = task.await.unwrap().unwrap();
        assert!(matches!(ending, EndReason::EndedByAdmin), "{ending:?}");
    }
}

/// Returns the crates that a program imports.
fn crates(program: &str) -> Vec<&str> {
    let uses = program.lines().filter_map(|line| line.strip_prefix("use "));
    uses.filter_map(|path| path.split("::").next()).collect()
}

#[test]
fn the_examples_need_the_sdk_and_tokio_and_nothing_else() {
    for example in [
        include_str!("../../../../sdk/client/examples/create_link.rs"),
        include_str!("../../../../sdk/client/examples/echo_bot.rs"),
        include_str!("../../../../sdk/client/examples/join_and_echo.rs"),
        include_str!("../../../../sdk/client/examples/watch_lobby.rs"),
    ] {
        assert_eq!(crates(example), ["std", "anteroom_client"]);
        assert!(example.contains("#[tokio::main]"));
    }
}

#[test]
fn the_first_page_of_the_sdk_joins_a_link_in_ten_lines_and_the_readme_shows_them() {
    let block = |text: &str, start: &str| {
        let (_, rest) = text.split_once(start).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let page = include_str!("../../../../sdk/client/src/lib.rs").lines();
    let page = page.map_while(|line| line.strip_prefix("//!"));
    let page: Vec<&str> = page
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    // A doctest compiles it.
    let shown = block(&page.join("\n"), "```no_run\n");
    let readme = include_str!("../../../../../README.md");
    assert_eq!(block(readme, "```rust\n"), shown);
    assert_eq!(crates(&shown), ["std", "anteroom_client"]);
    let (_, main) = shown.split_once("async fn main()").unwrap();
    let body: Vec<&str> = main
        .lines()
        .skip(1)
        .take_while(|line| *line != "}")
        .collect();
    assert!(body.len() <= 10, "{body:#?}");
    let place = page.iter().position(|line| *line == "```no_run").unwrap();
    assert!(place < 8, "on the first screen");
}
