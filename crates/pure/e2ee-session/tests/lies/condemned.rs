//! A committer whose commit most users have refused, and that starts the next group.

use anteroom_e2ee::{Admission, ContextChange, EraHistory, Group, GroupChange, GroupStart};
use anteroom_e2ee_session::{Event, Input, Message};

use crate::{
    insider::{Insider, candidate, leaf, link_of, world},
    insiders::{INSIDER, remove_innocent},
    people::{Room, rng, user},
    private_groups::asking,
    stage::{Hop, Stage},
};

/// The number of the insider's second key.
const SECOND: u64 = 19;

/// Three people and an insider, where no admin is in the call.
fn without_admin() -> (Stage, Insider) {
    let mut stage = Stage::new(Room::open());
    for number in 0..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(4_000);
    stage.assert_together(&[0, 1, 2]);
    let insider = Insider::join(&mut stage, INSIDER, Admission::None).unwrap();
    // From now on the next group can be started.
    stage.run(8_000);
    stage.forget();
    (stage, insider)
}

/// Lets the insider become condemned, and start a group with this number, in which the others are later.
fn start(stage: &mut Stage, insider: &mut Insider, number: u32) -> Group {
    insider.follow(stage);
    let view = insider.group.view().unwrap();
    let own = view.leaves[&insider.group.own_leaf()].clone();
    remove_innocent(stage, insider);
    stage.lie(|hop| match hop {
        Hop::ToService(0..3, Message::Commit(commit)) if commit.epoch.epoch == 0 => Vec::new(),
        hop => vec![hop],
    });
    stage.run(4_000);
    let context = ContextChange {
        policy: stage.room.policy.clone(),
        ..ContextChange::default()
    };
    let start = GroupStart {
        link: link_of(&stage.room),
        member_key: stage.room.member_key(INSIDER),
        leaf: &own,
        number,
        context: &context,
        history: EraHistory::of_founder(),
    };
    let around = world(&insider.roster, insider.now, stage);
    Group::start(start, &around, &mut rng(31)).unwrap()
}

/// The change that adds all who ask.
fn all_who_ask(stage: &Stage) -> GroupChange {
    let mut all = GroupChange::default();
    all.add.extend((0..3).map(|who| asking(stage, who)));
    all
}

/// Its first commit adds a second key of its own, and its second one all who ask.
#[test]
fn nobody_enters_the_group_of_a_condemned_committer_by_its_second_commit() {
    let (mut stage, mut insider) = without_admin();
    let mut group = start(&mut stage, &mut insider, 2);
    let mut second = leaf(&stage, SECOND, 16 * 60_000, Admission::None);
    second.user = user(INSIDER);
    let second = insider.adding(&candidate(&mut stage, SECOND, second));
    let all = all_who_ask(&stage);
    let mut rng = rng(32);
    for change in [second, all] {
        let made = {
            let around = world(&insider.roster, insider.now, &stage);
            let made = group.commit(&change, &around, &mut rng).unwrap();
            group
                .receive_commit(made.epoch, &made.body, &around)
                .unwrap();
            made
        };
        insider.send(&mut stage, made);
    }
    stage.be_honest();
    stage.run(20_000);
    for who in 0..3 {
        let groups = stage.seen(who, |event| match event {
            Event::Entered { epoch, .. } => Some(epoch.group),
            _ => None,
        });
        assert_eq!(groups, [3], "{who}");
    }
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

/// The room service and the insider work together.
#[test]
fn a_condemned_committer_puts_nobody_off_the_next_group_by_a_welcome_of_a_far_number() {
    let (mut stage, mut insider) = without_admin();
    let mut group = start(&mut stage, &mut insider, 4_000_000_000);
    let made = {
        let around = world(&insider.roster, insider.now, &stage);
        let all = all_who_ask(&stage);
        group.commit(&all, &around, &mut rng(32)).unwrap()
    };
    let (_, body) = made.welcome.unwrap();
    for who in 0..3 {
        let welcome = Input::Welcome {
            at: made.epoch.next(),
            from: stage.people[insider.who].demux.unwrap(),
            body: body.clone(),
        };
        stage.tell(who, welcome);
    }
    stage.be_honest();
    stage.run(20_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}
