//! Members that say again what others have said.

use anteroom_wire::rooms::socket::ServerMessage;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{call::Call, raw_device::GROUP_MESSAGE};
use crate::{
    person::{assert_heard_once, talk},
    stage::RoomSettings,
};

/// All have the keys of the epoch, so that the insider's own client could read the text.
#[tokio::test]
async fn a_text_that_a_member_says_again_is_shown_once() {
    let call = Call::start(RoomSettings::OPEN).await;
    let people = call.people.each_ref();
    let device = &call.insider.played.device;
    talk(&people, "first").await;
    device.ping().await;
    let (said, _) = device.messages_since(0, |message| match message {
        ServerMessage::Relay { body, .. } => {
            let body = STANDARD.decode(body).unwrap();
            (body.first() == Some(&GROUP_MESSAGE)).then_some(body)
        }
        _ => None,
    });
    assert!(said.len() >= people.len());
    for body in said {
        device.relay(&body);
    }
    device.ping().await;
    // The second round comes after the repetitions.
    talk(&people, "second").await;
    assert_heard_once(&people, "first");
}
