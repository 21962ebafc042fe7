//! A service that keeps an admin's removal from the members.

use anteroom_client::{BarState, GroupEvent, RemovalReason};
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::ClientMessage;

use crate::lying_stage::LyingStage;

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
