//! Co-admins, who have no passkey, where the room service knows none: an admin's device tells them of the lobby and
//! passes their decisions on.

use anteroom_client::{
    AdmissionReason, Approval, CallEvent, CallSession, DecisionHandling, DemuxId, DenialReason,
    EndReason, GroupError, MemberPublicKey, Signer, StatementOmission, Verdict,
};

use crate::{
    group::{Room, group_of, heard, own_device, said, within},
    support::{TestUser, wait_for},
};

/// Joins with Bob, lets him in and makes him a co-admin.
pub(crate) async fn with_co_admin(
    room: &Room,
    ann: &mut CallSession,
    bob: &TestUser,
) -> (CallSession, MemberPublicKey) {
    let mut bobs = room.join(bob, "Bob", 2, false).await;
    let device = own_device(&mut bobs).await;
    waiting(ann, device).await;
    ann.approve(device).await.unwrap();
    let state = group_of(ann, 2).await;
    let key = state.member(device).unwrap().claims.member_key;
    group_of(&mut bobs, 2).await;
    ann.add_co_admin(device).await.unwrap();
    let named = wait_for(&mut bobs, |event| match event {
        CallEvent::GroupChanged(state) => {
            (state.is_co_admin && state.has_admin_device).then_some(())
        }
        _ => None,
    });
    within(named).await;
    (bobs, key)
}

/// Waits until a device is told that another one waits in the lobby, and returns its name.
pub(crate) async fn waiting(call: &mut CallSession, device: DemuxId) -> Option<String> {
    let found = wait_for(call, |event| match event {
        CallEvent::Roster(roster) => {
            let mut pending = roster.pending.into_iter();
            pending.find(|one| one.demux == device).map(|one| one.name)
        }
        _ => None,
    });
    within(found).await
}

/// Waits for the decision of a co-admin, and returns the device that it is about.
async fn decision(call: &mut CallSession) -> (DemuxId, Verdict) {
    let found = wait_for(call, |event| match event {
        CallEvent::Decision {
            decision, handling, ..
        } => {
            assert_eq!(handling, DecisionHandling::PassedOn);
            Some((decision.device, decision.verdict))
        }
        _ => None,
    });
    within(found).await
}

pub(crate) async fn end(call: &mut CallSession) -> EndReason {
    let found = wait_for(call, |event| match event {
        CallEvent::Ended(reason) => Some(reason),
        _ => None,
    });
    within(found).await
}

#[tokio::test]
async fn an_admins_device_shows_a_co_admin_the_lobby_and_passes_the_decisions_on() {
    let (room, ann) = Room::create_without_moderation(Approval::Required, true).await;
    let bob = room.fixture.person().await;
    let (carl, dora) = (room.fixture.person().await, room.fixture.person().await);
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let (mut bobs, bobs_key) = with_co_admin(&room, &mut anns, &bob).await;

    let mut carls = room.join(&carl, "Carl", 3, false).await;
    let carls_device = own_device(&mut carls).await;
    let name = waiting(&mut bobs, carls_device).await;
    assert_eq!(name.as_deref(), Some("Carl"));
    bobs.approve(carls_device).await.unwrap();
    let (device, verdict) = decision(&mut anns).await;
    assert!(device == carls_device && matches!(verdict, Verdict::Admit(_)));
    let admitted = wait_for(&mut carls, |event| match event {
        CallEvent::Admitted { statement } => Some(statement.is_some()),
        _ => None,
    });
    assert!(within(admitted).await);
    let by_bob = AdmissionReason::Approval(Signer::CoAdmin(bobs_key));
    for call in [&mut anns, &mut bobs, &mut carls] {
        let state = group_of(call, 3).await;
        assert_eq!(state.member(carls_device).unwrap().reason, by_bob);
    }
    carls.say("thank you, Bob").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Carl", "thank you, Bob"));

    let mut doras = room.join(&dora, "Dora", 4, false).await;
    let doras_device = own_device(&mut doras).await;
    waiting(&mut bobs, doras_device).await;
    bobs.deny(doras_device).await.unwrap();
    let denied = end(&mut doras).await;
    assert!(matches!(denied, EndReason::Denied(DenialReason::Admin)));
    bobs.remove(carls_device).await.unwrap();
    assert!(matches!(end(&mut carls).await, EndReason::Removed));
    group_of(&mut anns, 2).await;
}

#[tokio::test]
async fn without_an_admins_device_a_co_admin_is_told_what_is_missing() {
    let (room, ann) = Room::create_without_moderation(Approval::Required, true).await;
    let (bob, carl) = (room.fixture.person().await, room.fixture.person().await);
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let (mut bobs, _) = with_co_admin(&room, &mut anns, &bob).await;
    let mut carls = room.join(&carl, "Carl", 3, false).await;
    let carls_device = own_device(&mut carls).await;
    waiting(&mut bobs, carls_device).await;
    anns.leave().await;
    // Nobody tells of the lobby any more.
    let forgotten = wait_for(&mut bobs, |event| match event {
        CallEvent::Roster(roster) => roster.pending.is_empty().then_some(()),
        _ => None,
    });
    within(forgotten).await;
    bobs.approve(carls_device).await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::GroupRefused(error) => Some(error),
        _ => None,
    });
    assert_eq!(within(refused).await, GroupError::NoAdminDevice);
}

#[tokio::test]
async fn a_client_without_the_encryption_is_let_in_by_the_admin_alone_and_nothing_is_signed_for_it()
{
    let (room, ann) = Room::create_without_moderation(Approval::Required, true).await;
    let (bob, old) = (room.fixture.person().await, room.fixture.person().await);
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let (mut bobs, _) = with_co_admin(&room, &mut anns, &bob).await;
    let mut olds = room.join_without(&old).await;
    let device = own_device(&mut olds).await;
    waiting(&mut anns, device).await;
    // A co-admin's decision is about a member key.
    bobs.approve(device).await.unwrap();
    let refused = wait_for(&mut bobs, |event| match event {
        CallEvent::GroupRefused(error) => Some(error),
        _ => None,
    });
    assert_eq!(within(refused).await, GroupError::NotWaiting);
    anns.approve(device).await.unwrap();
    let left_out = wait_for(&mut anns, |event| match event {
        CallEvent::StatementLeftOut { device, reason } => Some((device, reason)),
        _ => None,
    });
    let expected = (device, StatementOmission::NoEncryption);
    assert_eq!(within(left_out).await, expected);
    let statement = wait_for(&mut olds, |event| match event {
        CallEvent::Admitted { statement } => Some(statement),
        _ => None,
    });
    assert!(within(statement).await.is_none());
    for call in [&mut anns, &mut bobs] {
        let listed = wait_for(call, |event| match event {
            CallEvent::Roster(roster) => {
                let mut active = roster.active.into_iter();
                active.find(|one| one.demux == device)
            }
            _ => None,
        });
        let listed = within(listed).await;
        assert!(listed.member.is_none() && listed.member_key().is_none());
        call.show_words().await.unwrap();
        let members = wait_for(call, |event| match event {
            CallEvent::Words(words) => Some(words.members.len()),
            CallEvent::GroupChanged(state) => {
                assert!(state.member(device).is_none());
                None
            }
            _ => None,
        });
        assert_eq!(within(members).await, 2);
    }
    anns.say("for members").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Ann", "for members"));
}
