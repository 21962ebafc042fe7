//! Lies about who is there: the roster is the service's word, and decides nothing alone.

use anteroom_call::Role;
use anteroom_e2ee::{
    AdminKey, Admission, AdmissionError, Candidate, CommitError, CommitRefusal, EraHistory,
    GroupLink, MemberKey, MemberLeaf, RemovalReason,
};
use anteroom_e2ee_session::{
    Event, Input, LeaveReason, Listing, Message, RosterDevice, SeatStatus,
};
use anteroom_protocol::DemuxId;

use crate::{
    people::{INVENTED, Room, TestUser, rng, system_time, user},
    stage::{Hop, Stage},
};

/// A device that nobody has.
fn invented(room: &Room, number: u64) -> RosterDevice {
    RosterDevice {
        demux_id: DemuxId::new(16 * 60_000).unwrap(),
        user: Some(user(number)),
        member_key: Some(room.member_key(number).public()),
        status: SeatStatus::Active,
        is_admin: true,
    }
}

/// A lie about rosters: changes each one for the people for whom it is meant.
fn about_rosters(
    mut change: impl FnMut(usize, &mut Vec<RosterDevice>) + 'static,
) -> impl FnMut(Hop) -> Vec<Hop> + 'static {
    move |mut hop| {
        match &mut hop {
            Hop::ToPerson(to, Input::Roster(roster)) => change(*to, roster),
            Hop::ToPerson(to, Input::Joined(seat)) => change(*to, &mut seat.roster),
            _ => {}
        }
        vec![hop]
    }
}

/// The relay of a key package by a holder of the link, for the leaf of anybody.
fn key_package(room: &Room, key: MemberKey, leaf: MemberLeaf) -> Vec<u8> {
    let admin = room.admin.as_ref().map(AdminKey::public);
    let link = GroupLink::new(&room.root_key, room.era, admin);
    let history = EraHistory::default();
    let candidate = Candidate::new(link, key, leaf, history, system_time(), &mut rng(5));
    let sealed = candidate.unwrap().key_package().to_vec();
    [&[2, 0, 0, 0, 0][..], &sealed].concat()
}

#[test]
fn an_invented_device_is_in_no_group() {
    let room = Room::open();
    let device = invented(&room, 50);
    let mut stage = Stage::new(room);
    stage.lie(about_rosters(move |_, roster| {
        roster.insert(0, device.clone());
    }));
    for number in 0..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(15_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

#[test]
fn an_invented_user_who_asks_is_told_and_not_added() {
    for (room, number, refusal) in [
        (Room::open(), INVENTED, CommitRefusal::Account),
        (
            Room::strict(),
            50,
            CommitRefusal::Admission(AdmissionError::Missing),
        ),
    ] {
        let device = invented(&room, number);
        let leaf = MemberLeaf {
            user: user(number),
            demux_id: device.demux_id,
            member_key: room.member_key(number).public(),
            admission: Admission::None,
            serial: 1,
            name: Some("Nobody".to_owned()),
            certificate: None,
        };
        let body = key_package(&room, room.member_key(number), leaf);
        let mut stage = Stage::new(room);
        let listed = device.clone();
        stage.lie(about_rosters(move |_, roster| roster.push(listed.clone())));
        for number in 0..2 {
            let person = stage.room.admin(number);
            stage.join(person);
        }
        stage.run(6_000);
        for _ in 0..3 {
            for who in 0..2 {
                let (from, body) = (device.demux_id, body.clone());
                stage.tell(who, Input::Relay { from, body });
            }
            stage.run(2_000);
        }
        stage.assert_together(&[0, 1]);
        for who in 0..2 {
            let told = stage.seen(who, |event| match event {
                Event::NotAdmitted { refusal, claims } => Some((*refusal, claims.user.clone())),
                _ => None,
            });
            assert_eq!(told, [(refusal, user(number))], "once");
        }
    }
}

#[test]
fn a_device_that_asks_under_many_keys_is_told_once() {
    let room = Room::strict();
    let device = invented(&room, 50);
    let bodies = (50..60).map(|number| {
        let leaf = MemberLeaf {
            user: user(number),
            demux_id: device.demux_id,
            member_key: room.member_key(number).public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        };
        key_package(&room, room.member_key(number), leaf)
    });
    let bodies: Vec<Vec<u8>> = bodies.collect();
    let (from, mut stage) = (device.demux_id, Stage::new(room));
    stage.lie(about_rosters(move |_, roster| roster.push(device.clone())));
    for number in 0..2 {
        let person = stage.room.admin(number);
        stage.join(person);
    }
    stage.run(3_000);
    for body in bodies {
        stage.tell(0, Input::Relay { from, body });
        stage.run(500);
    }
    let told = stage.seen(0, |event| match event {
        Event::NotAdmitted { refusal, .. } => Some(*refusal),
        _ => None,
    });
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    assert_eq!(told, [missing]);
}

/// Three people together.
fn three() -> Stage {
    let room = Room::open();
    let first = room.person(0);
    three_with(room, first)
}

/// Three people together, one of whom came first.
fn three_with(room: Room, first: TestUser) -> Stage {
    let mut stage = Stage::new(room);
    stage.join(first);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    stage.assert_together(&[0, 1, 2]);
    stage.forget();
    stage
}

#[test]
fn a_device_that_all_rosters_leave_out_is_taken_out_and_comes_back() {
    let mut stage = three();
    let left_out = stage.people[2].demux.unwrap();
    stage.lie(about_rosters(move |to, roster| {
        if to != 2 {
            roster.retain(|one| one.demux_id != left_out);
        }
    }));
    // Somebody comes, so that there are new rosters.
    let person = stage.room.person(3);
    stage.join(person);
    stage.run(1_000);
    assert_eq!(stage.status(0, 2).listing, Listing::Unlisted);
    stage.run(7_000);
    for who in 0..2 {
        let removed = stage.seen(who, |event| match event {
            Event::MemberRemoved { reason, claims, .. } => Some((*reason, claims.user.clone())),
            _ => None,
        });
        assert_eq!(removed, [(RemovalReason::Absent, user(2))]);
    }
    // The device itself is listed by its own roster, and sees after 3 s that it is no late one.
    let left = stage.seen(2, |event| match event {
        Event::Left(reason) => Some(*reason),
        _ => None,
    });
    assert_eq!(left, [LeaveReason::RefusedCommit]);
    stage.be_honest();
    let person = stage.room.person(4);
    stage.join(person);
    stage.run(8_000);
    stage.assert_together(&[0, 1, 2, 3, 4]);
    stage.assert_talk(&[0, 1, 2, 3, 4]);
}

#[test]
fn a_device_that_the_roster_of_the_committer_leaves_out_stays() {
    leaves_out_the_deceived_committer(three());
}

/// The service lets only an admin start the next group while one is there. The only one is the deceived one, whom
/// most refuse.
#[test]
fn a_device_that_the_roster_of_the_only_admin_leaves_out_stays() {
    let room = Room::open();
    let admin = room.admin(0);
    leaves_out_the_deceived_committer(three_with(room, admin));
}

/// Rosters name another key for the member whose commit most refuse, which does not learn of it and starts the
/// next group.
#[test]
fn nobody_enters_the_group_of_a_condemned_committer_whatever_the_roster_says() {
    let room = Room::open();
    let first = room.person(0);
    let mut stage = three_with(room, first);
    let condemned = stage.people[0].demux.unwrap();
    let other = stage.room.member_key(70).public();
    let left_out = stage.people[2].demux.unwrap();
    let mut about = about_rosters(move |to, roster| {
        if to == 0 {
            roster.retain(|one| one.demux_id != left_out);
        } else {
            for one in roster.iter_mut().filter(|one| one.demux_id == condemned) {
                one.member_key = Some(other);
            }
        }
    });
    stage.lie(move |hop| match hop {
        // The committer does not learn that most refuse its commit.
        Hop::ToPerson(0, Input::Refuse { .. }) => Vec::new(),
        // The others start no group.
        Hop::ToService(who, Message::Commit(commit)) if who > 0 && commit.epoch.epoch == 0 => {
            Vec::new()
        }
        hop => about(hop),
    });
    let person = stage.room.person(3);
    stage.join(person);
    stage.run(12_000);
    // It leaves the group for another reason, and starts the next one with those who ask.
    stage.tell(0, Input::CommitsDropped);
    stage.run(20_000);
    for who in 1..3 {
        let groups = stage.seen(who, |event| match event {
            Event::Entered { epoch, .. } => Some(epoch.group),
            _ => None,
        });
        assert!(groups.iter().all(|group| *group == 1), "{who}: {groups:?}");
    }
    let has_started = stage.has_seen(0, |event| {
        matches!(event, Event::NextGroup { is_own: true, .. })
    });
    assert!(has_started);
}

fn leaves_out_the_deceived_committer(mut stage: Stage) {
    let left_out = stage.people[2].demux.unwrap();
    stage.lie(about_rosters(move |to, roster| {
        if to == 0 {
            roster.retain(|one| one.demux_id != left_out);
        }
    }));
    let person = stage.room.person(3);
    stage.join(person);
    stage.run(20_000);
    for who in [1, 2] {
        let refused = stage.seen(who, |event| match event {
            Event::CommitRefused {
                committer, error, ..
            } => Some((committer.as_ref().map(|one| one.user.clone()), *error)),
            _ => None,
        });
        let [(committer, CommitError::Refused { refusal, .. })] = &refused[..] else {
            panic!("{refused:?}");
        };
        assert_eq!(*committer, Some(user(0)));
        assert_eq!(*refusal, CommitRefusal::Removal);
    }
    assert!(stage.has_seen(0, |event| matches!(event, Event::RefusedByOther { .. })));
    // The deceived committer is out of the next group, the innocent one is in.
    stage.assert_together(&[1, 2, 3]);
    stage.assert_talk(&[1, 2, 3]);
}

/// The refusal leads to no next group, for it does not arrive.
#[test]
fn a_device_that_alone_refuses_a_remove_comes_back() {
    let mut stage = three();
    let person = stage.room.person(3);
    let gone = stage.join(person);
    stage.run(2_000);
    stage.assert_together(&[0, 1, 2, gone]);
    let kept = RosterDevice {
        demux_id: stage.people[gone].demux.unwrap(),
        user: Some(user(3)),
        member_key: Some(stage.room.member_key(3).public()),
        status: SeatStatus::Active,
        is_admin: false,
    };
    let mut about = about_rosters(move |to, roster| {
        if to == 2 && roster.iter().all(|one| one.demux_id != kept.demux_id) {
            roster.push(kept.clone());
        }
    });
    stage.lie(move |hop| match hop {
        Hop::ToService(2, Message::Refuse(_)) => Vec::new(),
        hop => about(hop),
    });
    stage.leave(gone);
    stage.run(10_000);
    let left = stage.seen(2, |event| match event {
        Event::Left(reason) => Some(*reason),
        _ => None,
    });
    assert_eq!(left, [LeaveReason::RefusedCommit]);
    stage.run(20_000);
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
    // It leaves out nobody: the committer is in the group that it starts.
    for who in [1, 0] {
        stage.leave(who);
    }
    stage.run(1_000);
    stage.people[0] = stage.room.person(0);
    stage.connect(0);
    stage.run(15_000);
    stage.assert_together(&[0, 2]);
    stage.assert_talk(&[0, 2]);
}

/// Somebody leaves, of which one member is not told. So many of its requests for the roster are lost.
fn loses_a_departure(lost_requests: usize) {
    let mut stage = three();
    let person = stage.room.person(3);
    let gone = stage.join(person);
    stage.run(2_000);
    stage.assert_together(&[0, 1, 2, gone]);
    stage.forget();
    let device = stage.people[gone].demux.unwrap();
    let (mut is_lost, mut requests) = (false, 0);
    stage.lie(move |hop| match &hop {
        Hop::ToPerson(2, Input::Roster(roster))
            if !is_lost && roster.iter().all(|one| one.demux_id != device) =>
        {
            is_lost = true;
            Vec::new()
        }
        Hop::ToService(2, Message::RosterRequest) => {
            requests += 1;
            match requests > lost_requests {
                true => vec![hop],
                false => Vec::new(),
            }
        }
        _ => vec![hop],
    });
    stage.leave(gone);
    stage.run(10_000);
    for who in 0..3 {
        let is_refused = stage.has_seen(who, |event| {
            matches!(
                event,
                Event::CommitRefused { .. } | Event::RefusedByOther { .. }
            )
        });
        assert!(!is_refused, "{who}");
    }
    stage.assert_together(&[0, 1, 2]);
    let epoch = stage.people[2].session.have().unwrap();
    assert_eq!(epoch.group, 1);
    let taken = stage.record.iter();
    let taken = taken.filter(|hop| matches!(hop, Hop::ToService(2, Message::RosterRequest)));
    assert_eq!(taken.count(), 1, "requests that arrived");
    stage.assert_talk(&[0, 1, 2]);
}

#[test]
fn a_member_that_was_not_told_of_a_departure_asks_before_it_refuses_the_remove() {
    loses_a_departure(0);
}

#[test]
fn a_lost_request_for_the_roster_is_repeated_while_the_commit_is_held() {
    loses_a_departure(1);
}

/// A roster that stays wrong is no reason to hold a commit, or to ask, for longer.
#[test]
fn a_member_asks_for_the_roster_once_in_two_seconds() {
    let mut stage = three();
    let device = stage.people[1].demux.unwrap();
    stage.lie(about_rosters(move |to, roster| {
        if to == 0 {
            roster.retain(|one| one.demux_id != device);
        }
    }));
    let person = stage.room.person(3);
    stage.join(person);
    stage.run(20_000);
    assert!(stage.has_seen(2, |event| matches!(event, Event::CommitRefused { .. })));
    let requests = stage.record.iter();
    let requests = requests.filter(|hop| matches!(hop, Hop::ToService(2, Message::RosterRequest)));
    assert_eq!(
        requests.count(),
        2,
        "in the 3 s for which the commit is held"
    );
}

#[test]
fn a_user_has_as_many_leaves_as_the_room_service_allows_devices() {
    for allowed in [2, 3] {
        let mut stage = Stage::new(Room::open());
        for number in 0..5 {
            let mut options = stage.room.options(number);
            options.user = user(number.min(1));
            let mut person = TestUser::new(options, Role::Guest);
            person.session.allow_devices(allowed);
            stage.join(person);
        }
        stage.run(6_000);
        let members = stage.people[0].session.members();
        assert_eq!(members.len(), 1 + allowed);
    }
}

#[test]
fn swapped_devices_are_shown_by_their_leaves() {
    let mut stage = three();
    let devices = [1, 2].map(|who: usize| stage.people[who].demux.unwrap());
    let mut swap_rosters = about_rosters(move |_, roster| {
        let places = devices.map(|device| roster.iter().position(|one| one.demux_id == device));
        if let [Some(one), Some(other)] = places {
            let (user, key) = (roster[one].user.clone(), roster[one].member_key);
            roster[one].user = roster[other].user.clone();
            roster[one].member_key = roster[other].member_key;
            roster[other].user = user;
            roster[other].member_key = key;
        }
    });
    stage.lie(move |mut hop| {
        if let Hop::ToPerson(_, Input::Relay { from, .. }) = &mut hop {
            *from = match *from {
                one if one == devices[0] => devices[1],
                other if other == devices[1] => devices[0],
                other => other,
            };
        }
        swap_rosters(hop)
    });
    let person = stage.room.person(3);
    stage.join(person);
    stage.run(1_000);
    for other in [1, 2] {
        assert_eq!(stage.status(0, other).listing, Listing::Contradicted);
    }
    stage.run(2_000);
    stage.assert_together(&[0, 1, 2, 3]);
    stage.assert_talk(&[0, 1, 2, 3]);
}
