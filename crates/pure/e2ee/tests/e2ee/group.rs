//! Groups: members who come and go, and messages between them.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{
    Admission, AdmissionError, AdmissionReason, CommitError, CommitRefusal, ContextChange,
    FrameContext, FrameRefusal, FrameTag, GroupChange, GroupFailure, GroupMessage, Lock, MAX_ADDS,
    MemberLeaf, MessageError, RemovalReason, RosterHistory, SenderTime,
};
use anteroom_protocol::Restrictions;
use zeroize::Zeroizing;

use crate::{
    call::{Call, at, surroundings},
    common::{by_admin, user},
};

fn removing<const N: usize>(leaves: [u32; N]) -> GroupChange {
    GroupChange {
        remove: leaves.into(),
        ..GroupChange::default()
    }
}

const SENT: SenderTime = SenderTime::from_millis(1_234_567);

fn content(text: &[u8]) -> GroupMessage {
    GroupMessage::Content(Zeroizing::new(text.to_vec()))
}

#[test]
fn ten_devices_come_one_after_the_other_and_agree() {
    let mut call = Call::new(Restrictions::None);
    call.start(1);
    call.agree();
    for device in 2..=10 {
        let committer = usize::try_from(device % 3).unwrap() % call.members.len();
        call.add(committer, device);
        call.agree();
    }
}

#[test]
fn many_come_by_one_commit() {
    let mut call = Call::with_members(2);
    let candidates: Vec<_> = (3..=10)
        .map(|device| {
            let leaf = call.leaf(device, Admission::None);
            call.candidate(leaf)
        })
        .collect();
    let change = GroupChange {
        add: candidates.iter().map(|one| call.applicant(one)).collect(),
        ..GroupChange::default()
    };
    let commit = call.commit(1, &change).unwrap();
    assert_eq!(commit.welcome.as_ref().unwrap().0.len(), 8);
    for told in call.tell(&commit) {
        let effect = told.unwrap().effect;
        assert_eq!(effect.added.len(), 8);
        assert!(
            effect
                .added
                .iter()
                .all(|(_, reason)| *reason == AdmissionReason::Open)
        );
    }
    for candidate in candidates {
        call.welcome(candidate, &commit).unwrap();
    }
    call.agree();
}

#[test]
fn fifty_members_with_approvals_and_certificates_fit_the_messages_of_the_room_service() {
    let mut call = Call::new(Restrictions::AdminApproval);
    let full_leaf = |call: &Call, device: u32| {
        let mut leaf = call.leaf(device, Admission::Approval(call.approval(device)));
        leaf.name = Some("\u{10330}".repeat(60));
        leaf.certificate = Some(call.people.certificate().2);
        leaf
    };
    let leaf = full_leaf(&call, 1);
    call.start_with(&leaf);
    let devices: Vec<u32> = (2..=50).collect();
    for devices in devices.chunks(MAX_ADDS) {
        let leaves = devices.iter().map(|device| full_leaf(&call, *device));
        let leaves: Vec<_> = leaves.collect();
        let candidates: Vec<_> = leaves
            .into_iter()
            .map(|leaf| call.candidate(leaf))
            .collect();
        let change = GroupChange {
            add: candidates.iter().map(|one| call.applicant(one)).collect(),
            ..GroupChange::default()
        };
        let commit = call.commit(0, &change).unwrap();
        let welcome = commit.welcome.as_ref().unwrap().1.len();
        assert!(commit.body.len() < 40 * 1024, "{}", commit.body.len());
        assert!(welcome < 64 * 1024, "{welcome}");
        for told in call.tell(&commit) {
            told.unwrap();
        }
        for candidate in candidates {
            call.welcome(candidate, &commit).unwrap();
        }
        let mut too_many = change;
        too_many.add = vec![too_many.add[0].clone(); MAX_ADDS + 1];
        let refused = call.commit(0, &too_many);
        assert_eq!(refused.err(), Some(GroupFailure::TooLong));
    }
    call.agree();
    call.leave(&[50]);
    call.members.pop();
    let commit = call.commit(20, &removing([49])).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    call.agree();
}

#[test]
fn everybody_leaves_in_any_order() {
    for order in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3], [3, 1, 4, 2]] {
        let mut call = Call::with_members(5);
        for device in order {
            call.leave(&[device]);
            let is_leaver =
                |call: &Call, index: usize| call.members[index].group.own_leaf() == device - 1;
            let leaver = (0..call.members.len()).find(|index| is_leaver(&call, *index));
            let leaver = leaver.unwrap();
            call.members.remove(leaver);
            let commit = call.commit(0, &removing([device - 1])).unwrap();
            for told in call.tell(&commit) {
                let removed = told.unwrap().effect.removed;
                assert_eq!(removed, [(device - 1, RemovalReason::Absent)]);
            }
            call.agree();
        }
    }
}

#[test]
fn who_is_taken_out_learns_it_and_reads_nothing_more() {
    let mut call = Call::with_members(3);
    call.leave(&[3]);
    let commit = call.commit(0, &removing([2])).unwrap();
    let told = call.tell(&commit);
    assert!(told[2].as_ref().unwrap().frames.is_none());
    let message = call.members[0]
        .group
        .seal_message(&content(b"secret"), SENT, &mut call.rng);
    let message = message.unwrap();
    let now = call.now;
    let group = &mut call.members[2].group;
    assert_eq!(group.open_message(&message, now), Err(MessageError));
    let sealed = group.seal_message(&content(b"more"), SENT, &mut call.rng);
    assert_eq!(sealed, Err(GroupFailure::Mls));
    let later = now.plus(Duration::from_secs(1));
    let frame = call.members[0]
        .sealer
        .seal(FrameContext::Audio, b"sound", 0, later);
    let opened = call.members[2]
        .opener
        .open(FrameTag(1), &frame.unwrap(), 0, later);
    assert_eq!(opened, Err(FrameRefusal::Held), "it never gets that epoch");
    assert!(call.members[1].group.open_message(&message, now).is_ok());
}

#[test]
fn of_two_commits_at_once_the_first_counts() {
    let mut call = Call::with_members(3);
    let (fourth, fifth) = (
        call.candidate(call.leaf(4, Admission::None)),
        call.candidate(call.leaf(5, Admission::None)),
    );
    let change = call.adding(&fourth);
    let first = call.commit(0, &change).unwrap();
    let change = call.adding(&fifth);
    let second = call.commit(1, &change).unwrap();
    assert_eq!(call.commit(1, &change).err(), Some(GroupFailure::Pending));
    let own: Vec<bool> = call
        .tell(&first)
        .into_iter()
        .map(|told| told.unwrap().is_own)
        .collect();
    assert_eq!(own, [true, false, false]);
    call.welcome(fourth, &first).unwrap();
    for told in call.tell(&second) {
        let error = told.err().unwrap();
        assert!(matches!(error, CommitError::OtherEpoch { .. }));
    }
    let again = call.commit(1, &change).unwrap();
    for told in call.tell(&again) {
        told.unwrap();
    }
    call.welcome(fifth, &again).unwrap();
    call.agree();
}

#[test]
fn a_commit_counts_when_it_comes_back_byte_for_byte() {
    let mut call = Call::with_members(3);
    call.leave(&[3]);
    let commit = call.commit(0, &removing([2])).unwrap();
    let epoch = call.members[0].group.epoch();
    let mut changed = commit.clone();
    changed.body[40] ^= 1;
    for told in call.tell(&changed) {
        assert_eq!(told.err(), Some(CommitError::Malformed));
    }
    assert_eq!(call.members[0].group.epoch(), epoch);
    for told in call.tell(&commit) {
        told.unwrap();
    }
    call.members.pop();
    call.agree();
}

#[test]
fn a_committer_that_vanishes_is_taken_out_by_the_next() {
    let mut call = Call::with_members(3);
    let candidate = call.candidate(call.leaf(4, Admission::None));
    let change = call.adding(&candidate);
    let lost = call.commit(0, &change).unwrap();
    call.members.remove(0);
    call.leave(&[1]);
    let both = GroupChange {
        remove: BTreeSet::from([0]),
        ..change
    };
    let commit = call.commit(0, &both).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    call.welcome(candidate, &commit).unwrap();
    call.agree();
    let late = call.tell(&lost);
    assert!(late.iter().all(Result::is_err));
}

#[test]
fn a_device_that_comes_back_replaces_its_old_leaf() {
    let mut call = Call::with_members(3);
    call.members.remove(2);
    let old = call.leaf(3, Admission::None);
    let later = MemberLeaf {
        serial: old.serial + 1,
        ..old.clone()
    };
    let [old, candidate] = [old, later].map(|leaf| call.candidate(leaf));
    let mut change = GroupChange {
        remove: BTreeSet::from([2]),
        ..call.adding(&old)
    };
    let refused = GroupFailure::Refused(CommitRefusal::Removal);
    assert_eq!(
        call.commit(1, &change).unwrap_err(),
        refused,
        "an old key package"
    );
    change.add = call.adding(&candidate).add;
    let commit = call.commit(1, &change).unwrap();
    for told in call.tell(&commit) {
        let change = told.unwrap();
        assert_eq!(change.effect.removed, [(2, RemovalReason::AddedAnew)]);
        assert_eq!(change.frames.unwrap().stayed, BTreeSet::from([0, 1]));
    }
    call.welcome(candidate, &commit).unwrap();
    call.agree();
}

#[test]
fn a_removal_that_is_told_before_the_roster_is_merged_after_it() {
    let mut call = Call::with_members(3);
    call.leave(&[3]);
    let change = GroupChange {
        remove: BTreeSet::from([2]),
        ..GroupChange::default()
    };
    let commit = call.commit(0, &change).unwrap();
    let late = RosterHistory::default();
    for _ in 0..2 {
        let early = surroundings(&late, call.now);
        let group = &mut call.members[1].group;
        let told = group.receive_commit(commit.epoch, &commit.body, &early);
        let expected = CommitError::Refused {
            committer: Some(0),
            refusal: CommitRefusal::Removal,
        };
        assert_eq!(told.err(), Some(expected));
    }
    call.members.pop();
    for told in call.tell(&commit) {
        let removed = told.unwrap().effect.removed;
        assert_eq!(removed, [(2, RemovalReason::Absent)]);
    }
    call.agree();
}

#[test]
fn a_member_cannot_take_out_one_who_is_there() {
    let mut call = Call::with_members(3);
    call.leave(&[]);
    let refused = call.commit(0, &removing([2]));
    let expected = GroupFailure::Refused(CommitRefusal::Removal);
    assert_eq!(refused.err(), Some(expected));
    call.leave(&[3]);
    assert!(call.commit(0, &removing([2])).is_ok(), "nothing is pending");
}

#[test]
fn an_admin_puts_somebody_out_at_once() {
    let mut call = Call::with_members(3);
    call.leave(&[]);
    let mut entry = call.people.barred();
    entry.user = user(3);
    let change = GroupChange {
        remove: BTreeSet::from([2]),
        context: ContextChange {
            barred: vec![by_admin(&call.people, &entry)],
            ..ContextChange::default()
        },
        ..GroupChange::default()
    };
    let commit = call.commit(1, &change).unwrap();
    for told in call.tell(&commit) {
        let effect = told.unwrap().effect;
        assert_eq!(effect.removed, [(2, RemovalReason::Barred)]);
        assert_eq!(effect.context.barred().entries().len(), 1);
    }
    call.members.pop();
    let candidate = call.candidate(call.leaf(3, Admission::None));
    let again = call.adding(&candidate);
    let barred = CommitRefusal::Admission(AdmissionError::Barred);
    let refused = call.commit(0, &again).err();
    assert_eq!(refused, Some(GroupFailure::Refused(barred)));
    call.agree();
}

#[test]
fn under_a_lock_only_those_return_who_were_in() {
    let mut call = Call::with_members(3);
    let lock = Lock {
        era: call.people.era,
        ..call.people.lock(true)
    };
    let change = GroupChange {
        context: ContextChange {
            lock: Some(by_admin(&call.people, &lock)),
            ..ContextChange::default()
        },
        ..GroupChange::default()
    };
    let commit = call.commit(0, &change).unwrap();
    for told in call.tell(&commit) {
        assert!(told.unwrap().effect.context.is_locked());
    }
    let stranger = call.candidate(call.leaf(4, Admission::None));
    let refused = call.commit(0, &call.adding(&stranger)).err();
    let locked = CommitRefusal::Admission(AdmissionError::Locked);
    assert_eq!(refused, Some(GroupFailure::Refused(locked)));
    call.leave(&[3]);
    call.members.remove(2);
    let commit = call.commit(0, &removing([2])).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    call.add(1, 3);
    let admin = call.candidate(call.admin_leaf(5));
    let commit = call.commit(0, &call.adding(&admin)).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    call.welcome(admin, &commit).unwrap();
    call.agree();
}

#[test]
fn nothing_to_change_is_no_commit() {
    let mut call = Call::with_members(2);
    let nothing = GroupChange {
        context: call.context.clone(),
        ..GroupChange::default()
    };
    assert_eq!(call.commit(0, &nothing).err(), Some(GroupFailure::Empty));
}

#[test]
fn a_message_says_its_sender_and_opens_once() {
    let mut call = Call::with_members(3);
    let now = call.now;
    let epoch = call.members[0].group.epoch();
    let sent = content("{\"type\":\"text\"}".as_bytes());
    let sealed = call.members[1]
        .group
        .seal_message(&sent, SENT, &mut call.rng)
        .unwrap();
    for receiver in [0, 2] {
        let group = &mut call.members[receiver].group;
        let opened = group.open_message(&sealed, now);
        assert_eq!(opened, Ok((epoch, 1, SENT, sent.clone())));
        assert_eq!(group.open_message(&sealed, now), Err(MessageError));
    }
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(
        call.members[0].group.open_message(&changed, now),
        Err(MessageError)
    );
    let own = call.members[1].group.open_message(&sealed, now);
    assert_eq!(own, Err(MessageError));
    let long = content(&[0; GroupMessage::MAX_CONTENT + 1]);
    let too_long = call.members[0]
        .group
        .seal_message(&long, SENT, &mut call.rng);
    assert_eq!(too_long, Err(GroupFailure::TooLong));
    let longest = content(&[0; GroupMessage::MAX_CONTENT]);
    let sealed = call.members[0]
        .group
        .seal_message(&longest, SENT, &mut call.rng)
        .unwrap();
    assert!(sealed.len() <= 64 * 1024);
    assert!(call.members[1].group.open_message(&sealed, now).is_ok());
}

#[test]
fn a_confirmation_shows_the_epoch_of_its_sender() {
    let mut call = Call::with_members(2);
    let now = call.now;
    let confirmation = GroupMessage::Confirmation;
    let sealed = call.members[0]
        .group
        .seal_message(&confirmation, SENT, &mut call.rng)
        .unwrap();
    let epoch = call.members[1].group.epoch();
    let opened = call.members[1].group.open_message(&sealed, now);
    assert_eq!(opened, Ok((epoch, 0, SENT, confirmation)));
}

#[test]
fn messages_of_the_epoch_before_are_opened_for_10_s() {
    for (later, is_open) in [(9_999, true), (10_000, false)] {
        let mut call = Call::with_members(3);
        let sealed = call.members[1]
            .group
            .seal_message(&content(b"late"), SENT, &mut call.rng)
            .unwrap();
        let epoch = call.members[0].group.epoch();
        call.now = at(20_000);
        call.add(0, 4);
        let group = &mut call.members[0].group;
        let opened = group.open_message(&sealed, at(20_000 + later));
        let expected = is_open.then_some((epoch, 1, SENT, content(b"late")));
        assert_eq!(opened.ok(), expected, "{later}");
    }
}

#[test]
fn messages_of_those_who_left_are_opened_for_2_s() {
    for (later, is_open) in [(1_999, true), (2_000, false)] {
        let mut call = Call::with_members(3);
        let seal = |call: &mut Call, index: usize| {
            let group = &mut call.members[index].group;
            group
                .seal_message(&content(b"late"), SENT, &mut call.rng)
                .unwrap()
        };
        let (stayed, gone) = (seal(&mut call, 1), seal(&mut call, 2));
        call.leave(&[3]);
        call.now = at(20_000);
        let commit = call.commit(0, &removing([2])).unwrap();
        call.tell(&commit).remove(0).unwrap();
        let group = &mut call.members[0].group;
        let now = at(20_000 + later);
        assert_eq!(group.open_message(&gone, now).is_ok(), is_open, "{later}");
        assert!(group.open_message(&stayed, now).is_ok());
    }
}

#[test]
fn two_groups_of_an_era_have_different_words_and_keys() {
    let mut call = Call::new(Restrictions::None);
    call.start(1);
    call.start(2);
    let words = |index: usize| call.members[index].group.verification_words().unwrap();
    assert_ne!(words(0), words(1));
    let key = |index: usize| *call.members[index].group.frames().unwrap().key.as_bytes();
    assert_ne!(key(0), key(1));
}

/// Commits that follow each other do not prolong the time for which an epoch's messages are opened.
#[test]
fn messages_of_each_past_epoch_are_opened_for_10_s_of_its_own() {
    for (later, is_open) in [(9_999, true), (10_000, false)] {
        let mut call = Call::with_members(3);
        let sealed = call.members[1]
            .group
            .seal_message(&content(b"late"), SENT, &mut call.rng)
            .unwrap();
        call.now = at(20_000);
        call.add(0, 4);
        call.now = at(25_000);
        call.add(0, 5);
        let group = &mut call.members[0].group;
        let opened = group.open_message(&sealed, at(20_000 + later));
        assert_eq!(opened.is_ok(), is_open, "{later}");
    }
}
