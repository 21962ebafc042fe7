//! A service that shows two people different commits, withholds one, or tells them in another order.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use anteroom_e2ee_session::{
    BarScope, Command, CommandError, Event, Input, LeaveReason, Message, RelayClass, StopReason,
};
use anteroom_protocol::GroupEpoch;

use crate::{
    people::Room,
    stage::{Hop, Stage},
};

/// Three people together, the first two of them admins.
fn three() -> Stage {
    let mut stage = Stage::new(Room::open());
    for number in 0..2 {
        let person = stage.room.admin(number);
        stage.join(person);
    }
    let person = stage.room.person(2);
    stage.join(person);
    stage.run(6_000);
    stage.assert_together(&[0, 1, 2]);
    stage.forget();
    stage
}

/// The numbers of the words that a person sees.
fn words(stage: &mut Stage, who: usize) -> [u16; 6] {
    let now = stage.now();
    let shown = stage.people[who].session.show_words(now).unwrap();
    shown.words.map(|word| word.number)
}

/// Whether a person was told that another one is confirmed or not, each time.
fn confirmations(stage: &Stage, who: usize, leaf: u32) -> Vec<bool> {
    stage.seen(who, |event| match event {
        Event::Confirmation {
            leaf: of,
            is_confirmed,
        } if *of == leaf => Some(*is_confirmed),
        _ => None,
    })
}

/// The same, the last time.
fn confirmation(stage: &Stage, who: usize, leaf: u32) -> Option<bool> {
    confirmations(stage, who, leaf).last().copied()
}

fn has_stopped(stage: &Stage, who: usize) -> bool {
    let stopped = Event::SendingStopped(StopReason::NotConfirmed);
    let name = format!("{stopped:?}");
    stage.has_seen(who, |event| format!("{event:?}") == name)
}

#[test]
fn a_fork_shows_different_words_and_lasts_no_longer_than_confirmations() {
    let mut stage = three();
    let device = stage.people[0].demux.unwrap();
    let mut is_forked = false;
    stage.lie(move |hop| match hop {
        // The first person's commit comes back to itself alone. It sees no commit of the others.
        Hop::ToService(0, Message::Commit(commit)) if !is_forked => {
            is_forked = true;
            vec![Hop::ToPerson(
                0,
                Input::Commit {
                    at: commit.epoch,
                    from: device,
                    body: commit.body,
                },
            )]
        }
        Hop::ToPerson(0, Input::Commit { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let leaf = stage.status(1, 0).leaf;
    for who in 0..2 {
        stage.command(who, Command::Lock(true));
    }
    stage.run(500);
    let epochs = [0, 1, 2].map(|who: usize| stage.people[who].session.have());
    assert!(
        epochs[0] == epochs[1] && epochs[1] == epochs[2],
        "one number"
    );
    let words = [0, 1, 2].map(|who| words(&mut stage, who));
    assert_ne!(words[0], words[1]);
    assert_eq!(words[1], words[2]);
    assert_eq!(stage.heard(0, "from the one branch"), []);
    assert_eq!(stage.heard(1, "from the other"), [(2, Some(1))]);
    stage.run(5_000);
    assert!(!has_stopped(&stage, 0), "not yet");
    stage.run(16_000);
    assert!(has_stopped(&stage, 0), "it hears nobody");
    // It has asked, was added anew, and is confirmed when it is heard.
    assert_eq!(confirmations(&stage, 1, leaf), [false, true]);
    stage.assert_together(&[0, 1, 2]);
    assert!(!has_stopped(&stage, 1), "one of two others");
    stage.be_honest();
    stage.run(40_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

#[test]
fn a_commit_that_one_member_does_not_see_leaves_it_unconfirmed_until_it_is_in_again() {
    let mut stage = three();
    stage.lie(|hop| match hop {
        Hop::ToPerson(2, Input::Commit { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let leaf = stage.status(0, 2).leaf;
    stage.command(0, Command::Lock(true));
    stage.run(500);
    assert_eq!(stage.heard(0, "after it"), [(1, Some(0))]);
    assert_eq!(
        stage.heard(2, "before it"),
        [(0, Some(2)), (1, Some(2))],
        "past epochs open"
    );
    stage.run(22_000);
    let left_or_stopped = has_stopped(&stage, 2)
        || stage.has_seen(2, |event| {
            matches!(event, Event::Left(LeaveReason::MissedCommit))
        });
    assert!(left_or_stopped);
    assert!(
        confirmation(&stage, 0, leaf) == Some(false)
            || stage.has_seen(0, |event| matches!(event, Event::MemberRemoved { .. })),
    );
    stage.be_honest();
    stage.run(40_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

#[test]
fn a_commit_that_arrives_changed_costs_its_reader_a_group() {
    let mut stage = three();
    let mut is_changed = false;
    stage.lie(move |mut hop| {
        if let Hop::ToPerson(2, Input::Commit { body, .. }) = &mut hop
            && !is_changed
        {
            is_changed = true;
            body[40] ^= 1;
        }
        vec![hop]
    });
    stage.command(0, Command::Lock(true));
    stage.run(300);
    let device = stage.people[0].demux.unwrap();
    assert!(stage.has_seen(2, |event| {
        matches!(event, Event::CommitRefused { from, committer: None, .. } if *from == device)
    }));
    stage.run(30_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

/// The second refusal leads to no next group: the others would start one whenever somebody says so.
#[test]
fn commits_that_arrive_changed_again_and_again_keep_nobody_out_for_good() {
    let mut stage = three();
    let mut changed = 0;
    stage.lie(move |mut hop| {
        if let Hop::ToPerson(2, Input::Commit { body, .. }) = &mut hop
            && changed < 2
        {
            changed += 1;
            body[40] ^= 1;
        }
        vec![hop]
    });
    for is_on in [true, false] {
        stage.command(0, Command::Lock(is_on));
        stage.run(15_000);
    }
    let refused = stage.seen(2, |event| match event {
        Event::CommitRefused { .. } => Some(()),
        _ => None,
    });
    assert_eq!(refused.len(), 2);
    assert_eq!(stage.people[2].session.have(), None);
    stage.run(15_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
    let epoch = stage.people[2].session.have().unwrap();
    assert_eq!(epoch.group, 2, "one next group for two refusals");
}

/// The reader has heard nobody but the device that started the group, so it refuses the start. That is a commit of
/// the same committer too.
#[test]
fn a_refusal_of_the_start_of_a_group_is_one_of_its_committer() {
    let mut stage = three();
    let other = stage.people[1].demux.unwrap();
    let mut changed = 0;
    stage.lie(move |mut hop| match &mut hop {
        Hop::ToPerson(2, Input::Commit { body, .. }) if changed < 2 => {
            changed += 1;
            body[40] ^= 1;
            vec![hop]
        }
        Hop::ToPerson(2, Input::Relay { from, .. }) if *from == other && changed == 1 => Vec::new(),
        _ => vec![hop],
    });
    stage.command(0, Command::Lock(true));
    for _ in 0..300 {
        let epoch = stage.people[2].session.have();
        if epoch.is_some_and(|epoch| epoch.group == 2) {
            break;
        }
        stage.run(50);
    }
    stage.assert_together(&[0, 1, 2]);
    let start = GroupEpoch { group: 2, epoch: 0 };
    stage.command(0, Command::Lock(false));
    stage.run(30_000);
    let refused = stage.seen(0, |event| match event {
        Event::RefusedByOther { at, .. } => Some(*at),
        _ => None,
    });
    assert_eq!(refused.last(), Some(&start));
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
    let epoch = stage.people[2].session.have().unwrap();
    assert_eq!(epoch.group, 2, "one next group for two refusals");
}

#[test]
fn commits_in_another_order_are_not_merged() {
    let mut stage = three();
    let mut held = VecDeque::new();
    stage.lie(move |hop| match hop {
        // Each commit waits for the next one.
        Hop::ToPerson(2, Input::Commit { .. }) => {
            held.push_back(hop);
            match held.len() {
                2 => held.drain(..).rev().collect(),
                _ => Vec::new(),
            }
        }
        hop => vec![hop],
    });
    for is_on in [true, false, true, false] {
        stage.command(0, Command::Lock(is_on));
        stage.run(1_100);
    }
    stage.be_honest();
    stage.run(40_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

/// An admin puts out the last of four people. The service keeps the commit from the two last ones, which it
/// lets hear each other.
fn withheld_bar(stage: &mut Stage) {
    let person = stage.room.person(3);
    stage.join(person);
    stage.run(2_000);
    stage.assert_together(&[0, 1, 2, 3]);
    stage.forget();
    let before = stage.people[2].session.have().unwrap();
    stage.lie(move |mut hop| match &mut hop {
        Hop::ToPerson(2 | 3, Input::Commit { .. } | Input::StaleCommit { .. }) => Vec::new(),
        Hop::ToPerson(2 | 3, Input::Joined(seat)) => {
            (seat.present, seat.missed) = (Some(before), 0);
            vec![hop]
        }
        _ => vec![hop],
    });
    let device = stage.people[3].demux.unwrap();
    let scope = BarScope::Device;
    stage.command(0, Command::Bar { device, scope });
}

#[test]
fn connections_that_break_again_and_again_do_not_prolong_a_fork() {
    let mut stage = three();
    withheld_bar(&mut stage);
    for round in 0..12 {
        stage.run(15_000);
        stage.disconnect(2);
        stage.connect(2);
        assert!(
            round < 3 || !stage.people[2].session.may_send(),
            "round {round}"
        );
    }
    assert!(has_stopped(&stage, 2));
}

#[test]
fn a_connection_that_stays_broken_ends_the_sending_too() {
    let mut stage = three();
    stage.disconnect(2);
    let now = stage.now();
    let say = Command::Say("is anybody there".to_owned());
    let session = &mut stage.people[2].session;
    let said = session.command(say, now, &mut stage.rng);
    assert_eq!(said, Err(CommandError::NotConnected));
    assert!(session.may_send());
    stage.run(21_000);
    assert!(has_stopped(&stage, 2));
}

/// The service keeps what the third person says from the first one, and lets its leaf be made anew each 10 s.
#[test]
fn a_member_that_is_added_anew_again_and_again_unheard_is_not_confirmed() {
    for is_taken_out in [false, true] {
        let mut stage = three();
        let second = stage.people[1].demux.unwrap();
        stage.lie(move |hop| match &hop {
            Hop::ToPerson(0, Input::Relay { from, body }) if *from != second && body[0] == 3 => {
                Vec::new()
            }
            _ => vec![hop],
        });
        for round in 0..5 {
            stage.leave(2);
            if is_taken_out {
                stage.run(4_000);
                stage.assert_together(&[0, 1]);
            }
            stage.connect(2);
            stage.run(6_000);
            stage.assert_together(&[0, 1, 2]);
            let is_confirmed = stage.status(0, 2).is_confirmed;
            assert!(round < 3 || !is_confirmed, "round {round}");
            assert!(stage.status(1, 2).is_confirmed, "the second hears it");
        }
        stage.be_honest();
        stage.run(11_000);
        assert!(stage.status(0, 2).is_confirmed);
    }
}

/// The service keeps confirmations of the others, as each of them is good for 20 s and comes after 10 s, and has
/// many when it withholds a commit.
#[test]
fn confirmations_that_the_service_keeps_do_not_prolong_a_fork() {
    let mut stage = three();
    let kept: Rc<RefCell<[VecDeque<Input>; 2]>> = Rc::default();
    let keeper = Rc::clone(&kept);
    let devices = [1, 2].map(|who: usize| stage.people[who].demux.unwrap());
    let present = stage.people[0].session.have();
    let withheld = Rc::new(RefCell::new(false));
    let is_withheld = Rc::clone(&withheld);
    stage.lie(move |hop| match hop {
        Hop::ToPerson(0, Input::Relay { from, body }) => {
            let sender = devices.iter().position(|device| *device == from);
            if let Some(sender) = sender.filter(|_| !*is_withheld.borrow()) {
                keeper.borrow_mut()[sender].push_back(Input::Relay { from, body });
            }
            Vec::new()
        }
        Hop::ToPerson(0, Input::Commit { .. }) if *is_withheld.borrow() => Vec::new(),
        // It asks to be added anew.
        Hop::ToService(0, Message::Relay(RelayClass::KeyPackage, _)) => Vec::new(),
        hop => vec![hop],
    });
    let deliver = |stage: &mut Stage| {
        for sender in 0..2 {
            let message = kept.borrow_mut()[sender].pop_front();
            stage.tell(0, message.unwrap());
        }
        stage.run(19_000);
    };
    stage.run(9_000);
    for _ in 0..20 {
        deliver(&mut stage);
    }
    *withheld.borrow_mut() = true;
    stage.command(1, Command::Lock(true));
    stage.run(500);
    assert_ne!(stage.people[1].session.have(), present);
    assert_eq!(stage.people[0].session.have(), present);
    for _ in 0..4 {
        deliver(&mut stage);
        assert!(!stage.people[0].session.may_send());
    }
    assert!(has_stopped(&stage, 0));
    stage.be_honest();
    stage.run(40_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}
