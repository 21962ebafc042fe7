//! A service that says everything again, in another order, or in the name of others.

use anteroom_client::{GroupEpoch, GroupEvent, MemberStatus};
use anteroom_testkit::Hop;
use anteroom_wire::rooms::socket::ServerMessage;
use tokio::sync::mpsc::unbounded_channel;

use crate::lying_stage::LyingStage;

/// The texts that a person has seen.
fn texts(stage: &LyingStage, who: usize) -> Vec<String> {
    stage.people[who].group_events(|event| match event {
        GroupEvent::Text { text, .. } => Some(text.clone()),
        _ => None,
    })
}

/// Whether a message was passed on from a member.
pub(crate) const fn is_of_members(message: &ServerMessage<'_>) -> bool {
    matches!(
        message,
        ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. }
            | ServerMessage::Relay { .. }
            | ServerMessage::Refuse { .. }
    )
}

pub(crate) async fn nothing_that_is_said_again_is_shown_again() {
    let stage = LyingStage::together(4, 1).await;
    stage.talk(&[0, 1, 2, 3], "at first").await;
    stage.people[0].command(|call| Box::pin(call.lock(true)));
    let device = stage.device(3);
    stage.people[0].command(move |call| Box::pin(call.remove(device)));
    stage.meet(&[0, 1, 2], "among three").await;
    stage.forget();
    for hop in stage.service.record() {
        let Hop::ToClient(to, _) = hop else { continue };
        // To those who got it, and to everybody else.
        for who in 0..3 {
            match hop.clone() {
                Hop::ToClient(_, message) if is_of_members(&message) => {
                    stage.tell((to + who) % 3, message);
                }
                _ => {}
            }
        }
    }
    stage.meet(&[0, 1, 2], "at last").await;
    for who in 0..3 {
        let mut texts = texts(&stage, who);
        texts.retain(|text| !text.starts_with("at last"));
        assert_eq!(texts, [""; 0], "{who}");
    }
}

pub(crate) async fn messages_in_another_order_are_shown_once_each() {
    let stage = LyingStage::together(3, 0).await;
    let told = ["one", "two", "three", "four"];
    let from = stage.device(0).number();
    let mut held: Vec<Hop> = Vec::new();
    stage.service.lie(move |hop| match hop {
        Hop::ToClient(2, ServerMessage::Relay { from: sender, .. }) if sender == from => {
            held.push(hop);
            match held.len() {
                4 => held.drain(..).rev().collect(),
                _ => Vec::new(),
            }
        }
        hop => vec![hop],
    });
    for text in told {
        stage.people[0].say(text);
    }
    for (who, last) in [(1, "four"), (2, "one")] {
        stage.people[who]
            .group_event(last, |event| match event {
                GroupEvent::Text { text, .. } => (text == last).then_some(()),
                _ => None,
            })
            .await;
    }
    assert_eq!(texts(&stage, 1), told);
    let mut backwards = texts(&stage, 2);
    backwards.reverse();
    assert_eq!(backwards, told);
}

pub(crate) async fn a_name_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    let stage = LyingStage::together(2, 2).await;
    let (keeper, mut held) = unbounded_channel();
    stage.service.lie(move |hop| match hop {
        Hop::ToClient(0, ServerMessage::Relay { .. }) => {
            keeper.send(hop).unwrap();
            Vec::new()
        }
        hop => vec![hop],
    });
    stage.people[1].command(|call| Box::pin(call.introduce("Early")));
    let early = held.recv().await.unwrap();
    stage.people[0].command(|call| Box::pin(call.lock(true)));
    for person in &stage.people {
        person
            .until("the lock", |seen| seen.group.is_locked.then_some(()))
            .await;
    }
    stage.service.be_honest();
    stage.people[1].command(|call| Box::pin(call.introduce("Late")));
    let is_late = |member: &MemberStatus| member.name.as_deref() == Some("Late");
    stage.sees(0, 1, "the newer name", is_late).await;
    stage.service.deliver(early);
    while let Some(hop) = held.recv().await {
        stage.service.deliver(hop);
    }
    stage.meet(&[0, 1], "after the late name").await;
    let device = stage.device(1);
    assert!(stage.people[0].read(|seen| seen.group.member(device).is_some_and(is_late)));
}

/// A refusal is the service's word: a forged one costs a group, as a closed connection costs a seat. It brings
/// nobody in and shows nothing.
pub(crate) async fn forged_refusals_cost_groups_and_nothing_else() {
    let stage = LyingStage::together(4, 0).await;
    for refuser in 1..4 {
        let GroupEpoch { group, epoch } = stage.epoch();
        let from = stage.device(refuser);
        for to in (0..4).filter(|to| *to != refuser) {
            let refuse = ServerMessage::Refuse {
                group,
                epoch: epoch - 1,
                from: from.number(),
            };
            stage.tell(to, refuse);
            stage.people[to]
                .group_event("who refuses by the service's word", |event| match event {
                    GroupEvent::RefusedByOther { from: told, .. } => (*told == from).then_some(()),
                    _ => None,
                })
                .await;
        }
        let all = [0, 1, 2, 3];
        for user in &stage.people {
            user.group_event("the next group", |event| match event {
                GroupEvent::NextGroup { number, .. } => (*number == group + 1).then_some(()),
                _ => None,
            })
            .await;
        }
        stage.meet(&all, &format!("after that of {refuser}")).await;
    }
    assert_eq!(stage.epoch().group, 4);
}

pub(crate) async fn forged_refusals_of_most_leave_out_the_committer() {
    let mut stage = LyingStage::together(6, 0).await;
    let at = stage.epoch();
    // The last one leaves, and is taken out by the first one.
    stage.people.pop();
    stage.are_together(&[0, 1, 2, 3, 4]).await;
    let committer = stage.device(0).number();
    let is_by_first = |hop: &Hop| match hop {
        Hop::ToClient(
            1,
            ServerMessage::Commit {
                group, epoch, from, ..
            },
        ) => (*group, *epoch) == (at.group, at.epoch) && *from == committer,
        _ => false,
    };
    stage.service.delivered(is_by_first).await;
    for to in 0..5 {
        for from in (1..5).filter(|from| *from != to) {
            let refuse = ServerMessage::Refuse {
                group: at.group,
                epoch: at.epoch,
                from: stage.device(from).number(),
            };
            stage.tell(to, refuse);
        }
    }
    stage.meet(&[1, 2, 3, 4], "without the committer").await;
    assert!(!stage.people[0].read(|seen| seen.group.may_send));
}
