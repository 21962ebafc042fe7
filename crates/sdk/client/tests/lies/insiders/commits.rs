//! Members that commit what does not hold.

use anteroom_client::{
    Admission, DemuxId, GroupEvent, LeaveReason, MemberLeaf, OpaqueUserId, OperatingSystem,
    System as _,
};
use anteroom_e2ee::{
    AdmissionError, Approval, CommitError, CommitRefusal, CrossSignature, SignedStatement,
};
use futures::FutureExt as _;
use openmls::prelude::KeyPackage;

use super::{
    insider::{Insider, sign},
    mls_member::{MlsCandidate, PlayedKey},
};
use crate::{
    person::{Person, talk, together},
    stage::{RoomSettings, Stage, all_at_once},
};

/// The number of the insider's key.
const INSIDER: u8 = 9;

/// The first of the devices that are in no call.
const NOWHERE: u32 = 16 * 60_000;

/// An admin, two approved people and an approved insider.
struct Call {
    stage: Stage,
    people: [Person; 3],
    insider: Insider,
}

impl Call {
    async fn start() -> Self {
        let stage = Stage::new(RoomSettings::STRICT).await;
        let ann = stage.admin("Ann", 1).await;
        let [bob, carl] = [stage.guest("Bob", 2).await, stage.guest("Carl", 3).await];
        for person in [&bob, &carl] {
            ann.approve(person.device()).await;
        }
        together(&[&ann, &bob, &carl], &[]).await;
        let mut insider = Insider::join(&stage, &ann, INSIDER).await;
        let people = [ann, bob, carl];
        let everybody = [&people[0], &people[1], &people[2]];
        together(&everybody, &[insider.played.key.member_key.public()]).await;
        insider.follow();
        for person in everybody {
            person.forget();
        }
        Self {
            stage,
            people,
            insider,
        }
    }

    fn everybody(&self) -> [&Person; 3] {
        let [ann, bob, carl] = &self.people;
        [ann, bob, carl]
    }

    /// Makes the key package of a device that is in no call.
    fn key_package(&self, key: &PlayedKey, leaf: &MemberLeaf) -> KeyPackage {
        let seed = 100 + u64::from(leaf.demux_id.number());
        let candidate = MlsCandidate::new(&self.insider.played.keys, key, leaf, seed);
        self.insider.member.opened(&candidate.key_package)
    }

    /// Makes the key package of another device of the insider, which the approval of the insider lets in.
    fn other_device(&self, number: u8) -> KeyPackage {
        let room = self.stage.link.root_key.room_id();
        let (key, played) = (PlayedKey::new(&room, number), &self.insider.played);
        let public = key.member_key.public();
        let own = &played.key.member_key;
        let signature = CrossSignature::sign(own, &room, &played.device.user, &public);
        let approval = self.insider.approval.clone().unwrap();
        let leaf = MemberLeaf {
            demux_id: DemuxId::new(NOWHERE + 16 * u32::from(number)).unwrap(),
            member_key: public,
            ..played.leaf(Admission::OtherDevice(approval, signature))
        };
        self.key_package(&key, &leaf)
    }

    /// Checks that all three refuse the insider's commit for this reason, tell so, and go on without it.
    async fn assert_refused(&self, expected: Option<CommitRefusal>) {
        for person in self.everybody() {
            let refused = person.group_event("a refusal", refused).await;
            self.assert_reason(&refused, expected);
            let left = person.group_event("the end of the group", left).await;
            assert_eq!(left, LeaveReason::RefusedCommit);
        }
        self.assert_next_group().await;
        for person in self.everybody() {
            let all = person.group_events(refused);
            assert_eq!(all.len(), 1, "{} is told once: {all:?}", person.name);
        }
    }

    fn assert_reason(
        &self,
        (from, committer, error): &(DemuxId, Option<OpaqueUserId>, CommitError),
        expected: Option<CommitRefusal>,
    ) {
        let device = &self.insider.played.device;
        assert_eq!(*from, device.demux);
        match (expected, error) {
            (Some(expected), CommitError::Refused { refusal, .. }) => {
                assert_eq!(*refusal, expected);
                assert_eq!(committer.as_ref(), Some(&device.user));
            }
            (None, CommitError::Malformed) => assert_eq!(*committer, None),
            other => panic!("{other:?}"),
        }
    }

    /// Checks that the three go on in the next group, which the admin starts, without the insider.
    async fn assert_next_group(&self) {
        let people = self.everybody();
        together(&people, &[]).await;
        for person in people {
            let next = person.group_event("the next group", next_group).await;
            assert_eq!(next, (2, person.key == self.people[0].key));
        }
        talk(&people, "afterwards").await;
    }
}

fn refused(event: &GroupEvent) -> Option<(DemuxId, Option<OpaqueUserId>, CommitError)> {
    match event {
        GroupEvent::CommitRefused {
            from,
            committer,
            error,
        } => {
            let committer = committer.as_ref().map(|one| one.user.clone());
            Some((*from, committer, *error))
        }
        _ => None,
    }
}

fn left(event: &GroupEvent) -> Option<LeaveReason> {
    match event {
        GroupEvent::Left(reason) => Some(*reason),
        _ => None,
    }
}

fn next_group(event: &GroupEvent) -> Option<(u32, bool)> {
    match event {
        GroupEvent::NextGroup { number, is_own } => Some((*number, *is_own)),
        _ => None,
    }
}

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
    ])
    .await;
}

async fn bytes_that_do_not_open_leave_out_the_device_that_the_service_names() {
    let call = Call::start().await;
    let commit = call.insider.member.commit_bytes(b"no commit");
    call.insider.send(&commit);
    call.assert_refused(None).await;
}

/// To the others the commit holds: it adds another device of the insider.
async fn a_path_that_does_not_open_for_one_member_leads_to_a_group_that_it_can_open() {
    let mut call = Call::start().await;
    let newcomer = call.other_device(20);
    let cheated = call.people[2].key;
    call.insider.member.cheat(&cheated);
    let commit = call
        .insider
        .member
        .commit(true, |builder| builder.propose_adds([newcomer]));
    call.insider.send(&commit);
    let [ann, bob, carl] = call.everybody();
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
    let mut call = Call::start().await;
    let newcomer = call.other_device(20);
    let member = &mut call.insider.member;
    let commit = member.commit(false, |builder| builder.propose_adds([newcomer]));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Psk)).await;
}

async fn a_commit_that_changes_nothing_is_refused() {
    let mut call = Call::start().await;
    let commit = call.insider.member.commit(true, |builder| builder);
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Nothing)).await;
}

/// The expelled member asks again afterwards, with the approval that it still has.
async fn an_insider_that_removes_an_innocent_is_left_out() {
    let mut call = Call::start().await;
    let victim = call.insider.member.leaf_of(&call.people[2].key);
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_removals([victim]));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Removal)).await;
}

async fn an_insider_that_adds_an_invented_user_is_left_out() {
    let mut call = Call::start().await;
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
    let mut call = Call::start().await;
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
    let mut call = Call::start().await;
    let newcomers: Vec<KeyPackage> = (20..84).map(|number| call.other_device(number)).collect();
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_adds(newcomers));
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::TooManyDevices))
        .await;
}
