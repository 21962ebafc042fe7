//! A service that shows two people different commits, withholds one, changes one, or tells them in another order.

use std::{collections::VecDeque, time::Duration};

use anteroom_client::{CallEvent, GroupEvent, LeaveReason};
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};

use tokio::time::{Instant, sleep};

use crate::lying_stage::{LyingStage, is_stopped, spoil};

/// Whether a commit is on its way to a client.
fn is_commit_to(client: usize, hop: &Hop) -> bool {
    matches!(hop, Hop::ToClient(to, ServerMessage::Commit { .. }) if *to == client)
}

pub(crate) async fn a_fork_shows_different_words_and_ends_the_sending() {
    let stage = LyingStage::together(3, 2).await;
    let device = stage.device(0).number();
    let mut is_forked = false;
    stage.service.lie(move |hop| match hop {
        // The first person's commit comes back to itself alone. It sees no commit of the others.
        Hop::ToService(
            0,
            ClientMessage::Commit {
                group, epoch, body, ..
            },
        ) if !is_forked => {
            is_forked = true;
            let from = device;
            let commit = ServerMessage::Commit {
                group,
                epoch,
                from,
                body,
            };
            vec![Hop::ToClient(0, commit)]
        }
        hop if is_commit_to(0, &hop) => Vec::new(),
        hop => vec![hop],
    });
    for who in 0..2 {
        stage.people[who].command(|call| Box::pin(call.lock(true)));
    }
    for who in 0..3 {
        let person = &stage.people[who];
        person
            .until("the lock", |seen| seen.group.is_locked.then_some(()))
            .await;
    }
    let mut words = Vec::new();
    for who in 0..3 {
        words.push(stage.words(who).await);
    }
    assert_ne!(words[0], words[1]);
    assert_eq!(words[1], words[2]);
    stage.people[0].say("from the one branch");
    stage.talk(&[1, 2], "the other branch").await;
    assert!(!stage.people[0].has_seen(is_stopped), "not yet");
    stage.stops(0).await;
    stage
        .sees(1, 0, "a member not confirmed", |member| {
            !member.is_confirmed
        })
        .await;
    assert!(!stage.people[1].has_seen(is_stopped), "one of two others");
    for person in &stage.people[1..] {
        assert!(!person.has_seen(|event| is_text(event, "from the one branch")));
    }
    assert!(!stage.people[0].has_seen(|event| matches!(event, GroupEvent::Text { .. })));
    stage.service.be_honest();
    stage.meet(&[0, 1, 2], "after the fork").await;
}

fn is_text(event: &GroupEvent, expected: &str) -> bool {
    matches!(event, GroupEvent::Text { text, .. } if text == expected)
}

pub(crate) async fn a_commit_that_one_member_does_not_see_leaves_it_unconfirmed() {
    let stage = LyingStage::together(3, 1).await;
    stage.service.lie(|hop| match hop {
        hop if is_commit_to(2, &hop) => Vec::new(),
        hop => vec![hop],
    });
    stage.people[0].command(|call| Box::pin(call.lock(true)));
    for person in &stage.people[..2] {
        person
            .until("the lock", |seen| seen.group.is_locked.then_some(()))
            .await;
    }
    stage.people[0].say("after it");
    stage.people[2].say("before it");
    for person in &stage.people[..2] {
        // Past epochs open.
        person
            .group_event("a text", |event| is_text(event, "before it").then_some(()))
            .await;
    }
    let person = &stage.people[2];
    person
        .group_event("the end of sending", |event| {
            let left = matches!(event, GroupEvent::Left(LeaveReason::MissedCommit));
            (left || is_stopped(event)).then_some(())
        })
        .await;
    assert!(!person.has_seen(|event| is_text(event, "after it")));
    let first = &stage.people[0];
    let device = stage.device(2);
    first
        .until("a member that is not confirmed", |seen| {
            let member = seen.group.member(device);
            member
                .is_none_or(|member| !member.is_confirmed)
                .then_some(())
        })
        .await;
    stage.service.be_honest();
    stage.meet(&[0, 1, 2], "after it").await;
}

/// An admin puts out the last of four people. The service keeps the commit, and all that tells of it, from the two
/// last ones.
async fn withheld_removal() -> LyingStage {
    let stage = LyingStage::together(4, 1).await;
    let before = stage.epoch();
    stage.service.lie(move |mut hop| match &mut hop {
        Hop::ToClient(2 | 3, ServerMessage::Commit { .. } | ServerMessage::Removed) => Vec::new(),
        Hop::ToClient(2 | 3, ServerMessage::Error { present, .. }) if present.is_some() => {
            Vec::new()
        }
        Hop::ToClient(2 | 3, ServerMessage::Roster { left, .. }) => {
            left.clear();
            vec![hop]
        }
        Hop::ToClient(2 | 3, ServerMessage::Joined(joined)) => {
            (joined.present, joined.missed) = (Some(before.into()), None);
            vec![hop]
        }
        _ => vec![hop],
    });
    let device = stage.device(3);
    stage.people[0].command(move |call| Box::pin(call.remove(device)));
    stage
}

/// Waits until a person's connection is restored.
async fn is_restored(stage: &LyingStage, who: usize) {
    let restored = stage.people[who].event("the seat again", |event| {
        matches!(event, CallEvent::Restored { .. }).then_some(())
    });
    restored.await;
}

pub(crate) async fn connections_that_break_again_and_again_do_not_prolong_a_fork() {
    let stage = withheld_removal().await;
    let breaks = async {
        loop {
            stage.people[2].forget();
            stage.service.break_connection(2);
            is_restored(&stage, 2).await;
            sleep(Duration::from_secs(7)).await;
        }
    };
    let begin = Instant::now();
    tokio::select! {
        () = stage.stops(2) => {}
        () = breaks => {}
    }
    assert!(begin.elapsed() < Duration::from_secs(45));
    assert!(!stage.people[2].read(|seen| seen.group.may_send));
}

pub(crate) async fn a_connection_that_stays_broken_ends_the_sending_too() {
    let stage = withheld_removal().await;
    stage.service.refuse_connections(2, true);
    stage.service.break_connection(2);
    // Longer than the time after which a member that is not heard is not confirmed.
    sleep(Duration::from_secs(22)).await;
    stage.service.refuse_connections(2, false);
    is_restored(&stage, 2).await;
    let begin = Instant::now();
    stage.stops(2).await;
    assert!(begin.elapsed() < Duration::from_secs(22));
}

pub(crate) async fn a_commit_that_arrives_changed_costs_its_reader_a_group() {
    let stage = LyingStage::together(3, 1).await;
    let mut is_changed = false;
    stage.service.lie(move |mut hop| {
        if let Hop::ToClient(2, ServerMessage::Commit { body, .. }) = &mut hop
            && !is_changed
        {
            is_changed = true;
            spoil(body);
        }
        vec![hop]
    });
    stage.people[0].command(|call| Box::pin(call.lock(true)));
    let committer = stage.device(0);
    stage.people[2]
        .group_event("a refused commit", |event| match event {
            GroupEvent::CommitRefused {
                from,
                committer: None,
                ..
            } => (*from == committer).then_some(()),
            _ => None,
        })
        .await;
    let refuser = stage.device(2);
    for person in &stage.people[..2] {
        person
            .group_event("who refuses", |event| match event {
                GroupEvent::RefusedByOther { from, .. } => (*from == refuser).then_some(()),
                _ => None,
            })
            .await;
        person
            .group_event("the next group", |event| match event {
                GroupEvent::NextGroup { number, .. } => (*number == 2).then_some(()),
                _ => None,
            })
            .await;
    }
    stage.meet(&[0, 1, 2], "in the next group").await;
}

pub(crate) async fn commits_that_arrive_changed_again_and_again_keep_nobody_out_for_good() {
    let stage = LyingStage::together(3, 1).await;
    let (committer, mut changed) = (stage.device(0).number(), 0);
    stage.service.lie(move |mut hop| {
        if let Hop::ToClient(2, ServerMessage::Commit { from, body, .. }) = &mut hop
            && *from == committer
            && changed < 2
        {
            changed += 1;
            spoil(body);
        }
        vec![hop]
    });
    for is_on in [true, false] {
        stage.people[0].command(move |call| Box::pin(call.lock(is_on)));
        let person = &stage.people[2];
        person
            .group_event("a refused commit", |event| {
                matches!(event, GroupEvent::CommitRefused { .. }).then_some(())
            })
            .await;
        person.forget();
        if is_on {
            stage.are_together(&[0, 1, 2]).await;
        }
    }
    stage.people[2]
        .until("to be in no group", |seen| {
            seen.group.members.is_empty().then_some(())
        })
        .await;
    stage.meet(&[0, 1, 2], "in the same group again").await;
    assert_eq!(stage.epoch().group, 2, "one next group for two refusals");
}

pub(crate) async fn commits_in_another_order_are_not_merged() {
    let stage = LyingStage::together(3, 1).await;
    let mut held = VecDeque::new();
    stage.service.lie(move |hop| match hop {
        // Each commit waits for the next one.
        hop if is_commit_to(2, &hop) => {
            held.push_back(hop);
            match held.len() {
                2 => held.drain(..).rev().collect(),
                _ => Vec::new(),
            }
        }
        hop => vec![hop],
    });
    for is_on in [true, false, true, false] {
        stage.people[0].command(move |call| Box::pin(call.lock(is_on)));
        stage.people[1]
            .until("the lock", |seen| {
                (seen.group.is_locked == is_on).then_some(())
            })
            .await;
    }
    stage.people[2]
        .group_event("that a commit was missed", |event| {
            matches!(event, GroupEvent::Left(LeaveReason::MissedCommit)).then_some(())
        })
        .await;
    stage.service.be_honest();
    stage.meet(&[0, 1, 2], "after it").await;
}
