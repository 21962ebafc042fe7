//! Members that refuse everything, or hold up a group.

use std::time::Duration;

use anteroom_client::{Admission, GroupEvent, LeaveReason};
use anteroom_wire::rooms::socket::ClientMessage;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::FutureExt as _;
use tokio::time::interval;

use super::{
    call::{Call, left, next_group},
    insider::PlayedDevice,
    raw_device::GROUP_MESSAGE,
};
use crate::{
    person::{talk, together},
    stage::{RoomSettings, Stage, all_at_once},
};

/// The time between two commits of an insider: the room service takes 3 of a user in a second.
const COMMIT_INTERVAL: Duration = Duration::from_millis(350);

/// The number of commits until confirmations of more than 20 s ago count no more.
const COMMITS: u64 = 75;

#[tokio::test]
async fn members_that_hold_up_the_others() {
    all_at_once([
        an_insider_that_refuses_everything_stops_nobody_for_long().boxed(),
        a_group_that_adds_nobody_is_dead_whatever_is_said_in_it().boxed(),
        a_next_group_that_adds_nobody_is_followed_by_another_one().boxed(),
        a_member_that_commits_nothing_when_it_has_to_keeps_nobody_out().boxed(),
        an_insider_that_commits_all_the_time_stops_nobody().boxed(),
    ])
    .await;
}

/// The first refusal leads to a next group. There the insider is let in again, and refuses a thousand times
/// more.
async fn an_insider_that_refuses_everything_stops_nobody_for_long() {
    let call = Call::start(RoomSettings::STRICT).await;
    let Call {
        people: [ann, bob, carl],
        insider,
        ..
    } = call;
    let (device, approval) = (insider.played.device.demux, insider.approval.clone());
    let at = insider.member.epoch();
    let refuse = |group, epoch| ClientMessage::Refuse { group, epoch };
    insider.played.device.send(refuse(at.group, at.epoch - 1));
    let everybody = [&ann, &bob, &carl];
    for person in everybody {
        let told = person.group_event("the refusal", |event| match event {
            GroupEvent::RefusedByOther { from, .. } => Some(*from),
            _ => None,
        });
        assert_eq!(told.await, device);
    }
    let leaf = insider.played.leaf(Admission::Approval(approval.unwrap()));
    let candidate = insider.played.candidate(&leaf, 60);
    let mut insider = insider.played.enter(candidate, 2).await;
    insider.follow().await;
    for person in everybody {
        let next = person.group_event("the next group", next_group).await;
        assert_eq!(next, (2, person.key == ann.key));
    }
    together(&everybody, &[insider.key()]).await;
    for _ in 0..1_000 {
        for epoch in 0..=insider.member.epoch().epoch {
            insider.played.device.send(refuse(2, epoch));
        }
    }
    // The insider confirms nothing: all see that after 20 s, when a group could long be started again.
    for person in everybody {
        person
            .until("an unconfirmed insider", |seen| {
                let insider = seen.group.member(device)?;
                (!insider.is_confirmed).then_some(())
            })
            .await;
    }
    talk(&everybody, "all the same").await;
    for person in everybody {
        assert_eq!(person.group_events(next_group).len(), 1, "{}", person.name);
    }
}

/// The device is the first in the call, and starts a group of which nobody knows anything.
async fn a_group_that_adds_nobody_is_dead_whatever_is_said_in_it() {
    let stage = Stage::new(RoomSettings::OPEN).await;
    let played = PlayedDevice::join(&stage, &stage.account().await, 20).await;
    played.device.send(ClientMessage::Commit {
        group: 1,
        epoch: 0,
        body: STANDARD.encode([1; 500]),
        welcome: None,
    });
    let _talking = played.device.repeat(vec![GROUP_MESSAGE; 200]);
    let [ann, bob] = [stage.admin("Ann", 1).await, stage.guest("Bob", 2).await];
    together(&[&ann, &bob], &[]).await;
    let next = ann.group_event("the next group", next_group).await;
    assert_eq!(next, (2, true));
    talk(&[&ann, &bob], "together").await;
}

/// Without an admin in the call everybody may start the next group.
async fn a_next_group_that_adds_nobody_is_followed_by_another_one() {
    let Call {
        stage: _stage,
        people: [ann, bob, carl],
        insider,
    } = Call::start(RoomSettings::WITHOUT_ADMIN).await;
    // The room service takes it when 10 s have passed since the start of the first group.
    let starting = insider
        .played
        .device
        .repeat_message(|| ClientMessage::Commit {
            group: 2,
            epoch: 0,
            body: STANDARD.encode([1; 500]),
            welcome: None,
        });
    let _talking = insider.played.device.repeat(vec![GROUP_MESSAGE; 200]);
    let everybody = [&ann, &bob, &carl];
    for person in everybody {
        let reason = person.group_event("the end of the group", left).await;
        assert_eq!(reason, LeaveReason::NextGroup);
        let next = person.group_event("the next group", next_group).await;
        assert_eq!(next, (2, false));
    }
    drop(starting);
    together(&everybody, &[]).await;
    let next = ann.group_events(next_group);
    assert_eq!(next, [(2, false), (3, true)]);
    talk(&everybody, "together").await;
}

/// With the admin the device goes that has been in the call for longer than the insider.
async fn a_member_that_commits_nothing_when_it_has_to_keeps_nobody_out() {
    let Call {
        stage,
        people: [ann, bob, carl],
        insider,
    } = Call::start(RoomSettings::OPEN).await;
    drop(ann);
    let dora = stage.guest("Dora", 4).await;
    let everybody = [&bob, &carl, &dora];
    together(&everybody, &[insider.key()]).await;
    talk(&everybody, "without help").await;
}

/// The insider makes the leaf of another device of its own anew, as often as the room service takes commits of
/// one user, until confirmations have become necessary for everybody.
async fn an_insider_that_commits_all_the_time_stops_nobody() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let ann = &call.people[0];
    let dora = call.stage.guest("Dora", 4).await;
    ann.approve(dora.device()).await;
    let last = call.insider.member.epoch().epoch + COMMITS;
    let mut times = interval(COMMIT_INTERVAL);
    let mut serial = 1;
    let (_, key) = call.other_device(20, serial);
    while call.insider.member.epoch().epoch < last {
        times.tick().await;
        call.insider.follow().await;
        serial += 1;
        let (package, _) = call.other_device(20, serial);
        let member = &mut call.insider.member;
        let former: Vec<_> = member.find(&key).into_iter().collect();
        let commit = member.commit(true, |builder| {
            builder.propose_removals(former).propose_adds([package])
        });
        call.insider.send(&commit);
    }
    let [ann, bob, carl] = &call.people;
    let everybody = [ann, bob, carl, &dora];
    for person in everybody {
        let stopped = person.group_events(|event| match event {
            GroupEvent::SendingStopped(reason) => Some(*reason),
            GroupEvent::CommitRefused { error, .. } => panic!("{error}"),
            _ => None,
        });
        assert_eq!(stopped, [], "{}", person.name);
    }
    together(&everybody, &[call.insider.key()]).await;
    talk(&everybody, "all the same").await;
}
