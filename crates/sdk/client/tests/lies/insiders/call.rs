//! A call with an insider, and what its people see of a commit that does not hold.

use anteroom_client::{
    Admission, Approval, DemuxId, GroupEvent, LeaveReason, MemberLeaf, MemberPublicKey,
    OpaqueUserId, OperatingSystem, System as _,
};
use anteroom_e2ee::{Approval as KeyApproval, CommitError, CommitRefusal};
use openmls::prelude::KeyPackage;

use super::{
    insider::{Insider, sign},
    mls_member::{MlsCandidate, PlayedKey},
};
use crate::{
    person::{TestUser, talk, together},
    stage::{RoomSettings, Stage},
};

/// The number of the insider's key.
pub(crate) const INSIDER: u8 = 9;

/// The first of the devices that are in no call.
pub(crate) const NOWHERE: u32 = 16 * 60_000;

/// Somebody who is an admin where the link names the admin key, an insider who came after her, and two people
/// who came last. All are let in, where the policy asks for that.
pub(crate) struct Call {
    pub(crate) stage: Stage,
    pub(crate) people: [TestUser; 3],
    pub(crate) insider: Insider,
}

impl Call {
    pub(crate) async fn start(settings: RoomSettings) -> Self {
        let stage = Stage::new(settings).await;
        let has_approvals = settings.policy == Approval::Required;
        let ann = match settings.has_admin {
            true => stage.admin("Ann", 1).await,
            false => stage.guest("Ann", 1).await,
        };
        let account = stage.account().await;
        let approver = Some(&ann).filter(|_| has_approvals);
        let mut insider = Insider::join(&stage, &account, approver, INSIDER).await;
        together(&[&ann], &[insider.key()]).await;
        let [bob, carl] = [stage.guest("Bob", 2).await, stage.guest("Carl", 3).await];
        if has_approvals {
            for person in [&bob, &carl] {
                ann.approve(person.device()).await;
            }
        }
        let people = [ann, bob, carl];
        together(&people.each_ref(), &[insider.key()]).await;
        insider.follow().await;
        for person in &people {
            person.forget();
        }
        Self {
            stage,
            people,
            insider,
        }
    }

    /// Waits until the three, and these other members, are in one group.
    pub(crate) async fn together(&self, others: &[MemberPublicKey]) {
        together(&self.people.each_ref(), others).await;
    }

    /// Makes the key package of a device that is in no call.
    pub(crate) fn key_package(&self, key: &PlayedKey, leaf: &MemberLeaf) -> KeyPackage {
        let seed = u64::from(leaf.demux_id.number()) + (leaf.serial << 32);
        let candidate = MlsCandidate::new(&self.insider.played.keys, key, leaf, seed);
        self.insider.member.opened(&candidate.key_package)
    }

    /// Makes the key package of another device of the insider, which the admins have approved too.
    pub(crate) fn other_device(&self, number: u8, serial: u64) -> (KeyPackage, MemberPublicKey) {
        let demux = DemuxId::new(NOWHERE + 16 * u32::from(number)).unwrap();
        self.device_at(demux, number, serial)
    }

    /// The same with a place in the call.
    pub(crate) fn device_at(
        &self,
        demux_id: DemuxId,
        number: u8,
        serial: u64,
    ) -> (KeyPackage, MemberPublicKey) {
        let room = self.stage.link.root_key.room_id();
        let (key, played) = (PlayedKey::new(&room, number), &self.insider.played);
        let member_key = key.member_key.public();
        let issued = OperatingSystem.now();
        let approval = KeyApproval {
            room,
            user: played.device.user.clone(),
            member_key,
            issued,
            expires: issued.plus(KeyApproval::DEFAULT_VALIDITY),
        };
        let leaf = MemberLeaf {
            demux_id,
            member_key,
            serial,
            ..played.leaf(Admission::Approval(sign(&self.stage, &approval)))
        };
        (self.key_package(&key, &leaf), member_key)
    }

    /// Checks that all three refuse the insider's commit for this reason, tell so, and go on without it.
    pub(crate) async fn assert_refused(&self, expected: Option<CommitRefusal>) {
        for person in &self.people {
            let refusal = person.group_event("a refusal", refused).await;
            self.assert_reason(&refusal, expected);
            let reason = person.group_event("the end of the group", left).await;
            assert_eq!(reason, LeaveReason::RefusedCommit);
        }
        self.assert_next_group().await;
        for person in &self.people {
            let all = person.group_events(refused);
            assert_eq!(all.len(), 1, "{} is told once: {all:?}", person.name);
        }
    }

    pub(crate) fn assert_reason(
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
    pub(crate) async fn assert_next_group(&self) {
        self.together(&[]).await;
        for person in &self.people {
            let next = person.group_event("the next group", next_group).await;
            assert_eq!(next, (2, person.key == self.people[0].key));
        }
        talk(&self.people.each_ref(), "afterwards").await;
    }
}

pub(crate) fn refused(event: &GroupEvent) -> Option<(DemuxId, Option<OpaqueUserId>, CommitError)> {
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

pub(crate) fn left(event: &GroupEvent) -> Option<LeaveReason> {
    match event {
        GroupEvent::Left(reason) => Some(*reason),
        _ => None,
    }
}

pub(crate) fn next_group(event: &GroupEvent) -> Option<(u32, bool)> {
    match event {
        GroupEvent::NextGroup { number, is_own } => Some((*number, *is_own)),
        _ => None,
    }
}
