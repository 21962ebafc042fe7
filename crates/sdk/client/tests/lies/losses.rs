//! The loss of one message.

use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::lying_stage::LyingStage;

/// A message that is lost once.
type Lost = fn(&Hop) -> bool;

fn class(body: &str) -> u8 {
    STANDARD.decode(body).unwrap()[0]
}

/// Somebody comes, all talk, and the second one leaves, while the first message of a kind is lost. In the end all
/// are together again.
async fn story(lost: Lost) {
    let mut stage = LyingStage::together(3, 1).await;
    let mut is_lost = false;
    stage.service.lie(move |hop| {
        if !is_lost && lost(&hop) {
            is_lost = true;
            return Vec::new();
        }
        vec![hop]
    });
    stage.people[0].command(|call| Box::pin(call.lock(true)));
    stage.people[0].command(|call| Box::pin(call.lock(false)));
    stage.join(false).await;
    stage.are_together(&[0, 1, 2, 3]).await;
    for person in &stage.people {
        person.say("hello");
    }
    let device = stage.device(1);
    stage.people[0].command(move |call| Box::pin(call.remove(device)));
    stage.meet(&[0, 2, 3], "at last").await;
}

pub(crate) async fn an_own_commit() {
    story(|hop| matches!(hop, Hop::ToService(0, ClientMessage::Commit { .. }))).await;
}

pub(crate) async fn a_commit_on_its_way_back() {
    story(|hop| matches!(hop, Hop::ToClient(0, ServerMessage::Commit { .. }))).await;
}

pub(crate) async fn a_commit_on_its_way_to_another_member() {
    story(|hop| matches!(hop, Hop::ToClient(2, ServerMessage::Commit { .. }))).await;
}

pub(crate) async fn a_welcome() {
    story(|hop| matches!(hop, Hop::ToClient(3, ServerMessage::Welcome { .. }))).await;
}

pub(crate) async fn a_key_package() {
    story(|hop| match hop {
        Hop::ToService(3, ClientMessage::Relay { body, .. }) => class(body) == 2,
        _ => false,
    })
    .await;
}

pub(crate) async fn a_message_of_the_group() {
    story(|hop| match hop {
        Hop::ToService(3, ClientMessage::Relay { body, .. }) => class(body) == 3,
        _ => false,
    })
    .await;
}
