//! The media of a device that the room service sends away.

use anteroom_client::{CallEvent, EndReason, JoinOptions, media::SlotCounts};
use futures::StreamExt as _;
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    group::within,
    hostile::{accept, era_text, listen, person_and_room, say, welcome},
};

#[tokio::test]
async fn the_media_of_a_device_end_before_the_application_reads_the_last_event() {
    // The session keeps this number of events; the last one waits for a place.
    const EVENTS: usize = 256;
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let (send_away, sent_away) = oneshot::channel();
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        let answer = welcome(16, &era_text());
        say(&mut socket, &answer).await;
        sent_away.await.unwrap();
        let link = json!({"type": "link", "callLinkState": answer["callLinkState"]});
        for _ in 1..EVENTS {
            say(&mut socket, &link).await;
        }
        say(&mut socket, &json!({"type": "removed"})).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    let media = call.start_media(SlotCounts::default()).await.unwrap();
    let (_sender, mut media) = media.unwrap();
    send_away.send(()).unwrap();
    within(async { while media.next().await.is_some() {} }).await;
    let mut last = None;
    let mut count = 0;
    while let Some(event) = within(call.next()).await {
        count += 1;
        last = Some(event);
    }
    assert_eq!(count, EVENTS + 1);
    assert!(
        matches!(last, Some(CallEvent::Ended(EndReason::Removed))),
        "{last:?}"
    );
    server.await.unwrap();
}
