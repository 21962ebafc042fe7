//! Decisions about the whole call, and of co-admins, at a room service that takes them.

use anteroom_client::{
    AdmissionReason, Approval, CallEvent, CallModeration, CallSession, CommandError, DemuxId,
    DenialReason, EndReason, GroupError, RoomsError, Signer,
};

use crate::{
    co_admins::{end, waiting, with_co_admin},
    group::{Room, group_of, heard, own_device, said, within},
    support::wait_for,
};

/// Waits for the next word about the moderation of the call.
async fn moderation(call: &mut CallSession) -> CallModeration {
    let told = wait_for(call, |event| match event {
        CallEvent::Moderation(moderation) => Some(moderation),
        _ => None,
    });
    within(told).await
}

#[tokio::test]
async fn a_co_admin_decides_at_the_room_service_while_no_admin_is_there() {
    let (room, ann) = Room::create(Approval::Required, true).await;
    let bob = room.fixture.person().await;
    let (carl, dora) = (room.fixture.person().await, room.fixture.person().await);
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let (mut bobs, bobs_key) = with_co_admin(&room, &mut anns, &bob).await;
    anns.leave().await;

    let mut carls = room.join(&carl, "Carl", 3, false).await;
    let carls_device = own_device(&mut carls).await;
    let name = waiting(&mut bobs, carls_device).await;
    assert_eq!(name.as_deref(), Some("Carl"));
    bobs.approve(carls_device).await.unwrap();
    let admitted = wait_for(&mut carls, |event| match event {
        CallEvent::Admitted { statement } => Some(statement.is_some()),
        _ => None,
    });
    assert!(within(admitted).await);
    let by_bob = AdmissionReason::Approval(Signer::CoAdmin(bobs_key));
    for call in [&mut bobs, &mut carls] {
        let entered = wait_for(call, |event| match event {
            CallEvent::GroupChanged(state) => {
                let is_whole = state.members.len() == 2 && state.may_send;
                state
                    .member(carls_device)
                    .map(|one| one.reason)
                    .filter(|_| is_whole)
            }
            _ => None,
        });
        assert_eq!(within(entered).await, by_bob);
    }
    carls.say("thank you, Bob").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Carl", "thank you, Bob"));

    let mut doras = room.join(&dora, "Dora", 4, false).await;
    let doras_device = own_device(&mut doras).await;
    waiting(&mut bobs, doras_device).await;
    bobs.deny(doras_device).await.unwrap();
    let denied = end(&mut doras).await;
    assert!(matches!(denied, EndReason::Denied(DenialReason::Admin)));
    bobs.lock(true).await.unwrap();
    let locked = wait_for(&mut bobs, |event| match event {
        CallEvent::Moderation(moderation) => moderation.is_locked.then_some(()),
        _ => None,
    });
    within(locked).await;
    bobs.remove(carls_device).await.unwrap();
    assert!(matches!(end(&mut carls).await, EndReason::Removed));
}

#[tokio::test]
async fn a_co_admin_who_is_one_no_more_has_no_rights_at_the_room_service() {
    let (room, ann) = Room::create(Approval::Required, true).await;
    let bob = room.fixture.person().await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let (mut bobs, bobs_key) = with_co_admin(&room, &mut anns, &bob).await;
    let named = wait_for(&mut anns, |event| match event {
        CallEvent::GroupChanged(state) => {
            let mut members = state.members.iter();
            let bob = members.find(|one| one.claims.member_key == bobs_key)?;
            let is_named = state.co_admins.contains(&bobs_key);
            is_named.then_some(bob.claims.demux_id)
        }
        _ => None,
    });
    let bobs_device = within(named).await;
    anns.remove_co_admin(bobs_device).await.unwrap();
    let ended = wait_for(&mut bobs, |event| match event {
        CallEvent::Moderation(moderation) => (!moderation.is_admin).then_some(()),
        _ => None,
    });
    within(ended).await;
    bobs.lock(true).await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::GroupRefused(error) => Some(error),
        CallEvent::Moderation(moderation) => panic!("{moderation:?}"),
        _ => None,
    });
    let expected = GroupError::Command(CommandError::NotAdmin);
    assert_eq!(within(refused).await, expected);
}

#[tokio::test]
async fn the_right_of_a_co_admin_who_has_left_is_ended_and_does_not_count_on_the_return() {
    let (room, ann) = Room::create(Approval::Required, true).await;
    let (bob, carl) = (room.fixture.person().await, room.fixture.person().await);
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let (bobs, bobs_key) = with_co_admin(&room, &mut anns, &bob).await;
    let mut carls = room.join(&carl, "Carl", 3, false).await;
    let carls_device = own_device(&mut carls).await;
    waiting(&mut anns, carls_device).await;
    anns.approve(carls_device).await.unwrap();
    let state = group_of(&mut anns, 3).await;
    let mut members = state.members.iter();
    let left = members.find(|one| one.claims.member_key == bobs_key);
    let left = left.unwrap().claims.demux_id;
    bobs.leave().await;
    group_of(&mut anns, 2).await;
    anns.remove_co_admin(left).await.unwrap();
    let ended = wait_for(&mut anns, |event| match event {
        CallEvent::GroupChanged(state) => state.co_admins.is_empty().then_some(()),
        CallEvent::GroupRefused(error) => panic!("{error}"),
        _ => None,
    });
    within(ended).await;
    // He is let in as before, and has no rights.
    let mut bobs = room.join(&bob, "Bob", 2, false).await;
    own_device(&mut bobs).await;
    bobs.set_approval(false).await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::Refused { code, .. } => Some(code),
        CallEvent::Moderation(moderation) => panic!("{moderation:?}"),
        _ => None,
    });
    assert_eq!(within(refused).await, "forbidden");
}

#[tokio::test]
async fn a_call_without_an_admin_key_is_locked_at_the_room_service_alone() {
    let (room, ann) = Room::create(Approval::Off, false).await;
    let carl = room.fixture.person().await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    anns.lock(true).await.unwrap();
    let locked = wait_for(&mut anns, |event| match event {
        CallEvent::GroupRefused(error) => panic!("{error}"),
        CallEvent::Moderation(moderation) => Some(moderation),
        _ => None,
    });
    let expected = CallModeration {
        is_locked: true,
        asks_approval: false,
        is_admin: true,
    };
    assert_eq!(within(locked).await, expected);
    let joined = room.fixture.join(&carl, room.root_key(), None).await;
    match joined {
        Err(RoomsError::Refused { code, .. }) => assert_eq!(code, "locked"),
        other => panic!("{other:?}"),
    }
    anns.lock(false).await.unwrap();
    assert!(!moderation(&mut anns).await.is_locked);
    anns.set_approval(true).await.unwrap();
    assert!(moderation(&mut anns).await.asks_approval);
    let mut carls = room.join(&carl, "Carl", 3, false).await;
    // A state that is not as the link says is told after the join.
    let told = moderation(&mut carls).await;
    assert!(told.asks_approval && !told.is_admin);
    let device = waiting_device(&mut anns).await;
    anns.set_approval(false).await.unwrap();
    let admitted = wait_for(&mut carls, |event| match event {
        CallEvent::Admitted { .. } => Some(()),
        _ => None,
    });
    within(admitted).await;
    carls.raise_hand(true).await.unwrap();
    for is_raised in [true, false] {
        let seen = wait_for(&mut anns, |event| match event {
            CallEvent::Roster(roster) => {
                let mut active = roster.active.into_iter();
                let carls = active.find(|one| one.demux == device)?;
                (carls.hand_raised_at.is_some() == is_raised).then_some(())
            }
            _ => None,
        });
        within(seen).await;
        anns.lower_hand(device).await.unwrap();
    }
}

/// Waits until somebody waits in the lobby, and returns the device.
async fn waiting_device(call: &mut CallSession) -> DemuxId {
    let found = wait_for(call, |event| match event {
        CallEvent::Roster(roster) => roster.pending.first().map(|one| one.demux),
        _ => None,
    });
    within(found).await
}

#[tokio::test]
async fn a_room_service_that_takes_no_such_decisions_is_sent_none() {
    let (room, ann) = Room::create_without_moderation(Approval::Off, false).await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    let device = own_device(&mut anns).await;
    anns.lower_hand(device).await.unwrap();
    anns.set_approval(true).await.unwrap();
    for _ in 0..2 {
        let told = wait_for(&mut anns, |event| match event {
            CallEvent::ModerationUnsupported => Some(()),
            CallEvent::Ended(reason) => panic!("{reason:?}"),
            _ => None,
        });
        within(told).await;
    }
}
