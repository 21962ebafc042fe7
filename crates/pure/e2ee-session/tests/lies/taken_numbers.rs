//! A member that adds a key of its own under the number of somebody else.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{Admission, Approval, CommitRefusal, Moment};
use anteroom_e2ee_session::Event;

use crate::{
    insider::{Insider, candidate, leaf},
    insiders::{INSIDER, approval_of, sign, with_insider},
    people::user,
    stage::Stage,
};

/// The number of the insider's second key.
const SECOND: u64 = 19;

/// Commits a leaf of the insider's second key under a person's number, in place of an earlier one.
fn take_number(stage: &mut Stage, insider: &mut Insider, who: usize) {
    let demux = stage.people[who].demux.unwrap().number();
    let mut leaf = leaf(stage, SECOND, demux, Admission::None);
    leaf.user = user(INSIDER);
    let approval = Approval {
        user: user(INSIDER),
        member_key: leaf.member_key,
        ..approval_of(stage, SECOND, 0).claimed().clone()
    };
    leaf.admission = Admission::Approval(sign(stage, &approval));
    let candidate = candidate(stage, SECOND, leaf);
    let mut change = insider.adding(&candidate);
    change.remove.extend(taken(stage, insider));
    insider.commit(stage, &change);
    insider.follow(stage);
}

/// The leaf of the insider's second key.
fn taken(stage: &Stage, insider: &Insider) -> Option<u32> {
    let key = stage.room.member_key(SECOND).public();
    let view = insider.group.view().unwrap();
    let mut leaves = view.leaves.iter();
    let leaf = leaves.find(|(_, leaf)| leaf.member_key == key);
    leaf.map(|(leaf, _)| *leaf)
}

/// The insider makes the leaf anew each second.
#[test]
fn a_member_that_takes_the_number_of_a_newcomer_keeps_it_out_for_some_seconds() {
    let (mut stage, mut insider) = with_insider();
    // To the insider's own eyes everybody may be taken out.
    let first = Moment::new(Duration::from_secs(1));
    insider.roster.update(BTreeSet::new(), first);
    let newcomer = stage.room.approved(3);
    let newcomer = stage.join(newcomer);
    stage.approve(0, newcomer, None);
    for _ in 0..5 {
        take_number(&mut stage, &mut insider, newcomer);
        stage.run(1_000);
        insider.follow(&mut stage);
        if taken(&stage, &insider).is_none() {
            break;
        }
    }
    stage.run(1_000);
    let all = BTreeSet::from([0, 1, 2, newcomer, insider.who]);
    let epoch = stage.people[0].session.have();
    for who in [0, 1, 2, newcomer] {
        assert_eq!(stage.people[who].session.have(), epoch);
        assert_eq!(stage.group_of(who), all);
    }
    stage.assert_talk(&[0, 1, 2, newcomer]);
    for who in 0..3 {
        let refused = stage.seen(who, |event| match event {
            Event::NotAdmitted { claims, refusal } => Some((claims.user.clone(), *refusal)),
            _ => None,
        });
        assert_eq!(refused, [(user(3), CommitRefusal::Duplicate)]);
    }
}
