//! Members that commit what does not hold.

use anteroom_client::{
    Admission, DemuxId, GroupEvent, MemberLeaf, OpaqueUserId, OperatingSystem, System as _,
};
use anteroom_e2ee::{AdmissionError, Approval, CommitRefusal, SignedStatement};
use futures::FutureExt as _;
use openmls::prelude::KeyPackage;

use super::{
    call::{Call, NOWHERE, refused},
    insider::sign,
    mls_member::PlayedKey,
};
use crate::{
    person::together,
    stage::{RoomSettings, all_at_once},
};

#[tokio::test]
async fn commits_that_do_not_hold() {
    all_at_once([
        bytes_that_do_not_open_leave_out_the_device_that_the_service_names().boxed(),
        a_path_that_does_not_open_for_one_member_leads_to_a_group_that_it_can_open().boxed(),
        a_commit_without_the_psk_is_refused().boxed(),
        a_commit_that_changes_nothing_is_refused().boxed(),
    ])
    .await;
}

#[tokio::test]
async fn commits_that_add_or_remove_whom_they_may_not() {
    all_at_once([
        an_insider_that_removes_an_innocent_is_left_out().boxed(),
        an_insider_that_adds_an_invented_user_is_left_out().boxed(),
        an_insider_that_adds_somebody_by_an_approval_that_has_expired_is_left_out().boxed(),
        an_insider_that_adds_too_many_devices_of_a_user_is_left_out().boxed(),
        a_member_that_takes_the_number_of_a_newcomer_keeps_it_out_for_some_seconds().boxed(),
    ])
    .await;
}

async fn bytes_that_do_not_open_leave_out_the_device_that_the_service_names() {
    let call = Call::start(RoomSettings::STRICT).await;
    let commit = call.insider.member.commit_bytes(b"no commit");
    call.insider.send(&commit);
    call.assert_refused(None).await;
}

/// To the others the commit holds: it adds another device of the insider.
async fn a_path_that_does_not_open_for_one_member_leads_to_a_group_that_it_can_open() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let (newcomer, _) = call.other_device(20, 1);
    let cheated = call.people[2].key;
    call.insider.member.cheat(&cheated);
    let commit = call
        .insider
        .member
        .commit(true, |builder| builder.propose_adds([newcomer]));
    call.insider.send(&commit);
    let [ann, bob, carl] = &call.people;
    let refusal = carl.group_event("a refusal", refused).await;
    call.assert_reason(&refusal, None);
    for person in [ann, bob] {
        let refuser = person.group_event("the refusal of another", |event| match event {
            GroupEvent::RefusedByOther { from, .. } => Some(*from),
            _ => None,
        });
        assert_eq!(refuser.await, carl.device());
        assert!(person.group_events(refused).is_empty());
    }
    call.assert_next_group().await;
}

async fn a_commit_without_the_psk_is_refused() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let (newcomer, _) = call.other_device(20, 1);
    let member = &mut call.insider.member;
    let commit = member.commit(false, |builder| builder.propose_adds([newcomer]));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Psk)).await;
}

async fn a_commit_that_changes_nothing_is_refused() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let commit = call.insider.member.commit(true, |builder| builder);
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Nothing)).await;
}

/// The expelled member asks again afterwards, with the approval that it still has.
async fn an_insider_that_removes_an_innocent_is_left_out() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let victim = call.insider.member.leaf_of(&call.people[2].key);
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_removals([victim]));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Removal)).await;
    let Call {
        stage,
        people,
        insider,
    } = call;
    let approval = insider.approval.unwrap();
    let leaf = insider.played.leaf(Admission::Approval(approval));
    let candidate = insider.played.candidate(&leaf, 50);
    let _asking = insider.played.device.keep_asking(&candidate.key_package);
    // The commit that adds somebody else would add the insider too.
    let dora = stage.guest("Dora", 4).await;
    people[0].approve(dora.device()).await;
    let [ann, bob, carl] = &people;
    together(&[ann, bob, carl, &dora], &[]).await;
}

async fn an_insider_that_adds_an_invented_user_is_left_out() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let room = call.stage.link.root_key.room_id();
    let key = PlayedKey::new(&room, 20);
    let user = OpaqueUserId::parse(&"07".repeat(65)).unwrap();
    // The policy asks for an approval, which an insider has only for itself.
    let issued = OperatingSystem.now().minus(60);
    let approval = Approval {
        room,
        user: user.clone(),
        member_key: key.member_key.public(),
        issued,
        expires: issued.plus(Approval::DEFAULT_VALIDITY),
    };
    let leaf = MemberLeaf {
        user,
        demux_id: DemuxId::new(NOWHERE).unwrap(),
        member_key: key.member_key.public(),
        ..call
            .insider
            .played
            .leaf(Admission::Approval(sign(&call.stage, &approval)))
    };
    let newcomer = call.key_package(&key, &leaf);
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_adds([newcomer]));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Account)).await;
}

async fn an_insider_that_adds_somebody_by_an_approval_that_has_expired_is_left_out() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let room = call.stage.link.root_key.room_id();
    let key = PlayedKey::new(&room, 20);
    let now = OperatingSystem.now();
    let approval = Approval {
        room,
        user: call.insider.played.device.user.clone(),
        member_key: key.member_key.public(),
        issued: now.minus(10_800),
        expires: now.minus(3_600),
    };
    let expired: SignedStatement<Approval> = sign(&call.stage, &approval);
    let leaf = MemberLeaf {
        demux_id: DemuxId::new(NOWHERE).unwrap(),
        member_key: key.member_key.public(),
        ..call.insider.played.leaf(Admission::Approval(expired))
    };
    let newcomer = call.key_package(&key, &leaf);
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_adds([newcomer]));
    call.insider.send(&commit);
    let expired = CommitRefusal::Admission(AdmissionError::Expired);
    call.assert_refused(Some(expired)).await;
}

/// Clients let 64 devices of a user in, as the room service does not tell how many it takes.
async fn an_insider_that_adds_too_many_devices_of_a_user_is_left_out() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let newcomers: Vec<KeyPackage> = (20..84)
        .map(|number| call.other_device(number, 1).0)
        .collect();
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_adds(newcomers));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::TooManyDevices))
        .await;
}

/// The commit of the insider comes before the one that adds the newcomer, or is of no use.
async fn a_member_that_takes_the_number_of_a_newcomer_keeps_it_out_for_some_seconds() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let dora = call.stage.guest("Dora", 4).await;
    let (taken, _) = call.device_at(dora.device(), 20, 1);
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_adds([taken]));
    let [ann, bob, carl] = &call.people;
    ann.approve(dora.device()).await;
    let approved = dora.group_event("the approval", |event| {
        matches!(event, GroupEvent::Approved(_)).then_some(())
    });
    approved.await;
    call.insider.send(&commit);
    together(&[ann, bob, carl, &dora], &[call.insider.key()]).await;
}
