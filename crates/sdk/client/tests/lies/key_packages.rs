//! Key packages and Welcomes that are said again, changed, or made in the name of others.

use std::{sync::Arc, time::Duration};

use anteroom_client::{Admission, ApprovalStatement, GroupEvent, LeaveReason, RemovalReason};
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::time::sleep;

use crate::{
    accomplice,
    approvals::signed_approval,
    lying_stage::{LyingStage, secret, spoil},
    policies::{newer_policy, tell_policy},
    stage::RoomSettings,
};

/// Whether a relay has a key package.
fn is_asking(body: &str) -> bool {
    STANDARD.decode(body).unwrap()[0] == 2
}

pub(crate) async fn an_old_key_package_that_is_said_again_puts_nobody_out() {
    let stage = LyingStage::together(3, 3).await;
    let from = stage.device(2);
    let record = stage.service.record();
    let mut asked = record.into_iter().filter_map(|hop| match hop {
        Hop::ToService(2, ClientMessage::Relay { body, .. }) if is_asking(&body) => {
            Some(STANDARD.decode(body).unwrap())
        }
        _ => None,
    });
    let body = asked.next().unwrap();
    // With a commit of its own the leaf has other keys than the key package.
    for is_on in [true, false] {
        stage.people[2].command(move |call| Box::pin(call.lock(is_on)));
        for person in &stage.people {
            person
                .until("the lock", |seen| {
                    (seen.group.is_locked == is_on).then_some(())
                })
                .await;
        }
    }
    stage.forget();
    for round in 0..6 {
        for to in 0..2 {
            // The first person has used it up, and the second one cannot know that.
            stage.tell_relay(to, from, &body);
        }
        stage.talk(&[0, 1, 2], &format!("round {round}")).await;
        sleep(Duration::from_millis(500)).await;
    }
    assert!(!stage.people[2].has_seen(|event| matches!(event, GroupEvent::Left(_))));
    stage.meet(&[0, 1, 2], "as before").await;
}

/// The service sends the Welcome first. In the other order the commit takes the member out, and the Welcome is
/// still of use.
pub(crate) async fn a_member_whose_leaf_is_made_anew_comes_back_by_the_welcome_after_the_commit() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    stage.join(true).await;
    let account = stage.stage.account().await;
    stage.join_with(&account, false, Arc::default()).await;
    stage.are_together(&[0, 1]).await;
    let policy = newer_policy(&stage);
    tell_policy(&stage, 0, &policy);
    stage.people[1]
        .group_event("the newer policy", |event| {
            matches!(event, GroupEvent::Policy(one) if one.as_bytes() == policy.as_bytes())
                .then_some(())
        })
        .await;
    stage.forget();
    let mut held = Vec::new();
    stage.service.lie(move |hop| match hop {
        Hop::ToClient(1, ServerMessage::Welcome { .. }) => {
            held.push(hop);
            Vec::new()
        }
        Hop::ToClient(1, ServerMessage::Commit { .. }) => {
            let mut hops = vec![hop];
            hops.append(&mut held);
            hops
        }
        hop => vec![hop],
    });
    let approval = signed_approval(&stage, &account, 1);
    let statement = ApprovalStatement::new(approval.as_bytes());
    let statement = Some(statement.unwrap());
    let present = None;
    stage.tell(1, ServerMessage::Admitted { present, statement });
    stage.people[0]
        .group_event("a leaf that is made anew", |event| match event {
            GroupEvent::MemberRemoved { reason, .. } => {
                assert_eq!(*reason, RemovalReason::AddedAnew);
                Some(())
            }
            _ => None,
        })
        .await;
    let anew = LeaveReason::Removed(RemovalReason::AddedAnew);
    stage.people[1]
        .group_event("that it came in again", |event| {
            matches!(event, GroupEvent::Entered { .. }).then_some(())
        })
        .await;
    let left = stage.people[1].group_events(|event| match event {
        GroupEvent::Left(reason) => Some(*reason),
        _ => None,
    });
    assert_eq!(left, [anew]);
    stage.meet(&[0, 1], "with a new leaf").await;
}

/// The committer of the present epoch can make a Welcome of anything, again and again.
pub(crate) async fn welcomes_that_do_not_open_put_a_newcomer_off_no_group() {
    let mut stage = LyingStage::together(2, 0).await;
    let mut spoiled = 0;
    stage.service.lie(move |mut hop| {
        if let Hop::ToClient(2, ServerMessage::Welcome { body, .. }) = &mut hop
            && spoiled < 3
        {
            spoiled += 1;
            spoil(body);
        }
        vec![hop]
    });
    stage.join(false).await;
    stage.meet(&[0, 1, 2], "in the end").await;
    let refused = stage.people[2].group_events(|event| match event {
        GroupEvent::WelcomeRefused { asks_again, .. } => Some(*asks_again),
        _ => None,
    });
    assert_eq!(refused, [true; 3]);
}

pub(crate) async fn a_device_of_another_user_comes_in_under_no_name_but_its_own() {
    let mut stage = LyingStage::together(2, 0).await;
    let user = stage.people[1].user.clone();
    // It takes no part itself: the service asks in its name.
    stage.service.lie(|hop| match hop {
        Hop::ToService(2, ClientMessage::Relay { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let thief = stage.join(false).await;
    let device = stage.device(thief);
    let leaf = accomplice::leaf(&stage, secret(thief), (user, device), Admission::None);
    let body = accomplice::asking(&stage, secret(thief), leaf);
    for round in 0..4 {
        for to in 0..2 {
            stage.tell_relay(to, device, &body);
        }
        stage.talk(&[0, 1], &format!("round {round}")).await;
        sleep(Duration::from_millis(1_200)).await;
    }
    stage.meet(&[0, 1], "in the end").await;
    for person in &stage.people[..2] {
        assert!(!person.has_seen(|event| matches!(event, GroupEvent::MemberAdded { .. })));
    }
}
