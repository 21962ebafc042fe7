//! Two seats of one user with one member key: two programs with the files of one device.

use anteroom_e2ee_session::{Event, Input};
use anteroom_protocol::DemuxId;

use crate::{
    harness::Harness,
    people::{admin, person},
};

fn elsewhere(call: &mut Harness, device: usize) -> Vec<DemuxId> {
    let devices = call
        .take_events(device)
        .into_iter()
        .filter_map(|event| match event {
            Event::Elsewhere(device) => Some(device),
            _ => None,
        });
    devices.collect()
}

fn is_disturbance(event: &Event) -> bool {
    matches!(
        event,
        Event::Left(_)
            | Event::MemberRemoved { .. }
            | Event::CommitRefused { .. }
            | Event::RefusedByOther { .. }
            | Event::NextGroup { .. }
            | Event::NotAdmitted { .. }
            | Event::Elsewhere(_)
    )
}

#[test]
fn the_second_of_two_programs_with_one_member_key_is_told_and_disturbs_nobody() {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let epoch = call.epoch(0);
    for device in 0..3 {
        call.take_events(device);
    }
    let second = call.join(person(2));
    call.run(60_000);
    assert_eq!(call.epoch(0), epoch, "nobody commits");
    for device in 0..3 {
        let events = call.take_events(device);
        assert!(!events.iter().any(is_disturbance), "{device}: {events:#?}");
    }
    call.agree(&[0, 1, 2]);
    let first = call.devices[1].demux.unwrap();
    assert_eq!(elsewhere(&mut call, second), [first]);
    // The first one goes.
    call.leave(1);
    call.run(5_000);
    call.agree(&[0, 2, second]);
    assert_eq!(elsewhere(&mut call, second), []);
}

#[test]
fn of_two_programs_that_come_before_the_group_the_first_is_in() {
    let mut call = Harness::of([person(2), person(2)]);
    call.run(5_000);
    assert_eq!([0, 1].map(|device| call.epoch(device)), [None; 2]);
    call.join(person(1));
    call.run(3_000);
    call.agree(&[0, 2]);
    // Neither does the second one stop the start of the next group, when all others are in none.
    for device in [0, 2] {
        call.session(device, Input::CommitsDropped);
    }
    call.run(15_000);
    call.agree(&[0, 2]);
    assert_eq!(call.epoch(0).unwrap().group, 2);
    let first = call.devices[0].demux.unwrap();
    assert_eq!(elsewhere(&mut call, 1), [first]);
}

#[test]
fn a_seat_that_is_resumed_is_in_rather_than_the_one_that_came_meanwhile() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(1_000);
    call.agree(&[0, 1]);
    call.disconnect(1);
    call.run(1_000);
    let second = call.join(person(2));
    call.run(5_000);
    call.agree(&[0, second]);
    call.connect(1);
    call.run(10_000);
    call.agree(&[0, 1]);
    let epoch = call.epoch(0);
    let first = call.devices[1].demux.unwrap();
    assert_eq!(elsewhere(&mut call, second), [first]);
    call.run(30_000);
    call.agree(&[0, 1]);
    assert_eq!(call.epoch(0), epoch);
}
