//! The client at a room service that answers no pings, and begins the call anew while commands wait.

use anteroom_client::{
    CallEvent, CallMember, CallSession, DemuxId, DeviceSecret, EndReason, GroupError, JoinOptions,
    RoomsClient,
};
use anteroom_protocol::RootKey;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    group::within,
    hostile::{ServerSocket, accept, era_text, listen, person_and_room, say, welcome},
    support::{RoomsFixture, TestUser, link, wait_for},
};

/// The number of texts after which others wait until the room service shows that it has them.
const WINDOW: usize = 32;

/// Accepts a device into a call with another one.
async fn seat(listener: &TcpListener, era: &str) -> ServerSocket {
    let mut socket = accept(listener).await;
    socket.next().await.unwrap().unwrap();
    let mut answer = welcome(16, era);
    answer["participants"] = json!([{"demuxId": 16}, {"demuxId": 32}]);
    say(&mut socket, &answer).await;
    socket
}

/// Returns the type of the next message.
async fn next_type(socket: &mut ServerSocket) -> String {
    let message = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let message: Value = serde_json::from_str(&message).unwrap();
    message["type"].as_str().unwrap().to_owned()
}

/// Reads until a message of a type, and returns the types of those before it.
async fn until(socket: &mut ServerSocket, wanted: &str) -> Vec<String> {
    let mut before = Vec::new();
    loop {
        let read = next_type(socket).await;
        if read == wanted {
            return before;
        }
        before.push(read);
    }
}

async fn join(
    client: &RoomsClient,
    (fixture, person, room): (&RoomsFixture, &TestUser, RootKey),
) -> CallSession {
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    client.join(options, fixture.rng()).await.unwrap()
}

fn device() -> DemuxId {
    DemuxId::new(32).unwrap()
}

#[tokio::test]
async fn decisions_do_not_wait_behind_texts_that_wait_for_an_answer() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut socket = seat(&listener, &era_text()).await;
        let before = until(&mut socket, "block").await;
        let relays = before.iter().filter(|kind| *kind == "relay");
        assert_eq!(relays.count(), WINDOW);
        say(&mut socket, &json!({"type": "removed"})).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let mut call = join(&client, (&fixture, &person, room)).await;
    for _ in 0..=WINDOW {
        call.say("text").await.unwrap();
    }
    call.block(device()).await.unwrap();
    let mut unsaid = Vec::new();
    let end = wait_for(&mut call, |event| match event {
        CallEvent::NotSaid { error, .. } => {
            unsaid.push(error);
            None
        }
        CallEvent::Ended(reason) => Some(reason),
        _ => None,
    });
    assert!(matches!(within(end).await, EndReason::Removed));
    let mut expected = vec![GroupError::Unconfirmed; WINDOW];
    expected.push(GroupError::Over);
    assert_eq!(unsaid, expected);
    server.await.unwrap();
}

#[tokio::test]
async fn commands_that_were_given_in_a_call_are_not_done_in_the_next_one() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let (begin, begun) = oneshot::channel();
    let server = tokio::spawn(async move {
        let mut socket = seat(&listener, &era_text()).await;
        for _ in 0..WINDOW {
            while next_type(&mut socket).await != "relay" {}
        }
        drop(socket);
        begun.await.unwrap();
        // The number is somebody else's now.
        let mut socket = seat(&listener, &"06".repeat(16)).await;
        let before = until(&mut socket, "remove").await;
        say(&mut socket, &json!({"type": "removed"})).await;
        while let Some(Ok(_)) = socket.next().await {}
        before
    });
    let mut call = join(&client, (&fixture, &person, room)).await;
    for _ in 0..=WINDOW {
        call.say("text").await.unwrap();
    }
    let lost = wait_for(&mut call, |event| {
        matches!(event, CallEvent::Lost).then_some(())
    });
    within(lost).await;
    call.block(device()).await.unwrap();
    call.say("to those who are there").await.unwrap();
    begin.send(()).unwrap();
    let mut unsaid = Vec::new();
    let refused = wait_for(&mut call, |event| match event {
        CallEvent::NotSaid { text, error } => {
            unsaid.push((text, error));
            None
        }
        CallEvent::GroupRefused(error) => Some(error),
        _ => None,
    });
    assert_eq!(within(refused).await, GroupError::CallChanged);
    assert_eq!(unsaid.len(), WINDOW + 1);
    let held = ("text".to_owned(), GroupError::CallChanged);
    assert_eq!(unsaid.last(), Some(&held));
    // This one is of the new call.
    call.remove(device()).await.unwrap();
    let end = wait_for(&mut call, |event| match event {
        CallEvent::Ended(reason) => Some(reason),
        _ => None,
    });
    assert!(matches!(within(end).await, EndReason::Removed));
    let sent = server.await.unwrap();
    assert!(!sent.iter().any(|kind| kind == "block"), "{sent:?}");
    let relays = sent.iter().filter(|kind| *kind == "relay");
    assert_eq!(relays.count(), 1, "{sent:?}");
}

/// The text was taken, and would be said to the one who is let in.
#[tokio::test]
async fn nobody_is_let_in_while_a_text_waits_for_a_listener() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let user = room.secret_params().encrypt(&person.pass.aci().into());
    let user: String = user
        .to_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        let join = socket.next().await.unwrap().unwrap().into_text().unwrap();
        let join: Value = serde_json::from_str(&join).unwrap();
        let mut answer = welcome(16, &era_text());
        answer["features"] = json!(["member", "group"]);
        // Somebody with a key is listed, and says nothing.
        answer["participants"] = json!([16, 32].map(|number| json!({
            "demuxId": number, "opaqueUserId": user, "hello": join["hello"],
            "member": join["member"],
        })));
        say(&mut socket, &answer).await;
        let before = until(&mut socket, "raise_hand").await;
        say(&mut socket, &json!({"type": "removed"})).await;
        while let Some(Ok(_)) = socket.next().await {}
        before
    });
    let secret = DeviceSecret::from_bytes([1; 32]);
    let options = JoinOptions {
        member: Some(CallMember::new(&secret, &link(&room, None)).unwrap()),
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
    };
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    call.say("not for the other one").await.unwrap();
    call.approve(DemuxId::new(48).unwrap()).await.unwrap();
    call.raise_hand(true).await.unwrap();
    let unsaid = wait_for(&mut call, |event| match event {
        CallEvent::NotSaid { text, .. } => Some(text),
        _ => None,
    });
    assert_eq!(within(unsaid).await, "not for the other one");
    let before = server.await.unwrap();
    assert!(!before.iter().any(|kind| kind == "approve"), "{before:?}");
}
