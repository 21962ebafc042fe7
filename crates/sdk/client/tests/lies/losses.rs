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

/// Checks that nobody has refused a commit, and that no next group has started.
fn assert_nothing_is_refused(stage: &LyingStage) {
    let record = stage.service.record();
    let is_refusal = |hop: &Hop| matches!(hop, Hop::ToService(_, ClientMessage::Refuse { .. }));
    assert!(!record.iter().any(is_refusal));
    assert_eq!(stage.epoch().group, 1);
}

/// Somebody leaves, and one member alone is not told, which others take for still there.
pub(crate) async fn a_roster_change_about_a_departure() {
    let mut stage = LyingStage::together(4, 1).await;
    let device = stage.device(3).number();
    let mut is_lost = false;
    stage.service.lie(move |hop| match &hop {
        Hop::ToClient(2, ServerMessage::Roster { left, .. })
            if !is_lost && left.contains(&device) =>
        {
            is_lost = true;
            Vec::new()
        }
        _ => vec![hop],
    });
    drop(stage.people.pop());
    stage.meet(&[0, 1, 2], "after the departure").await;
    let is_request = |hop: &Hop| matches!(hop, Hop::ToService(2, ClientMessage::Participants));
    assert!(stage.service.record().iter().any(is_request));
    assert_nothing_is_refused(&stage);
}

/// Somebody comes, and the member whose turn it is to commit is not told.
pub(crate) async fn a_roster_change_about_an_arrival() {
    let mut stage = LyingStage::together(3, 1).await;
    let mut is_lost = false;
    stage.service.lie(move |hop| match &hop {
        Hop::ToClient(0, ServerMessage::Roster { joined, .. })
            if !is_lost && !joined.is_empty() =>
        {
            is_lost = true;
            Vec::new()
        }
        _ => vec![hop],
    });
    stage.join(false).await;
    stage.meet(&[0, 1, 2, 3], "after the arrival").await;
    let device = stage.device(3);
    stage.people[0]
        .until("the newcomer in the roster", |seen| {
            let mut active = seen.roster.active.iter();
            active.any(|one| one.demux == device).then_some(())
        })
        .await;
    assert_nothing_is_refused(&stage);
}

/// No other change follows that would show the gap.
pub(crate) async fn a_last_roster_change() {
    let stage = LyingStage::together(3, 1).await;
    let mut is_lost = false;
    stage.service.lie(move |hop| match &hop {
        Hop::ToClient(2, ServerMessage::Roster { .. }) if !is_lost => {
            is_lost = true;
            Vec::new()
        }
        _ => vec![hop],
    });
    stage.people[1].command(|call| Box::pin(call.raise_hand(true)));
    let device = stage.device(1);
    stage.people[2]
        .until("the raised hand", |seen| {
            let mut active = seen.roster.active.iter();
            let is_shown = active.any(|one| one.demux == device && one.hand_raised_at.is_some());
            is_shown.then_some(())
        })
        .await;
    assert_nothing_is_refused(&stage);
}
