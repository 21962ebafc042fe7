//! Devices that come and go.

use anteroom_call::Message as Told;
use anteroom_e2ee::{OutgoingCommit, RemovalReason};
use anteroom_e2ee_session::{
    Command, Event, Input, JoinedSeat, LeaveReason, Message, Output, RelayClass, RosterDevice,
    SeatStatus, Session, StopReason,
};
use anteroom_protocol::{DemuxId, GroupEpoch};

use crate::{
    harness::{Harness, Hop},
    people::{ERA, admin, person, rng},
};

fn say(text: &str) -> Command {
    Command::Say(text.to_owned())
}

fn everybody(number: usize) -> Vec<usize> {
    (0..number).collect()
}

fn has<F: Fn(&Event) -> bool>(call: &mut Harness, device: usize, is: F) -> bool {
    call.take_events(device).iter().any(is)
}

#[test]
fn two_devices_meet_talk_and_part() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(1_000);
    call.agree(&[0, 1]);
    assert_eq!(call.epoch(0), Some(GroupEpoch { group: 1, epoch: 1 }));
    assert!(has(&mut call, 1, |event| matches!(
        event,
        Event::SendingResumed
    )));
    call.command(0, say("hello"));
    call.command(1, say("hello yourself"));
    call.run(100);
    assert_eq!(call.texts(1), ["hello"]);
    call.leave(1);
    call.run(2_500);
    assert_eq!(call.devices[0].session.members().len(), 2, "not yet");
    call.run(1_000);
    call.agree(&[0]);
    assert!(has(&mut call, 0, |event| matches!(
        event,
        Event::MemberRemoved {
            leaf: 1,
            reason: RemovalReason::Absent,
            ..
        }
    )));
}

#[test]
fn a_device_alone_starts_no_group() {
    let mut call = Harness::of([person(1)]);
    call.run(30_000);
    assert_eq!(call.epoch(0), None);
    assert!(!call.devices[0].session.may_send());
}

#[test]
fn ten_devices_are_together_within_two_seconds() {
    let mut call = Harness::of((1..=10).map(person));
    call.run(2_000);
    call.agree(&everybody(10));
    let epochs = call.epoch(0).unwrap().epoch;
    assert!(epochs <= 4, "adds are collected: {epochs} commits");
    for leaver in [3, 0, 9] {
        call.leave(leaver);
    }
    call.run(4_000);
    call.agree(&[1, 2, 4, 5, 6, 7, 8]);
    call.join(person(11));
    call.run(1_000);
    call.agree(&[1, 2, 4, 5, 6, 7, 8, 10]);
}

#[test]
fn fifty_devices_come_and_go_and_hear_each_other() {
    let mut call = Harness::of((1..=50).map(person));
    call.run(4_000);
    call.agree(&everybody(50));
    let mut inside = everybody(50);
    for round in 0_u32..2 {
        for _ in 0..5 {
            let leaver = inside.remove(call.random(inside.len()));
            call.leave(leaver);
            call.run(100);
        }
        for number in 0..5 {
            inside.push(call.join(person(51 + 5 * round + number)));
            call.run(100);
        }
    }
    call.run(6_000);
    call.agree(&inside);
    call.command(inside[7], say("to all"));
    call.run(100);
    for device in inside.iter().filter(|device| **device != inside[7]) {
        assert_eq!(call.texts(*device), ["to all"], "{device}");
    }
}

#[test]
fn the_next_device_commits_for_one_that_vanished() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    // The room service has not noticed yet that the first device is gone.
    call.cut(0);
    call.join(person(4));
    call.run(2_000);
    assert_eq!(call.devices[3].session.have(), None);
    call.run(800);
    let epoch = call.epoch(3);
    assert!(epoch.is_some());
    assert_eq!([1, 2].map(|device| call.epoch(device)), [epoch; 2]);
    call.run(65_000);
    call.agree(&[1, 2, 3]);
}

#[test]
fn a_committer_that_vanishes_with_its_commit_on_the_way_is_replaced() {
    for is_taken in [true, false] {
        let mut call = Harness::of((1..=3).map(person));
        call.run(1_000);
        call.agree(&[0, 1, 2]);
        call.filter(move |device, hop| {
            let is_last = matches!(hop, Hop::ToService(Message::Commit(_)));
            device != 0 || !is_last || is_taken
        });
        call.join(person(4));
        // The commit is on its way, 250 ms after the key package.
        call.run(305);
        call.cut(0);
        call.run(70_000);
        call.agree(&[1, 2, 3]);
    }
}

#[test]
fn of_two_commits_at_once_the_first_counts_and_the_second_is_made_again() {
    let mut call = Harness::of([admin(1), admin(2), person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    call.command(0, Command::Lock(true));
    call.command(1, Command::SetCoAdmins(Vec::new()));
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let events = call.take_events(2);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Lock { is_on: true, .. }))
    );
    let policies = events
        .iter()
        .filter(|event| matches!(event, Event::Policy(_)));
    assert_eq!(policies.count(), 1);
}

#[test]
fn a_device_that_comes_back_to_its_seat_catches_up() {
    let mut call = Harness::of((1..=4).map(person));
    call.run(1_000);
    call.agree(&[0, 1, 2, 3]);
    call.disconnect(2);
    call.leave(3);
    call.join(person(5));
    call.run(8_000);
    call.connect(2);
    call.run(5_000);
    call.agree(&[0, 1, 2, 4]);
    assert!(!has(&mut call, 2, |event| matches!(event, Event::Left(_))));
}

#[test]
fn a_device_whose_seat_is_over_comes_back_as_a_new_leaf() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    call.disconnect(0);
    call.run(40_000);
    call.agree(&[1, 2]);
    call.connect(0);
    call.run(2_000);
    call.agree(&[0, 1, 2]);
    assert!(has(&mut call, 0, |event| matches!(
        event,
        Event::Left(LeaveReason::NewSeat)
    )));
}

#[test]
fn a_lost_commit_is_sent_again() {
    let mut call = Harness::of([person(1)]);
    let mut lost = 0;
    call.filter(move |_, hop| {
        let is_commit = matches!(hop, Hop::ToService(Message::Commit(_)));
        lost += usize::from(is_commit);
        !is_commit || lost > 1
    });
    call.join(person(2));
    call.run(3_000);
    call.agree(&[0, 1]);
}

#[test]
fn a_device_that_missed_a_commit_is_added_anew() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.filter(|device, hop| device != 2 || !matches!(hop, Hop::ToSession(Told::Commit { .. })));
    call.join(person(4));
    call.run(1_000);
    call.filter(|_, _| true);
    call.join(person(5));
    call.run(6_000);
    call.agree(&[0, 1, 2, 3, 4]);
    assert!(has(&mut call, 2, |event| matches!(
        event,
        Event::Left(LeaveReason::MissedCommit)
    )));
}

#[test]
fn a_device_whose_commits_are_withheld_stops_sending() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.filter(|device, hop| {
        device != 2
            || !matches!(
                hop,
                Hop::ToSession(Told::Commit { .. } | Told::GroupError { .. })
            )
    });
    call.join(person(4));
    call.run(19_000);
    assert!(call.devices[2].session.may_send());
    call.take_events(0);
    call.run(12_000);
    let events = call.take_events(2);
    let is_told = |event: &Event| matches!(event, Event::SendingStopped(StopReason::NotConfirmed));
    assert!(events.iter().any(is_told), "{events:#?}");
    assert!(has(&mut call, 0, |event| matches!(
        event,
        Event::Confirmation {
            leaf: 2,
            is_confirmed: false
        }
    )));
    call.filter(|_, _| true);
    call.run(15_000);
    call.agree(&[0, 1, 2, 3]);
}

#[test]
fn who_sends_nothing_confirms_every_ten_seconds() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    let (count, counted) = counter();
    call.filter(move |_, hop| {
        if matches!(
            hop,
            Hop::ToService(Message::Relay(RelayClass::Confirmation, _))
        ) {
            count.set(count.get() + 1);
        }
        true
    });
    call.run(60_000);
    assert_eq!(counted.get(), 18);
}

#[test]
fn commits_one_after_the_other_are_not_answered_by_confirmations_each() {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(5_000);
    let (count, counted) = counter();
    call.filter(move |device, hop| {
        if device == 2
            && matches!(
                hop,
                Hop::ToService(Message::Relay(RelayClass::Confirmation, _))
            )
        {
            count.set(count.get() + 1);
        }
        true
    });
    for number in 0..40 {
        call.command(0, Command::Lock(number % 2 == 0));
        call.run(500);
    }
    // One each 5 s, and the ones that are due.
    assert!((2..=6).contains(&counted.get()), "{}", counted.get());
    call.agree(&[0, 1, 2]);
}

fn counter() -> (
    std::rc::Rc<core::cell::Cell<u32>>,
    std::rc::Rc<core::cell::Cell<u32>>,
) {
    let count = std::rc::Rc::new(core::cell::Cell::new(0));
    (count.clone(), count)
}

#[test]
fn after_a_commit_that_does_not_hold_the_next_group_starts_without_its_sender() {
    for has_admin in [true, false] {
        let first = if has_admin { admin(1) } else { person(1) };
        let mut call = Harness::of([person(2), first, person(3), person(4)]);
        call.run(1_000);
        call.agree(&[0, 1, 2, 3]);
        call.run(10_000);
        let garbage = OutgoingCommit {
            epoch: call.epoch(0).unwrap(),
            body: b"garbage".to_vec(),
            welcome: None,
        };
        call.send_as(2, Message::Commit(garbage));
        call.run(50);
        assert!(!call.devices[0].session.may_send());
        assert!(has(&mut call, 0, |event| matches!(
            event,
            Event::CommitRefused {
                committer: None,
                ..
            }
        )));
        call.run(4_000);
        call.agree(&[0, 1, 3]);
        assert_eq!(call.epoch(0).map(|epoch| epoch.group), Some(2));
        let own = |event: &Event| {
            matches!(
                event,
                Event::NextGroup {
                    number: 2,
                    is_own: true
                }
            )
        };
        assert_eq!(has(&mut call, 1, own), has_admin);
        call.run(20_000);
        call.agree(&[0, 1, 3]);
    }
}

/// Lets all relays of and to the first device but its messages to the group be lost, and the next two leave
/// the group.
fn leave_a_group_that_adds_nobody(call: &mut Harness) {
    call.filter(|device, hop| match hop {
        Hop::ToSession(Told::Relay { .. }) => device != 0,
        Hop::ToService(Message::Relay(RelayClass::KeyPackage, _)) => device != 0 && device != 3,
        _ => true,
    });
    for device in [1, 2] {
        call.session(device, Input::CommitsDropped);
    }
}

#[test]
fn a_group_that_most_ask_in_vain_is_dead_whatever_it_says() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    leave_a_group_that_adds_nobody(&mut call);
    call.run(24_000);
    assert_eq!([1, 2].map(|device| call.epoch(device)), [None; 2]);
    call.run(6_000);
    call.agree(&[1, 2]);
    assert_eq!(call.epoch(1).map(|epoch| epoch.group), Some(2));
}

#[test]
fn messages_of_strangers_keep_no_dead_group_alive() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    leave_a_group_that_adds_nobody(&mut call);
    call.cut(0);
    let stranger = call.join(person(4));
    call.run(100);
    let from = call.devices[stranger].demux.unwrap();
    for _ in 0..6 {
        for device in [1, 2] {
            let body = vec![3, 1, 2, 3];
            call.session(device, Input::Relay { from, body });
        }
        call.run(5_000);
    }
    call.agree(&[1, 2]);
    assert_eq!(call.epoch(1).map(|epoch| epoch.group), Some(2));
}

#[test]
fn a_commit_that_is_held_waits_for_the_rosters_after_a_lost_connection() {
    let mut call = Harness::of((1..=3).map(person));
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    call.filter(|device, hop| {
        device != 2 || !matches!(hop, Hop::ToSession(Told::Participants { .. }))
    });
    call.leave(1);
    call.run(3_500);
    assert_ne!(call.epoch(2), call.epoch(0), "held");
    call.disconnect(2);
    call.run(5_000);
    call.connect(2);
    call.run(3_500);
    call.agree(&[0, 2]);
    assert!(!has(&mut call, 2, |event| {
        matches!(event, Event::CommitRefused { .. } | Event::Left(_))
    }));
}

/// The device that comes in by a Welcome counts the time since the start too.
#[test]
fn ten_seconds_pass_between_two_starts() {
    let mut call = Harness::of([admin(1), admin(2), person(3), person(4)]);
    let (count, counted) = counter();
    call.filter(move |device, hop| {
        if let (1, Hop::ToService(Message::Commit(commit))) = (device, hop)
            && commit.epoch.group == 2
        {
            count.set(count.get() + 1);
        }
        true
    });
    call.run(1_000);
    call.agree(&[0, 1, 2, 3]);
    let garbage = OutgoingCommit {
        epoch: call.epoch(0).unwrap(),
        body: b"garbage".to_vec(),
        welcome: None,
    };
    call.send_as(2, Message::Commit(garbage));
    call.leave(0);
    call.run(8_500);
    assert_eq!(counted.get(), 0);
    call.run(6_000);
    assert_eq!(counted.get(), 1);
    call.agree(&[1, 3]);
}

/// Returns the request of a device of person 1 whose client does not look for others with its key.
fn asking(call: &Harness, device: DemuxId) -> Message {
    let options = person(1);
    let own = RosterDevice {
        demux_id: device,
        user: Some(options.user.clone()),
        member_key: Some(options.member_key.public()),
        status: SeatStatus::Active,
        is_admin: false,
    };
    let other = RosterDevice {
        demux_id: call.devices[1].demux.unwrap(),
        user: None,
        member_key: None,
        ..own.clone()
    };
    let joined = Input::Joined(JoinedSeat {
        demux_id: device,
        era: ERA,
        is_active: true,
        present: call.epoch(1),
        missed: 0,
        statement: None,
        roster: vec![other, own],
    });
    let mut session = Session::new(options);
    session.handle(joined, call.time(), &mut rng(7));
    let outputs = core::iter::from_fn(|| session.poll_output());
    let mut requests = outputs.filter_map(|output| match output {
        Output::Send(message @ Message::Relay(RelayClass::KeyPackage, _)) => Some(message),
        _ => None,
    });
    requests.next().unwrap()
}

/// A second program of the committer's device asks, with the same member key. The committer cannot take itself
/// out: the next one does.
#[test]
fn a_device_with_the_key_of_the_committer_delays_nobody() {
    let mut call = Harness::of([person(1), person(2), person(3)]);
    call.run(2_000);
    call.agree(&[0, 1, 2]);
    let before = call.epoch(1).unwrap().epoch;
    call.join(person(1));
    call.run(50);
    let second = call.devices[3].demux.unwrap();
    let request = asking(&call, second);
    call.send_as(3, request);
    call.join(person(4));
    call.run(400);
    let after = call.epoch(1).unwrap().epoch;
    assert_eq!((after, call.epoch(4).is_some()), (before + 1, true));
    call.run(3_000);
    let is_added = |event: &Event| match event {
        Event::MemberAdded { member, .. } => member.claims.demux_id == second,
        _ => false,
    };
    assert!(call.take_events(1).iter().any(is_added));
}

#[test]
fn a_start_that_waits_outlives_a_commit_of_the_old_group() {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(12_000);
    call.agree(&[0, 1, 2]);
    let starts = std::rc::Rc::new(core::cell::RefCell::new(Vec::new()));
    let seen = starts.clone();
    call.filter(move |device, hop| match hop {
        Hop::ToService(Message::Commit(commit))
            if device == 0 && (commit.epoch.group, commit.epoch.epoch) == (2, 0) =>
        {
            let mut seen = seen.borrow_mut();
            seen.push(commit.body.clone());
            seen.len() > 2
        }
        _ => true,
    });
    call.join(person(4));
    let present = call.epoch(0).unwrap();
    let at = GroupEpoch {
        epoch: present.epoch - 1,
        ..present
    };
    call.send_as(2, Message::Refuse(at));
    call.run(3_000);
    assert_eq!(call.epoch(0).map(|epoch| epoch.group), Some(1));
    assert!(call.epoch(0) > Some(present), "a commit of the old group");
    call.run(6_000);
    assert_eq!(call.epoch(0).map(|epoch| epoch.group), Some(2));
    let starts = starts.borrow();
    assert!(starts.iter().all(|start| *start == starts[0]));
}

#[test]
fn an_admin_starts_the_next_group_although_another_device_has_just_started_one() {
    let mut call = Harness::of([person(1), admin(2), person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let start = GroupEpoch { group: 1, epoch: 0 };
    call.send_as(2, Message::Refuse(start));
    call.run(3_000);
    call.agree(&[0, 1, 2]);
    assert_eq!(call.epoch(0).map(|epoch| epoch.group), Some(2));
}
