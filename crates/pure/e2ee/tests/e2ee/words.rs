//! Verification words: no two groups of an era show the same ones.
//!
//! Somebody in the middle, who holds the link and controls the room service, welcomes two people into a group
//! each, and wants both to show the same words. The words are a function of the epoch authenticator alone, and
//! nobody chooses an authenticator: it comes out of the key schedule of MLS. A try is therefore a new epoch
//! with one of the two people in it, and the words of it: Argon2id is most of the cost. Any two tries may
//! meet, those of the same group too.
//!
//! `cargo xtask grind` makes 2^16 tries at their full cost. The test run makes a few, and a unit test of
//! `words.rs` 2^16 at the lowest cost of Argon2id, which is less work for a try and no better chance.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    num::NonZeroUsize,
    sync::Mutex,
    thread,
};

use anteroom_e2ee::{
    Admission, Applicant, ContextChange, EraHistory, Group, GroupChange, GroupLink, GroupStart,
    MemberKey, MemberLeaf, RosterHistory,
};
use anteroom_protocol::Restrictions;

use crate::{
    call::{Call, at, surroundings},
    common::rng,
};

/// The tries of the test run.
const TRIES: usize = 64;

/// The numbers of the words of the present epoch.
fn words(group: &Group) -> [u16; 6] {
    group.verification_words().unwrap().map(|one| one.number)
}

/// Somebody in the middle.
struct Middle {
    link: GroupLink,
    context: ContextChange,
    key: MemberKey,
    leaf: MemberLeaf,
}

impl Middle {
    /// Makes the group with this number of the era, adds the person, and returns the words that the person
    /// would see.
    fn attempt(&self, number: u32, person: &Applicant, seed: u64) -> [u16; 6] {
        let (roster, mut rng) = (RosterHistory::default(), rng(seed));
        let world = surroundings(&roster, at(10_000));
        let start = GroupStart {
            link: self.link.clone(),
            member_key: self.key.clone(),
            leaf: &self.leaf,
            number,
            context: &self.context,
            history: EraHistory::of_founder(),
        };
        let mut group = Group::start(start, &world, &mut rng).unwrap();
        let change = GroupChange {
            add: vec![person.clone()],
            ..GroupChange::default()
        };
        let commit = group.commit(&change, &world, &mut rng).unwrap();
        group
            .receive_commit(commit.epoch, &commit.body, &world)
            .unwrap();
        words(&group)
    }
}

#[test]
fn somebody_in_the_middle_finds_no_two_groups_with_the_same_words() {
    let tries = env::var("ANTEROOM_WORD_TRIES").ok();
    let tries = tries.map_or(TRIES, |tries| tries.parse().unwrap());
    let mut call = Call::new(Restrictions::None);
    let people = [2, 3].map(|device| {
        let candidate = call.candidate(call.leaf(device, Admission::None));
        call.applicant(&candidate)
    });
    let middle = Middle {
        link: call.link.clone(),
        context: call.context.clone(),
        key: call.member_key(1),
        leaf: call.leaf(1, Admission::None),
    };
    let seen: Mutex<BTreeMap<[u16; 6], u64>> = Mutex::default();
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (middle, people, seen) = (&middle, &people, &seen);
            scope.spawn(move || {
                for number in (worker..tries).step_by(workers) {
                    let group = number % people.len();
                    let seed = u64::try_from(number).unwrap();
                    let words = middle.attempt(u32::try_from(group).unwrap(), &people[group], seed);
                    let other = seen.lock().unwrap().insert(words, seed);
                    assert_eq!(other, None, "the tries {other:?} and {seed} are equal");
                }
            });
        }
    });
    assert_eq!(seen.into_inner().unwrap().len(), tries);
}

#[test]
fn every_epoch_and_every_branch_of_the_groups_of_an_era_has_words_of_its_own() {
    let mut call = Call::with_members(2);
    let mut seen = BTreeSet::from([words(&call.members[0].group)]);
    assert!(seen.contains(&words(&call.members[1].group)));
    // Each member commits. The room service tells each one its own commit alone.
    let candidate = call.candidate(call.leaf(3, Admission::None));
    let change = call.adding(&candidate);
    let world = surroundings(&call.roster, call.now);
    for member in 0..2 {
        let group = &mut call.members[member].group;
        let commit = group.commit(&change, &world, &mut call.rng).unwrap();
        group
            .receive_commit(commit.epoch, &commit.body, &world)
            .unwrap();
        assert!(seen.insert(words(group)), "the branch of member {member}");
    }
    // Two more groups with the same number, person, context and link, and one with the next number.
    let leaf = call.leaf(1, Admission::None);
    for number in [0, 0, 1] {
        let start = GroupStart {
            link: call.link.clone(),
            member_key: call.member_key(1),
            leaf: &leaf,
            number,
            context: &call.context,
            history: EraHistory::of_founder(),
        };
        let group = Group::start(start, &world, &mut call.rng).unwrap();
        assert!(seen.insert(words(&group)), "group {number}");
    }
    assert_eq!(seen.len(), 6);
}
