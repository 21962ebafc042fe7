//! Members that refuse everything, or hold up a group.

use anteroom_client::{Admission, GroupEvent, LeaveReason};
use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::FutureExt as _;

use super::{
    call::{Call, left, next_group},
    insider::PlayedDevice,
    raw_device::GROUP_MESSAGE,
};
use crate::{
    person::{talk, together},
    stage::{RoomSettings, Stage, all_at_once},
};

#[tokio::test]
async fn members_that_hold_up_the_others() {
    all_at_once([
        an_insider_that_refuses_everything_stops_nobody_for_long().boxed(),
        a_group_that_adds_nobody_is_dead_whatever_is_said_in_it().boxed(),
        a_next_group_that_adds_nobody_is_followed_by_another_one().boxed(),
        a_member_that_commits_nothing_when_it_has_to_keeps_nobody_out().boxed(),
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
    // The second confirmation from now on comes more than 10 s after this, when a group could be started again.
    let messages = insider.played.device.count_messages();
    let confirmations = insider.played.device.until(|inbox| {
        let later = inbox.iter().skip(messages).filter(|message| match message {
            ServerMessage::Relay { from, body } if *from == carl.device().number() => {
                STANDARD.decode(body).unwrap().first() == Some(&GROUP_MESSAGE)
            }
            _ => false,
        });
        (later.count() >= 2).then_some(())
    });
    confirmations.await;
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
