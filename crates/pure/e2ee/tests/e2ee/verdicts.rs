//! The checks of commits: each lie with the check that notices it.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{
    Admission, AdmissionError, Approval, BarredEntry, CLOCK_TOLERANCE, CommitEffect, CommitRefusal,
    CommitView, ContextChange, ContextError, EraHistory, EraPsk, GroupView, MemberLeaf, Policy,
    ProposalView, RemovalReason, RoomContext, RosterHistory, SignedStatement, StatementError,
    Surroundings, verdict, verdict_of_newcomer,
};
use anteroom_protocol::{DAY, OpaqueUserId, Restrictions};

use crate::{
    call::{Call, at, demux, surroundings},
    common::{NOW, by_admin, by_co_admin, era, people_of, room, user},
};

/// A group of three without restrictions, whose first member commits.
struct Scenario {
    call: Call,
    view: GroupView,
    roster: RosterHistory,
}

fn scenario() -> Scenario {
    let call = Call::new(Restrictions::None);
    let context = call.link.context().with(&call.context);
    let leaf = |device| (device - 1, call.leaf(device, Admission::None));
    let leaves: BTreeMap<u32, MemberLeaf> = (1..=3).map(leaf).collect();
    let mut history = EraHistory::of_founder();
    for leaf in leaves.values() {
        history.see(&leaf.member_key);
    }
    let view = GroupView {
        leaves,
        context,
        history,
    };
    let mut roster = RosterHistory::default();
    roster.update(
        (1..=9).filter(|device| *device != 3).map(demux).collect(),
        at(0),
    );
    Scenario { call, view, roster }
}

impl Scenario {
    fn psk(&self) -> ProposalView {
        ProposalView::Psk(Some(EraPsk::id(self.call.people.era)))
    }

    fn add(&self, device: u32) -> ProposalView {
        ProposalView::Add(Some(self.call.leaf(device, Admission::None)))
    }

    fn context(&self, change: &ContextChange) -> ProposalView {
        ProposalView::Context(Some(self.view.context.with(change)))
    }

    /// The verdict about a commit of the first member with these proposals and the PSK.
    fn of<const N: usize>(
        &self,
        proposals: [ProposalView; N],
    ) -> Result<CommitEffect, CommitRefusal> {
        let proposals = proposals.into_iter().chain([self.psk()]);
        self.of_commit(&CommitView {
            committer: Some(0),
            is_own: false,
            proposals: proposals.map(|proposal| (proposal, true)).collect(),
            keeps_leaf: Some(true),
        })
    }

    fn of_commit(&self, commit: &CommitView) -> Result<CommitEffect, CommitRefusal> {
        verdict(&self.view, commit, &surroundings(&self.roster, at(5_000)))
    }

    fn with_world(
        &self,
        change: impl FnOnce(&mut Surroundings<'_>),
        proposal: ProposalView,
    ) -> Result<CommitEffect, CommitRefusal> {
        let mut world = surroundings(&self.roster, at(5_000));
        change(&mut world);
        let commit = CommitView {
            committer: Some(0),
            is_own: false,
            proposals: vec![(proposal, true), (self.psk(), true)],
            keeps_leaf: None,
        };
        verdict(&self.view, &commit, &world)
    }
}

#[test]
fn a_commit_that_holds_has_its_effect() {
    let scene = scenario();
    let effect = scene.of([scene.add(4), ProposalView::Remove(2)]).unwrap();
    assert_eq!(effect.added.len(), 1);
    assert_eq!(effect.removed, [(2, RemovalReason::Absent)]);
    assert_eq!(effect.context, scene.view.context);
    let nothing = Err(CommitRefusal::Nothing);
    assert_eq!(scene.of([]), nothing, "new keys of the committer alone");
    let same = scene.context(&ContextChange::default());
    assert_eq!(scene.of([same]), nothing, "the context as it is");
}

#[test]
fn check_1_is_about_the_form() {
    let scene = scenario();
    let holds = CommitView {
        committer: Some(0),
        is_own: false,
        proposals: vec![(scene.psk(), true), (scene.add(4), true)],
        keeps_leaf: Some(true),
    };
    assert!(scene.of_commit(&holds).is_ok());
    let with = |committer, proposals: Vec<(ProposalView, bool)>, keeps_leaf| CommitView {
        committer,
        is_own: false,
        proposals,
        keeps_leaf,
    };
    let psk = || (scene.psk(), true);
    let other_era = ProposalView::Psk(Some(EraPsk::id(era(2))));
    let context = || scene.context(&ContextChange::default());
    for (case, commit, refusal) in [
        (
            "from outside",
            with(None, vec![psk()], None),
            CommitRefusal::Outsider,
        ),
        (
            "from a leaf that is empty",
            with(Some(7), vec![psk()], None),
            CommitRefusal::Outsider,
        ),
        (
            "by reference",
            with(Some(0), vec![psk(), (scene.add(4), false)], None),
            CommitRefusal::ByReference,
        ),
        (
            "of another kind",
            with(Some(0), vec![psk(), (ProposalView::Other, true)], None),
            CommitRefusal::Proposal,
        ),
        (
            "without the PSK",
            with(Some(0), vec![], None),
            CommitRefusal::Psk,
        ),
        (
            "with two PSKs",
            with(Some(0), vec![psk(), psk()], None),
            CommitRefusal::Psk,
        ),
        (
            "with the PSK of another era",
            with(Some(0), vec![(other_era, true)], None),
            CommitRefusal::Psk,
        ),
        (
            "with a PSK of another kind",
            with(Some(0), vec![psk(), (ProposalView::Psk(None), true)], None),
            CommitRefusal::Psk,
        ),
        (
            "with other claims of the committer",
            with(Some(0), vec![psk()], Some(false)),
            CommitRefusal::CommitterLeaf,
        ),
        (
            "with two contexts",
            with(
                Some(0),
                vec![psk(), (context(), true), (context(), true)],
                None,
            ),
            CommitRefusal::Proposal,
        ),
        (
            "with one leaf taken out twice",
            with(
                Some(0),
                vec![
                    psk(),
                    (ProposalView::Remove(2), true),
                    (ProposalView::Remove(2), true),
                ],
                None,
            ),
            CommitRefusal::Proposal,
        ),
        (
            "with a malformed leaf",
            with(Some(0), vec![psk(), (ProposalView::Add(None), true)], None),
            CommitRefusal::Leaf,
        ),
        (
            "with a malformed context",
            with(
                Some(0),
                vec![psk(), (ProposalView::Context(None), true)],
                None,
            ),
            CommitRefusal::Context(ContextError::Malformed),
        ),
    ] {
        assert_eq!(scene.of_commit(&commit), Err(refusal), "{case}");
    }
}

#[test]
fn check_2_is_about_accounts_devices_and_keys() {
    let scene = scenario();
    let invented = user(4);
    let is_account = |user: &OpaqueUserId| *user != invented;
    let refused = {
        let mut world = surroundings(&scene.roster, at(5_000));
        world.is_account = &is_account;
        let commit = CommitView {
            committer: Some(0),
            is_own: false,
            proposals: vec![(scene.add(4), true), (scene.psk(), true)],
            keeps_leaf: None,
        };
        verdict(&scene.view, &commit, &world)
    };
    assert_eq!(refused, Err(CommitRefusal::Account));
    let leaf = |change: &dyn Fn(&mut MemberLeaf)| {
        let mut leaf = scene.call.leaf(4, Admission::None);
        change(&mut leaf);
        ProposalView::Add(Some(leaf))
    };
    let same_device = leaf(&|leaf| leaf.demux_id = demux(2));
    assert_eq!(scene.of([same_device]), Err(CommitRefusal::Duplicate));
    let same_key = leaf(&|leaf| leaf.member_key = scene.call.member_key(2).public());
    assert_eq!(scene.of([same_key]), Err(CommitRefusal::Duplicate));
    assert_eq!(
        scene.of([scene.add(4), scene.add(4)]),
        Err(CommitRefusal::Duplicate)
    );
    let second_device = leaf(&|leaf| leaf.user = user(1));
    assert!(scene.of([second_device.clone()]).is_ok());
    let one_each = scene.with_world(|world| world.max_devices = 1, second_device);
    assert_eq!(one_each, Err(CommitRefusal::TooManyDevices));
}

#[test]
fn check_3_is_about_context_and_admission() {
    let mut scene = scenario();
    let people = &scene.call.people;
    let strict = Policy {
        counter: 8,
        ..people.policy(Restrictions::AdminApproval)
    };
    let strict = ContextChange {
        policy: Some(by_admin(people, &strict)),
        ..ContextChange::default()
    };
    let context = scene.context(&strict);
    assert!(scene.of([context.clone()]).is_ok());
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    assert_eq!(
        scene.of([context, scene.add(4)]),
        Err(missing),
        "the new context counts"
    );
    let unfounded = Err(CommitRefusal::Context(ContextError::Unfounded));
    let without = RoomContext::new(people.room, people.era, Some(people.admin.public()));
    let without = ProposalView::Context(Some(without));
    assert_eq!(scene.of([without]), unfounded, "a policy is taken away");
    let forged = RoomContext::new(people.room, people.era, None);
    let forged = ProposalView::Context(Some(forged));
    assert_eq!(scene.of([forged]), unfounded, "the admin key is taken away");
    let lock = ContextChange {
        lock: Some(by_admin(people, &people.lock(true))),
        ..ContextChange::default()
    };
    let locked = scene.view.context.with(&lock);
    let locked_out = Err(CommitRefusal::Admission(AdmissionError::Locked));
    scene.view.context = locked;
    assert_eq!(scene.of([scene.add(4)]), locked_out);
    scene.view.history.see(&scene.call.member_key(4).public());
    assert!(scene.of([scene.add(4)]).is_ok(), "it was in before");
    scene.view.history = EraHistory::default();
    assert!(scene.of([scene.add(5)]).is_ok(), "nobody knows here");
    let leaf = scene.call.leaf(5, Admission::None);
    let own = scene
        .view
        .admits(&leaf, &surroundings(&scene.roster, at(0)));
    assert_eq!(
        own.err(),
        locked_out.err(),
        "a committer adds whom it has seen"
    );
}

#[test]
fn a_committer_adds_by_an_approval_of_a_later_time_only_where_other_clocks_merge_it() {
    let mut scene = scenario();
    let people = &scene.call.people;
    let strict = Policy {
        counter: 8,
        ..people.policy(Restrictions::AdminApproval)
    };
    let strict = ContextChange {
        policy: Some(by_admin(people, &strict)),
        ..ContextChange::default()
    };
    let open = scene.view.context.clone();
    let strict = open.with(&strict);
    let entry = BarredEntry {
        user: user(4),
        ..people.barred()
    };
    let barred = ContextChange {
        barred: vec![by_admin(people, &entry)],
        ..ContextChange::default()
    };
    let barred = open.with(&barred);
    let refused = |error| Err(CommitRefusal::Admission(error));
    let early = || refused(AdmissionError::Early);
    let half = CLOCK_TOLERANCE / 2;
    for (case, context, is_co_admins, ahead, own, others) in [
        ("near", &strict, true, half, Ok(()), Ok(())),
        ("far", &strict, true, half + 1, early(), Ok(())),
        ("farther", &strict, true, CLOCK_TOLERANCE, early(), Ok(())),
        (
            "too far",
            &strict,
            true,
            CLOCK_TOLERANCE + 1,
            early(),
            early(),
        ),
        (
            "admin's",
            &strict,
            false,
            CLOCK_TOLERANCE - 60,
            Ok(()),
            Ok(()),
        ),
        (
            "admin's far",
            &strict,
            false,
            CLOCK_TOLERANCE - 59,
            early(),
            Ok(()),
        ),
        (
            "admin's farther",
            &strict,
            false,
            CLOCK_TOLERANCE,
            early(),
            Ok(()),
        ),
        (
            "admin's too far",
            &strict,
            false,
            CLOCK_TOLERANCE + 1,
            early(),
            early(),
        ),
        ("against an entry", &barred, true, half, Ok(()), Ok(())),
        (
            "far against an entry",
            &barred,
            true,
            half + 1,
            refused(AdmissionError::Barred),
            Ok(()),
        ),
        ("without need", &open, true, half + 1, Ok(()), Ok(())),
    ] {
        let approval = Approval {
            member_key: scene.call.member_key(4).public(),
            issued: NOW.plus(ahead),
            ..people.approval()
        };
        let approval = match is_co_admins {
            true => by_co_admin(people, &approval),
            false => by_admin(people, &approval),
        };
        let leaf = scene.call.leaf(4, Admission::Approval(approval));
        scene.view.context = context.clone();
        for (is_own, expected) in [(true, own), (false, others)] {
            let commit = CommitView {
                committer: Some(0),
                is_own,
                proposals: vec![
                    (ProposalView::Add(Some(leaf.clone())), true),
                    (scene.psk(), true),
                ],
                keeps_leaf: Some(true),
            };
            let verdict = scene.of_commit(&commit).map(drop);
            assert_eq!(verdict, expected, "{case}, own: {is_own}");
        }
        let around = surroundings(&scene.roster, at(0));
        let admitted = scene.view.admits(&leaf, &around).map(drop);
        assert_eq!(admitted, own, "{case}");
    }
}

#[test]
fn a_committer_adds_only_what_holds_for_as_long_as_other_clocks_are_ahead() {
    let mut scene = scenario();
    let people = &scene.call.people;
    let context = |restrictions, until: u64| {
        let policy = Policy {
            counter: 8,
            until: NOW.plus(until),
            ..people.policy(restrictions)
        };
        scene.view.context.with(&ContextChange {
            policy: Some(by_admin(people, &policy)),
            ..ContextChange::default()
        })
    };
    let strict = context(Restrictions::AdminApproval, DAY);
    let key = scene.call.member_key(4).public();
    let approval = |is_co_admins: bool, expires: u64| {
        let approval = Approval {
            member_key: key,
            expires: NOW.plus(expires),
            ..people.approval()
        };
        Admission::Approval(match is_co_admins {
            true => by_co_admin(people, &approval),
            false => by_admin(people, &approval),
        })
    };
    let refused = |error| Err(CommitRefusal::Admission(error));
    let ending = || refused(AdmissionError::Ending);
    let expired = || refused(AdmissionError::Expired);
    let missing = || refused(AdmissionError::Missing);
    let mut cases = Vec::new();
    for is_co_admins in [false, true] {
        for (expires, own, others) in [
            (CLOCK_TOLERANCE + 1, Ok(()), Ok(())),
            (CLOCK_TOLERANCE, ending(), Ok(())),
            (1, ending(), Ok(())),
            (0, expired(), expired()),
        ] {
            let admission = approval(is_co_admins, expires);
            cases.push((strict.clone(), admission, own, others));
        }
    }
    for (until, own, others) in [
        (CLOCK_TOLERANCE + 1, Ok(()), Ok(())),
        (CLOCK_TOLERANCE, missing(), Ok(())),
        (1, missing(), Ok(())),
        (0, missing(), missing()),
    ] {
        let open = context(Restrictions::None, until);
        cases.push((open, Admission::None, own, others));
    }
    for (context, admission, own, others) in cases {
        let leaf = scene.call.leaf(4, admission);
        scene.view.context = context;
        for (is_own, expected) in [(true, own), (false, others)] {
            let commit = CommitView {
                committer: Some(0),
                is_own,
                proposals: vec![
                    (ProposalView::Add(Some(leaf.clone())), true),
                    (scene.psk(), true),
                ],
                keeps_leaf: Some(true),
            };
            let verdict = scene.of_commit(&commit).map(drop);
            assert_eq!(verdict, expected, "own: {is_own}, {:?}", leaf.admission);
        }
    }
}

#[test]
fn check_4_is_about_removals() {
    let scene = scenario();
    let refused = Err(CommitRefusal::Removal);
    assert_eq!(scene.of([ProposalView::Remove(1)]), refused, "it is there");
    assert_eq!(scene.of([ProposalView::Remove(9)]), refused, "it is nobody");
    let mut entry = scene.call.people.barred();
    entry.user = user(2);
    let barred = ContextChange {
        barred: vec![by_admin(&scene.call.people, &entry)],
        ..ContextChange::default()
    };
    let put_out = scene.of([ProposalView::Remove(1), scene.context(&barred)]);
    assert_eq!(put_out.unwrap().removed, [(1, RemovalReason::Barred)]);
    let other = scene.of([ProposalView::Remove(0), scene.context(&barred)]);
    assert_eq!(other, refused, "the statement names somebody else");
    let replayed = scene.of([ProposalView::Remove(1), scene.add(2)]);
    assert_eq!(
        replayed, refused,
        "the key package is not later than the leaf"
    );
    let mut later = scene.call.leaf(2, Admission::None);
    later.serial += 1;
    let anew = scene.of([ProposalView::Remove(1), ProposalView::Add(Some(later))]);
    assert_eq!(anew.unwrap().removed, [(1, RemovalReason::AddedAnew)]);
    let mut impostor = scene.call.leaf(2, Admission::None);
    impostor.member_key = scene.call.member_key(7).public();
    let replaced = scene.of([ProposalView::Remove(1), ProposalView::Add(Some(impostor))]);
    assert_eq!(replaced, refused, "another key takes the device over");
    let early = scene.with_world(|world| world.moment = at(1_999), ProposalView::Remove(2));
    assert_eq!(early, refused, "2 s are not over");
}

#[test]
fn a_newcomer_checks_every_leaf() {
    let scene = scenario();
    let world = surroundings(&scene.roster, at(0));
    let reasons = verdict_of_newcomer(&scene.view, &world).unwrap();
    assert_eq!(reasons.len(), 3);
    let mut twice = scene.view.clone();
    twice.leaves.insert(5, scene.call.leaf(1, Admission::None));
    let duplicate = verdict_of_newcomer(&twice, &world);
    assert_eq!(duplicate, Err(CommitRefusal::Duplicate));
    let mut strict = scene.view.clone();
    strict.context = scene.call.link.context().clone();
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    assert_eq!(verdict_of_newcomer(&strict, &world), Err(missing));
    assert_eq!(BTreeSet::from_iter(scene.view.leaves.keys()).len(), 3);
}

#[test]
fn a_newcomer_takes_no_tree_in_which_one_of_many_approvals_does_not_hold() {
    let scene = scenario();
    let world = surroundings(&scene.roster, at(0));
    let mut good = scene.view.clone();
    good.context = scene.call.link.context().clone();
    let approved = |device| {
        let approval = scene.call.approval(device);
        (
            device - 1,
            scene.call.leaf(device, Admission::Approval(approval)),
        )
    };
    good.leaves = (1..=8).map(approved).collect();
    let reasons = verdict_of_newcomer(&good, &world).unwrap();
    assert_eq!(reasons.len(), 8);
    let of_leaf = |device| scene.call.approval(device);
    let changed = |at: usize| {
        let mut bytes = of_leaf(5).as_bytes().to_vec();
        let at = bytes.len() - at;
        bytes[at] ^= 1;
        SignedStatement::<Approval>::parse(&bytes).unwrap()
    };
    let other_room = people_of(room(9));
    let foreign = by_admin(&other_room, &other_room.approval());
    for (approval, expected) in [
        (
            changed(1),
            AdmissionError::Approval(StatementError::Signature),
        ),
        (
            changed(64),
            AdmissionError::Approval(StatementError::Signature),
        ),
        // The last byte of its end, which is signed.
        (
            changed(65),
            AdmissionError::Approval(StatementError::Signature),
        ),
        (foreign, AdmissionError::Approval(StatementError::OtherRoom)),
        (of_leaf(4), AdmissionError::OtherUser),
    ] {
        let mut bad = good.clone();
        let leaf = scene.call.leaf(5, Admission::Approval(approval));
        bad.leaves.insert(4, leaf);
        let refusal = CommitRefusal::Admission(expected);
        assert_eq!(verdict_of_newcomer(&bad, &world), Err(refusal));
    }
}
