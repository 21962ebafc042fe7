//! Members that commit or say what does not hold.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_call::Command as Say;
use anteroom_e2ee::{
    Admission, AdmissionError, Approval, CommitError, CommitRefusal, FrameContext, FrameSealer,
    FrameTag, GroupChange, Moment, SignedStatement, StatementKey,
};
use anteroom_e2ee_session::{Event, Input, LeaveReason};

use crate::{
    insider::{Insider, candidate, leaf},
    people::{INVENTED, Room, system_time, user},
    stage::{Hop, Stage},
};

/// The number of the insider.
pub(crate) const INSIDER: u64 = 9;

/// An admin, two approved people and an approved insider.
pub(crate) fn with_insider() -> (Stage, Insider) {
    let mut stage = Stage::new(Room::strict());
    let admin = stage.room.admin(0);
    stage.join(admin);
    for number in 1..3 {
        let person = stage.room.approved(number);
        let who = stage.join(person);
        stage.approve(0, who, None);
    }
    stage.run(4_000);
    let approval = stage.room.approval(INSIDER);
    stage.assert_together(&[0, 1, 2]);
    let insider = Insider::join(&mut stage, INSIDER, Admission::Approval(approval)).unwrap();
    assert!((0..3).all(|who| stage.group_of(who) == BTreeSet::from([0, 1, 2, insider.who])));
    stage.forget();
    (stage, insider)
}

/// Checks that the three refuse the commit for this reason, tell so, and go on without the insider.
pub(crate) fn refused(stage: &mut Stage, insider: &Insider, expected: Option<CommitRefusal>) {
    stage.run(4_000);
    let device = stage.people[insider.who].demux.unwrap();
    for who in 0..3 {
        let refused = stage.seen(who, |event| match event {
            Event::CommitRefused {
                from,
                committer,
                error,
            } => Some((
                *from,
                committer.as_ref().map(|one| one.user.clone()),
                *error,
            )),
            _ => None,
        });
        let [(from, committer, error)] = &refused[..] else {
            panic!("{who}: {refused:?}");
        };
        assert_eq!(*from, device);
        match (expected, error) {
            (Some(expected), CommitError::Refused { refusal, .. }) => {
                assert_eq!((expected, committer), (*refusal, &Some(user(INSIDER))));
            }
            (None, error) => assert_eq!((*error, committer), (CommitError::Malformed, &None)),
            other => panic!("{other:?}"),
        }
        assert!(stage.has_seen(who, |event| {
            matches!(event, Event::Left(LeaveReason::RefusedCommit))
        }));
    }
    stage.run(14_000);
    stage.assert_together(&[0, 1, 2]);
    for who in 0..3 {
        assert!(stage.has_seen(who, |event| {
            matches!(event, Event::NextGroup { number: 2, is_own } if *is_own == (who == 0))
        }));
    }
    stage.assert_talk(&[0, 1, 2]);
}

/// Commits the removal of the third person, who is there.
pub(crate) fn remove_innocent(stage: &mut Stage, insider: &mut Insider) {
    let victim = stage.people[2].demux.unwrap();
    let moment = |seconds| Moment::new(Duration::from_secs(seconds));
    insider.roster.update(BTreeSet::from([victim]), moment(1));
    insider.roster.update(BTreeSet::new(), moment(2));
    let change = GroupChange {
        remove: BTreeSet::from([insider.leaf_of(stage, 2)]),
        ..GroupChange::default()
    };
    insider.commit(stage, &change);
}

#[test]
fn an_insider_that_removes_an_innocent_is_left_out() {
    let (mut stage, mut insider) = with_insider();
    remove_innocent(&mut stage, &mut insider);
    refused(&mut stage, &insider, Some(CommitRefusal::Removal));
    let approval = Admission::Approval(stage.room.approval(INSIDER));
    assert!(Insider::join(&mut stage, INSIDER, approval).is_none());
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

#[test]
fn an_insider_that_adds_an_invented_user_is_left_out() {
    let (mut stage, mut insider) = with_insider();
    // The policy asks for an approval, which an insider has only for itself.
    let signed = approval_of(&stage, INVENTED, 0);
    let leaf = leaf(&stage, INVENTED, 16 * 60_000, Admission::Approval(signed));
    let candidate = candidate(&mut stage, INVENTED, leaf);
    let change = insider.adding(&candidate);
    insider.commit(&mut stage, &change);
    refused(&mut stage, &insider, Some(CommitRefusal::Account));
}

#[test]
fn an_insider_that_adds_somebody_by_an_approval_that_has_expired_is_left_out() {
    let (mut stage, mut insider) = with_insider();
    let signed = approval_of(&stage, 20, 3_600);
    let leaf = leaf(&stage, 20, 16 * 60_000, Admission::Approval(signed));
    let candidate = candidate(&mut stage, 20, leaf);
    insider.now = system_time().minus(7_200);
    let change = insider.adding(&candidate);
    insider.commit(&mut stage, &change);
    let expired = CommitRefusal::Admission(AdmissionError::Expired);
    refused(&mut stage, &insider, Some(expired));
}

#[test]
fn an_insider_that_adds_too_many_devices_of_a_user_is_left_out() {
    let (mut stage, mut insider) = with_insider();
    let mut change = GroupChange::default();
    for (place, number) in [(1, 21), (2, 22), (3, 23)] {
        let mut leaf = leaf(&stage, number, 16 * (60_000 + place), Admission::None);
        leaf.user = user(21);
        let approval = Approval {
            user: user(21),
            member_key: leaf.member_key,
            ..approval_of(&stage, number, 0).claimed().clone()
        };
        leaf.admission = Admission::Approval(sign(&stage, &approval));
        let candidate = candidate(&mut stage, number, leaf);
        change.add.extend(insider.adding(&candidate).add);
    }
    insider.commit(&mut stage, &change);
    refused(&mut stage, &insider, Some(CommitRefusal::TooManyDevices));
}

#[test]
fn bytes_that_do_not_open_leave_out_the_device_that_the_service_names() {
    let (mut stage, insider) = with_insider();
    insider.commit_bytes(&mut stage, b"no commit");
    refused(&mut stage, &insider, None);
}

/// A commit with a path that opens for some members alone: to the others it is as bytes that do not open.
#[test]
fn a_commit_that_one_member_cannot_open_leads_to_a_group_that_it_can() {
    let (mut stage, mut insider) = with_insider();
    let device = stage.people[insider.who].demux.unwrap();
    stage.lie(move |mut hop| {
        if let Hop::ToPerson(2, Input::Commit { from, body, .. }) = &mut hop
            && *from == device
        {
            let last = body.len() - 1;
            body[last] ^= 1;
        }
        vec![hop]
    });
    let signed = approval_of(&stage, 20, 0);
    let leaf = leaf(&stage, 20, 16 * 60_000, Admission::Approval(signed));
    let candidate = candidate(&mut stage, 20, leaf);
    let change = insider.adding(&candidate);
    insider.commit(&mut stage, &change);
    stage.run(200);
    let refused = stage.seen(2, |event| match event {
        Event::CommitRefused { from, error, .. } => Some((*from, *error)),
        _ => None,
    });
    assert_eq!(refused, [(device, CommitError::Malformed)]);
    let refuser = stage.people[2].demux.unwrap();
    for who in 0..2 {
        assert!(stage.has_seen(who, |event| {
            matches!(event, Event::RefusedByOther { from, .. } if *from == refuser)
        }));
    }
    stage.run(16_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

#[test]
fn an_insider_that_refuses_everything_stops_nobody_for_long() {
    let (mut stage, mut insider) = with_insider();
    for _ in 0..6 {
        insider.follow(&mut stage);
        let epoch = stage.people[0].session.have().unwrap();
        stage.say(insider.who, Say::Refuse(epoch));
        stage.run(3_000);
    }
    stage.run(20_000);
    for who in 0..3 {
        let groups = stage.seen(who, |event| match event {
            Event::NextGroup { number, .. } => Some(*number),
            _ => None,
        });
        assert!(groups.len() <= 1, "{groups:?}");
        assert!(stage.people[who].session.may_send());
    }
    let epoch = stage.people[0].session.have();
    assert!((1..3).all(|who: usize| stage.people[who].session.have() == epoch));
    stage.assert_talk(&[0, 1, 2]);
}

/// Any member can seal as any other, since all have the key of the epoch. The frame opens as the other's; the
/// device that the service names for the slot is the insider's, so that the tile is covered.
#[test]
fn a_frame_sealed_as_another_shows_another_leaf_than_the_slot_of_its_sender() {
    let (mut stage, insider) = with_insider();
    let frames = insider.group.frames().unwrap();
    let victim = insider.leaf_of(&stage, 2);
    let now = stage.now().moment;
    let mut sealer = FrameSealer::new();
    sealer.add_epoch(&frames.key, victim, false, now).unwrap();
    let frame = sealer
        .seal(FrameContext::Camera, b"a face", 0, now)
        .unwrap();
    let opened = stage.people[1].opener.open(FrameTag(1), &frame, 0, now);
    let opened = opened.unwrap();
    let members = stage.people[1].session.members();
    let shown = members.iter().find(|one| one.leaf == opened.leaf).unwrap();
    assert_eq!(shown.claims.user, user(2));
    let slot = stage.people[insider.who].demux.unwrap();
    assert_ne!(shown.claims.demux_id, slot);
}

/// The admin's approval of a person's device, which has expired some seconds ago if there are any.
pub(crate) fn approval_of(stage: &Stage, number: u64, expired: u64) -> SignedStatement<Approval> {
    let mut approval = stage.room.approval(number).claimed().clone();
    if expired > 0 {
        approval.issued = system_time().minus(3 * expired);
        approval.expires = system_time().minus(expired);
    }
    sign(stage, &approval)
}

pub(crate) fn sign(stage: &Stage, approval: &Approval) -> SignedStatement<Approval> {
    let admin = stage.room.admin.as_ref().unwrap();
    SignedStatement::sign(approval, &StatementKey::Admin(admin)).unwrap()
}
