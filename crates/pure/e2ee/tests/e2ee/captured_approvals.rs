//! Approvals in other hands: a holder of the link with an account of its own has the approval of somebody
//! else, and every message that was sent.

use anteroom_e2ee::{
    Admission, AdmissionError, Applicant, Candidate, CommitRefusal, CommitView, ContextChange,
    EraHistory, EraPsk, GroupFailure, JoinError, LeafClaim, MemberLeaf, Presence, ProposalView,
    RoomContext, StatementError, verdict,
};
use anteroom_protocol::{Restrictions, RoomId};

use crate::{
    call::{Call, surroundings, system_time},
    common::{NOW, by_admin, era, rng, room, user},
};

const ADMIN: u32 = 1;
const OWNER: u32 = 2;
const THIEF: u32 = 3;

/// A call with approvals, where the admin is in.
fn strict_call() -> Call {
    let mut call = Call::new(Restrictions::AdminApproval);
    let leaf = call.admin_leaf(ADMIN);
    call.start_with(&leaf);
    call
}

/// The decision of a member about a commit of the admin's device that adds the leaf.
fn decide(call: &Call, leaf: &MemberLeaf) -> Result<(), CommitRefusal> {
    let commit = CommitView {
        committer: Some(0),
        is_own: false,
        proposals: vec![
            (ProposalView::Add(Some(leaf.clone())), true),
            (ProposalView::Psk(Some(EraPsk::id(call.people.era))), true),
        ],
        keeps_leaf: None,
    };
    let view = call.members[0].group.view().unwrap();
    let world = surroundings(&call.roster, call.now);
    verdict(&view, &commit, &world).map(|_| ())
}

/// The leaf with the approval of the owner that the thief can make: `user` and `key` are free, since the thief
/// can claim any user, and has the secret half of its own keys alone.
fn stolen(call: &Call, user_of: u32, key_of: u32, admission: Admission) -> MemberLeaf {
    MemberLeaf {
        user: user(u64::from(user_of)),
        member_key: call.member_key(key_of).public(),
        ..call.leaf(THIEF, admission)
    }
}

#[test]
fn no_leaf_that_another_can_make_is_admitted() {
    let call = strict_call();
    let approval = call.approval(OWNER);
    let plain = || Admission::Approval(approval.clone());
    for (case, user_of, admission, expected) in [
        ("as oneself", THIEF, plain(), AdmissionError::OtherUser),
        ("as the owner", OWNER, plain(), AdmissionError::OtherKey),
    ] {
        let leaf = stolen(&call, user_of, THIEF, admission);
        let refused = Err(CommitRefusal::Admission(expected));
        assert_eq!(decide(&call, &leaf), refused, "{case}");
        let mut other = Call::new(Restrictions::AdminApproval);
        let started = other.try_start(&leaf).err();
        assert_eq!(started, Some(GroupFailure::Admission(expected)), "{case}");
    }
    let own = call.leaf(OWNER, plain());
    assert_eq!(decide(&call, &own), Ok(()), "its owner");
}

#[test]
fn nobody_asks_for_admission_with_a_key_of_somebody_else() {
    let mut call = strict_call();
    let leaf = call.leaf(OWNER, Admission::Approval(call.approval(OWNER)));
    let by_thief = Candidate::new(
        call.link.clone(),
        call.member_key(THIEF),
        leaf.clone(),
        EraHistory::default(),
        system_time(),
        &mut rng(1),
    );
    assert_eq!(by_thief.err(), Some(GroupFailure::Leaf));

    // The owner's key package, sent again by the thief, opens the group to the owner alone.
    let owner = call.candidate(leaf);
    let thief = call.candidate(stolen(&call, OWNER, THIEF, Admission::None));
    let captured = owner.key_package().to_vec();
    let applicant = Applicant::open(&call.link, &captured).unwrap();
    assert_eq!(applicant.leaf().member_key, call.member_key(OWNER).public());
    let change = call.adding(&owner);
    let commit = call.commit(0, &change).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    assert_eq!(call.welcome(thief, &commit), Err(JoinError::Welcome));
    assert_eq!(call.welcome(owner, &commit), Ok(()));
}

#[test]
fn an_approval_of_another_key_is_none_when_its_leaf_was_sent() {
    let mut call = strict_call();
    let owner = call.member_key(OWNER).public();
    let approval = call.approval(OWNER);
    let stolen = stolen(&call, OWNER, THIEF, Admission::Approval(approval));
    let sent = call.candidate(stolen);
    let applicant = Applicant::open(&call.link, sent.key_package()).unwrap();
    let leaf = applicant.leaf();
    let approval = leaf.admission.approval().unwrap();
    assert_eq!(approval.claimed().member_key, owner);
    let refused = CommitRefusal::Admission(AdmissionError::OtherKey);
    assert_eq!(decide(&call, leaf), Err(refused));
}

#[test]
fn even_the_owner_uses_an_approval_in_its_room_alone_and_until_it_is_withdrawn() {
    let call = strict_call();
    let people = &call.people;
    let key = call.member_key(OWNER).public();
    let admission = Admission::Approval(call.approval(OWNER));
    let (user, device) = (user(u64::from(OWNER)), key);
    let claim = LeafClaim {
        user: &user,
        member_key: &device,
        admission: &admission,
    };
    let decide = |here: RoomId, era, change: &ContextChange| {
        let context = RoomContext::new(here, era, Some(people.admin.public()));
        let decided = context
            .with(change)
            .admits(&claim, Presence::Returning, NOW);
        decided.map(|_| ())
    };
    let nothing = ContextChange::default();
    assert_eq!(decide(people.room, people.era, &nothing), Ok(()));
    let elsewhere = AdmissionError::Approval(StatementError::OtherRoom);
    assert_eq!(decide(room(2), people.era, &nothing), Err(elsewhere));
    let mut entry = people.barred();
    entry.user = user.clone();
    let barred = ContextChange {
        barred: vec![by_admin(people, &entry)],
        ..ContextChange::default()
    };
    let refused = decide(people.room, people.era, &barred);
    assert_eq!(refused, Err(AdmissionError::Barred));
    let mut policy = people.policy(Restrictions::AdminApproval);
    policy.void_before = NOW;
    let withdrawn = ContextChange {
        policy: Some(by_admin(people, &policy)),
        ..ContextChange::default()
    };
    let refused = decide(people.room, era(2), &withdrawn);
    assert_eq!(refused, Err(AdmissionError::Void), "in the next era");
}
