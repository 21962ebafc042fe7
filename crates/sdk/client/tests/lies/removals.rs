//! A service that keeps an admin's removal from the members.

use anteroom_client::{BarState, CallEvent, GroupEvent, RemovalReason};
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};

use crate::{lying_stage::LyingStage, person::Seen};

/// The leaf of the removed device goes because the roster no longer lists it. The entry is in nobody's context.
pub(crate) async fn a_removal_is_done_when_the_others_have_the_entry_and_not_when_the_leaf_is_gone()
{
    let stage = LyingStage::together(3, 1).await;
    stage.service.lie(|hop| match hop {
        Hop::ToService(0, ClientMessage::Commit { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let device = stage.device(2);
    let admin = &stage.people[0];
    admin.command(move |call| Box::pin(call.remove(device)));
    let state = |event: &GroupEvent| match event {
        GroupEvent::Barred { claims, state } => {
            assert_eq!(claims.demux_id, device);
            Some(*state)
        }
        _ => None,
    };
    let first = admin.group_event("the state of the removal", state).await;
    assert_eq!(first, BarState::NotConfirmed);
    admin
        .group_event("that the leaf is gone", |event| match event {
            GroupEvent::MemberRemoved { reason, .. } => {
                assert_eq!(*reason, RemovalReason::Absent);
                Some(())
            }
            _ => None,
        })
        .await;
    assert_eq!(admin.group_events(state), [BarState::NotConfirmed]);
    stage.service.be_honest();
    admin
        .group_event("that it is done", |event| match event {
            GroupEvent::Barred {
                state: BarState::Removed,
                ..
            } => Some(()),
            _ => None,
        })
        .await;
    stage.meet(&[0, 1], "without the removed one").await;
}

/// The admin has said more than what it says before it knows of some that the service has them.
pub(crate) async fn a_removal_waits_for_no_answer_to_a_ping() {
    let stage = LyingStage::together(3, 1).await;
    stage.service.lie(|hop| match hop {
        Hop::ToClient(0, ServerMessage::Pong { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let device = stage.device(2);
    let admin = &stage.people[0];
    for number in 0..40 {
        admin.command(move |call| Box::pin(call.say(number.to_string())));
    }
    admin.command(move |call| Box::pin(call.remove(device)));
    let state = |event: &GroupEvent| match event {
        GroupEvent::Barred { claims, state } => {
            assert_eq!(claims.demux_id, device);
            Some(*state)
        }
        _ => None,
    };
    let is_lost = |seen: &Seen| {
        let mut events = seen.events.iter();
        events
            .any(|event| matches!(event, CallEvent::Lost))
            .then_some(())
    };
    let state = admin.group_event("the state of the removal", state).await;
    let lost = admin.read(is_lost);
    assert_eq!((state, lost), (BarState::Removed, None));
    // The connection is given up at last, and the texts go out over the next one.
    admin.until("the loss of the connection", is_lost).await;
    stage.service.be_honest();
    stage.meet(&[0, 1], "over the next connection").await;
}

/// The admin leaves with the removal, whose commit the service keeps back once, or for good.
pub(crate) async fn who_removes_somebody_and_leaves_waits_for_the_members() {
    for is_for_good in [false, true] {
        let stage = LyingStage::together(3, 1).await;
        let mut dropped = false;
        stage.service.lie(move |hop| match hop {
            Hop::ToService(0, ClientMessage::Commit { .. }) if is_for_good || !dropped => {
                dropped = true;
                Vec::new()
            }
            hop => vec![hop],
        });
        let device = stage.device(2);
        let admin = &stage.people[0];
        admin.command(move |call| Box::pin(call.remove(device)));
        admin.command(move |call| {
            call.start_leaving();
            Box::pin(async { Ok(()) })
        });
        let is_end = |event: &CallEvent| matches!(event, CallEvent::Ended(_)).then_some(());
        admin.event("the end", is_end).await;
        let states = admin.group_events(|event| match event {
            GroupEvent::Barred { state, .. } => Some(*state),
            _ => None,
        });
        let expected = match is_for_good {
            true => BarState::NotConfirmed,
            false => BarState::Removed,
        };
        assert_eq!(states, [expected], "{is_for_good}");
    }
}
