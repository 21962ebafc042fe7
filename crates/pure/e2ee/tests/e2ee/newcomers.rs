//! Newcomers: whom a group takes in, and which groups a newcomer enters.

use anteroom_e2ee::{
    Admission, AdmissionError, Applicant, Candidate, CommitRefusal, ContextChange, ContextError,
    EraHistory, Group, GroupChange, GroupFailure, GroupLink, JoinError, Policy,
};
use anteroom_protocol::{OpaqueUserId, Restrictions};

use crate::{
    call::{Call, MAX_DEVICES, demux, surroundings, system_time},
    common::{NOW, by_admin, rng, root_key, user},
};

/// Adds a candidate by the first member, without the candidate's own check.
fn added(call: &mut Call, candidate: &Candidate) -> anteroom_e2ee::OutgoingCommit {
    let change = call.adding(candidate);
    let commit = call.commit(0, &change).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    commit
}

fn approval(call: &Call, device: u32) -> Admission {
    Admission::Approval(call.approval(device))
}

#[test]
fn who_is_not_entitled_cannot_start() {
    let mut call = Call::new(Restrictions::AdminApproval);
    let leaf = call.leaf(1, Admission::None);
    let missing = Some(GroupFailure::Admission(AdmissionError::Missing));
    assert_eq!(call.try_start(&leaf).err(), missing);
    let leaf = call.admin_leaf(1);
    assert!(call.try_start(&leaf).is_ok());
    let leaf = call.leaf(2, approval(&call, 2));
    assert!(call.try_start(&leaf).is_ok());
    let mut of_another = call.leaf(2, approval(&call, 2));
    of_another.member_key = call.member_key(3).public();
    assert_eq!(call.try_start(&of_another).err(), Some(GroupFailure::Leaf));
}

#[test]
fn an_approved_device_comes_in_and_another_does_not() {
    let mut call = Call::new(Restrictions::AdminApproval);
    let leaf = call.admin_leaf(1);
    let group = call.try_start(&leaf).unwrap();
    let commit = |leaf, call: &mut Call, group: &mut Group| {
        let candidate = call.candidate(leaf);
        let change = call.adding(&candidate);
        let surroundings = surroundings(&call.roster, call.now);
        let commit = group.commit(&change, &surroundings, &mut rng(5));
        group.cancel_commit();
        commit.err()
    };
    let mut group = group;
    let leaf = call.leaf(2, Admission::None);
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    let refused = commit(leaf, &mut call, &mut group);
    assert_eq!(refused, Some(GroupFailure::Refused(missing)));
    let captured = call.leaf(2, approval(&call, 3));
    let other = CommitRefusal::Admission(AdmissionError::OtherUser);
    let refused = commit(captured, &mut call, &mut group);
    assert_eq!(refused, Some(GroupFailure::Refused(other)));
    let leaf = call.leaf(2, approval(&call, 2));
    assert_eq!(commit(leaf, &mut call, &mut group), None);
}

#[test]
fn a_group_without_the_link_opens_to_nobody() {
    let mut call = Call::with_members(1);
    let other_link = GroupLink::new(&root_key(2), call.people.era, None);
    let leaf = call.leaf(2, Admission::None);
    let key = call.member_key(2);
    let stranger = Candidate::new(
        other_link,
        key,
        leaf,
        EraHistory::default(),
        system_time(),
        &mut rng(1),
    )
    .unwrap();
    let applicant = Applicant::open(&call.link, stranger.key_package());
    assert_eq!(applicant.err(), Some(GroupFailure::KeyPackage));
    let candidate = call.candidate(call.leaf(2, Admission::None));
    let commit = added(&mut call, &candidate);
    assert_eq!(call.welcome(stranger, &commit), Err(JoinError::Welcome));
    assert_eq!(call.welcome(candidate, &commit), Ok(()));
}

#[test]
fn a_welcome_is_for_its_device_and_epoch() {
    let mut call = Call::with_members(2);
    let candidate = call.candidate(call.leaf(3, Admission::None));
    let other = call.candidate(call.leaf(4, Admission::None));
    let commit = added(&mut call, &candidate);
    assert_eq!(call.welcome(other, &commit), Err(JoinError::Welcome));
    let mut other_epoch = commit.clone();
    other_epoch.epoch.epoch += 1;
    assert_eq!(
        call.welcome(candidate, &other_epoch),
        Err(JoinError::Welcome)
    );
}

#[test]
fn a_newcomer_refuses_a_group_of_another_link_or_an_older_policy() {
    let people = || Call::new(Restrictions::None);
    let try_join = |change: &dyn Fn(&mut Call)| {
        let mut call = people();
        call.start(1);
        change(&mut call);
        let candidate = call.candidate(call.leaf(2, Admission::None));
        let commit = added(&mut call, &candidate);
        call.welcome(candidate, &commit)
    };
    assert_eq!(try_join(&|_| {}), Ok(()));
    let context = |error| Err(JoinError::Context(error));
    let without_admin = try_join(&|call| {
        let era = call.people.era;
        call.link = GroupLink::new(&call.root_key, era, None);
    });
    assert_eq!(without_admin, context(ContextError::AdminMissingFromLink));
    let other_admin = try_join(&|call| {
        let other = anteroom_e2ee::AdminSecret::from_bytes([9; 32]).admin_key(&call.people.room);
        let era = call.people.era;
        call.link = GroupLink::new(&call.root_key, era, Some(other.public()));
    });
    assert_eq!(other_admin, context(ContextError::OtherAdmin));
    let stale = try_join(&|call| {
        let newer = Policy {
            counter: 8,
            ..call.people.policy(Restrictions::None)
        };
        call.context.policy = Some(by_admin(&call.people, &newer));
    });
    assert_eq!(stale, context(ContextError::Stale));
}

#[test]
fn a_newcomer_enters_no_group_with_a_member_who_may_not_be_in() {
    let mut call = Call::with_members(2);
    let candidate = call.candidate(call.leaf(3, Admission::None));
    let commit = added(&mut call, &candidate);
    let mut epoch = commit.epoch;
    epoch.epoch += 1;
    let welcome = &commit.welcome.as_ref().unwrap().1;
    let mut later = surroundings(&call.roster, call.now);
    later.now = call.people.policy(Restrictions::None).until;
    let joined = candidate.join(epoch, welcome, &ContextChange::default(), &later);
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    assert_eq!(joined.err(), Some(JoinError::Refused(missing)));
    assert!(NOW < later.now);
}

#[test]
fn a_newcomer_enters_no_group_with_a_user_who_is_no_account() {
    let mut call = Call::with_members(2);
    let candidate = call.candidate(call.leaf(3, Admission::None));
    let commit = added(&mut call, &candidate);
    let mut epoch = commit.epoch;
    epoch.epoch += 1;
    let invented = user(1);
    let is_account = |user: &OpaqueUserId| *user != invented;
    let mut world = surroundings(&call.roster, call.now);
    world.is_account = &is_account;
    let joined = candidate.join(
        epoch,
        &commit.welcome.as_ref().unwrap().1,
        &ContextChange::default(),
        &world,
    );
    let expected = JoinError::Refused(CommitRefusal::Account);
    assert_eq!(joined.err(), Some(expected));
}

#[test]
fn a_user_has_no_more_devices_than_allowed_and_no_device_is_twice() {
    let mut call = Call::with_members(1);
    let own_user = user(1);
    for device in [2, 3] {
        let mut leaf = call.leaf(device, Admission::None);
        leaf.user = own_user.clone();
        let candidate = call.candidate(leaf);
        let change = call.adding(&candidate);
        let commit = call.commit(0, &change);
        if usize::try_from(device).unwrap() > MAX_DEVICES {
            let expected = GroupFailure::Refused(CommitRefusal::TooManyDevices);
            assert_eq!(commit.err(), Some(expected));
        } else {
            let commit = commit.unwrap();
            for told in call.tell(&commit) {
                told.unwrap();
            }
        }
    }
    let mut leaf = call.leaf(4, Admission::None);
    leaf.demux_id = demux(1);
    let key = call.member_key(4);
    let copy = Candidate::new(
        call.link.clone(),
        key,
        leaf,
        EraHistory::default(),
        system_time(),
        &mut rng(1),
    )
    .unwrap();
    let change = call.adding(&copy);
    let expected = GroupFailure::Refused(CommitRefusal::Duplicate);
    assert_eq!(call.commit(0, &change).err(), Some(expected));
}

#[test]
fn a_policy_reaches_the_group_by_a_commit_before_anybody_is_added() {
    let mut call = Call::with_members(2);
    let newer = Policy {
        counter: 8,
        ..call.people.policy(Restrictions::None)
    };
    call.context.policy = Some(by_admin(&call.people, &newer));
    let change = GroupChange {
        context: ContextChange {
            policy: call.context.policy.clone(),
            ..ContextChange::default()
        },
        ..GroupChange::default()
    };
    let commit = call.commit(1, &change).unwrap();
    for told in call.tell(&commit) {
        assert_eq!(
            told.unwrap().effect.context.policy(),
            call.context.policy.as_ref()
        );
    }
    call.add(0, 3);
    call.agree();
}

#[test]
fn a_key_package_is_sealed_for_the_link() {
    let mut call = Call::with_members(1);
    let candidate = call.candidate(call.leaf(2, Admission::None));
    let applicant = call.applicant(&candidate);
    assert_eq!(*applicant.leaf(), call.leaf(2, Admission::None));
    let sealed = candidate.key_package();
    assert!(sealed.len() < 8 * 1024);
    for index in [0, 5, 20, sealed.len() - 1] {
        let mut changed = sealed.to_vec();
        changed[index] ^= 1;
        assert!(Applicant::open(&call.link, &changed).is_err());
    }
    let mut of_another = call.leaf(2, Admission::None);
    of_another.name = Some("\u{202e}".to_owned());
    let key = call.member_key(2);
    let link = call.link.clone();
    let made = Candidate::new(
        link,
        key,
        of_another,
        EraHistory::default(),
        system_time(),
        &mut rng(1),
    );
    assert_eq!(made.err(), Some(GroupFailure::Leaf));
}

/// The first leaf of a tree is not always that of whoever has started the group: a newcomer asks who welcomes it.
#[test]
fn a_newcomer_knows_which_leaf_has_welcomed_it() {
    let mut call = Call::with_members(2);
    call.add(1, 3);
    call.add(2, 4);
    let members = call.members.iter();
    let welcomed_by: Vec<_> = members.map(|one| one.group.welcomed_by()).collect();
    assert_eq!(welcomed_by, [None, Some(0), Some(1), Some(2)]);
}
