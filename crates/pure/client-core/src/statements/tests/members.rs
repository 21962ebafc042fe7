//! Approvals beside the members of the group, other eras and very many devices.

use anteroom_e2ee::{BarredEntry, ContextChange, RoomContext};

use super::*;
use crate::{
    Admission, AdmissionReason, CertificateStatus, GroupState, Listing, MemberLeaf, MemberStatus,
};

/// Returns the group with a leaf that claims a number.
fn group_with(demux_id: DemuxId, key: u8, id: &str) -> CallEvent {
    let claims = MemberLeaf {
        user: user(id),
        demux_id,
        member_key: device(key).public(),
        admission: Admission::None,
        serial: 1,
        name: None,
        certificate: None,
    };
    CallEvent::GroupChanged(Box::new(GroupState {
        members: vec![MemberStatus {
            leaf: 1,
            claims,
            name: None,
            reason: AdmissionReason::Admin,
            is_own: false,
            is_confirmed: true,
            is_compared: false,
            listing: Listing::Unlisted,
            certificate: CertificateStatus::Missing,
        }],
        ..GroupState::default()
    }))
}

fn rosters(pending: Vec<Participant>) -> CallEvent {
    CallEvent::Roster(Roster {
        active: Vec::new(),
        pending_count: pending.len(),
        pending,
    })
}

fn call_of(seat: &CallEvent) -> CallStatements {
    let rights = AdminRights::Secret(secret(1));
    let mut call = CallStatements::new(&link(1), statements(), None, Some(&rights));
    call.observe(seat, NOW);
    call
}

fn seat_in(era: u8, pending: Vec<Participant>) -> CallEvent {
    let mut event = seat(&["statements"], &AdminStatement::default(), pending);
    if let CallEvent::Joined(seat) = &mut event {
        seat.era = EraId::from_bytes([era; 16]);
    }
    event
}

#[test]
fn nothing_is_signed_for_somebody_whom_the_room_service_lists_with_the_number_of_a_member() {
    let bob = participant(2, "0b");
    let group = group_with(bob.demux, 2, "0b");
    for (number, id, omission) in [
        (2, "0b", None),
        (3, "0c", Some(StatementOmission::Changed)),
        (2, "0c", Some(StatementOmission::Changed)),
        (3, "0b", Some(StatementOmission::Changed)),
    ] {
        let waiting = rosters(vec![Participant {
            demux: bob.demux,
            ..participant(number, id)
        }]);
        let mut call = call_of(&seat_in(9, vec![bob.clone()]));
        call.observe(&group, NOW);
        call.observe(&waiting, NOW);
        assert_eq!(call.omission(bob.demux, NOW), omission, "{number} {id}");
    }
}

#[test]
fn a_leaf_that_claims_the_number_of_somebody_who_waits_keeps_no_approval_back() {
    let bob = participant(2, "0b");
    let roster = rosters(vec![bob.clone()]);
    for (number, id) in [(3, "0c"), (2, "0c"), (3, "0b")] {
        let ghost = group_with(bob.demux, number, id);
        for events in [[&ghost, &roster], [&roster, &ghost]] {
            let mut call = call_of(&seat_in(9, Vec::new()));
            for event in events {
                call.observe(event, NOW);
            }
            assert_eq!(call.omission(bob.demux, NOW), None, "{number} {id}");
            let statement = call.approval(bob.demux, NOW).unwrap();
            let signed = SignedStatement::<Approval>::parse(statement.as_bytes()).unwrap();
            let named = signed.claimed();
            assert_eq!(Some(&named.user), bob.user.as_ref());
            assert_eq!(named.member_key, device(2).public());
        }
    }
}

#[test]
fn an_era_in_between_makes_no_number_new() {
    let bob = participant(2, "0b");
    let mallory = Participant {
        demux: bob.demux,
        ..participant(3, "0c")
    };
    let mut call = call_of(&seat_in(9, vec![bob.clone()]));
    for other in 10..40 {
        call.observe(&seat_in(other, vec![mallory.clone()]), NOW);
        assert_eq!(call.omission(bob.demux, NOW), None, "another era");
    }
    call.observe(&seat_in(9, vec![mallory]), NOW);
    let omission = call.omission(bob.demux, NOW);
    assert_eq!(omission, Some(StatementOmission::Changed));
}

/// Returns devices with numbers from the first one on.
fn many(first: u32, number: u32) -> Vec<Participant> {
    let devices = (first..first + number).map(|one| Participant {
        demux: DemuxId::new(16 * one).unwrap(),
        ..participant(9, "0d")
    });
    devices.collect()
}

#[test]
fn a_number_of_a_forgotten_device_is_no_new_one() {
    let (bob, mallory) = (participant(2, "0b"), participant(4, "0e"));
    let mallory = Participant {
        demux: bob.demux,
        ..mallory
    };
    let beside = |others| [others, vec![bob.clone()]].concat();
    // Bob is forgotten for others, or is one too many at once.
    for before in [
        vec![vec![bob.clone()], many(1_000, 4_096)],
        vec![beside(many(1_000, 4_096))],
    ] {
        let mut call = call_of(&seat_in(9, Vec::new()));
        for roster in before {
            call.observe(&rosters(roster), NOW);
        }
        call.observe(&rosters(vec![mallory.clone()]), NOW);
        let omission = call.omission(bob.demux, NOW);
        assert_eq!(omission, Some(StatementOmission::Changed));
        let new = participant(5, "0f");
        call.observe(&rosters(vec![mallory.clone(), new.clone()]), NOW);
        assert_eq!(call.omission(new.demux, NOW), None);
    }
    // Of more than are remembered any number can be one.
    let carl = participant(3, "0c");
    let mut call = call_of(&seat_in(9, vec![bob.clone()]));
    for round in 1..=18 {
        let mut waiting = many(4_000 * round, 4_000);
        waiting.push(carl.clone());
        call.observe(&rosters(waiting), NOW);
    }
    call.observe(&rosters(vec![mallory, carl.clone()]), NOW);
    let omission = call.omission(bob.demux, NOW);
    assert_eq!(omission, Some(StatementOmission::Changed));
    let new = participant(5, "0f");
    call.observe(&rosters(vec![carl.clone(), new.clone()]), NOW);
    let omission = call.omission(new.demux, NOW);
    assert_eq!(omission, Some(StatementOmission::Changed));
    assert_eq!(call.omission(carl.demux, NOW), None, "listed always");
}

#[test]
fn of_very_many_devices_those_are_forgotten_that_are_not_listed() {
    let (bob, carl) = (participant(2, "0b"), participant(3, "0c"));
    let mallory = Participant {
        demux: carl.demux,
        ..participant(4, "0e")
    };
    let mut call = call_of(&seat_in(9, vec![carl.clone()]));
    // Those who come to wait and go.
    for first in [1_000, 5_000, 9_000] {
        let mut waiting = many(first, 4_000);
        waiting.push(carl.clone());
        call.observe(&rosters(waiting), NOW);
    }
    call.observe(&rosters(vec![bob.clone(), carl]), NOW);
    assert_eq!(call.omission(bob.demux, NOW), None);
    call.observe(&rosters(vec![bob.clone(), mallory.clone()]), NOW);
    let omission = call.omission(mallory.demux, NOW);
    assert_eq!(omission, Some(StatementOmission::Changed), "listed always");
    // Of more than are remembered, nothing is signed for the last.
    let mut waiting = many(20_000, 5_000);
    let last = waiting.last().unwrap().demux;
    call.observe(&rosters(waiting.clone()), NOW);
    let omission = call.omission(last, NOW);
    assert_eq!(omission, Some(StatementOmission::Changed));
    assert_eq!(call.omission(waiting.remove(0).demux, NOW), None);
}

/// Returns the entries of a call, of which the device of a co-admin has signed one.
fn barred_by_co_admin(entry: &BarredEntry) -> BarredList {
    let (admin, key) = (secret(1).admin_key(&room()), device(7));
    let mut policy = claimed(&signer().policy(ASK, None, NOW).unwrap());
    policy.era = Some(ERA);
    policy.co_admins = vec![CoAdmin {
        user: user("07"),
        member_key: key.public(),
    }];
    let change = ContextChange {
        policy: Some(sign(&policy, &StatementKey::Admin(&admin))),
        barred: vec![sign(entry, &StatementKey::CoAdmin(&key))],
        lock: None,
    };
    let context = RoomContext::new(room(), ERA, Some(admin.public())).with(&change);
    assert_eq!(context.barred().entries().len(), 1);
    context.barred().clone()
}

/// The entry of a co-admin moves no `void before`. It names the user, the device, or somebody else.
#[test]
fn an_approval_is_of_a_later_time_than_the_entries_that_name_the_device() {
    const LATEST: u64 = CLOCK_TOLERANCE - 60;
    let rights = AdminRights::Secret(secret(1));
    let key = secret(1).admin_key(&room());
    let bob = participant(2, "0b");
    let own = Some(device(2).public());
    for (policy_ahead, (id, member_key), entry_ahead, expected) in [
        (0, ("0b", None), 0, Ok(1)),
        (0, ("0b", own), 0, Ok(1)),
        (0, ("0b", own), 40, Ok(41)),
        (0, ("0b", None), LATEST - 1, Ok(LATEST)),
        // Members would take nobody in by it yet.
        (0, ("0b", None), LATEST, Err(StatementOmission::Early)),
        (300, ("0b", None), 300, Ok(301)),
        (300, ("0b", None), 40, Ok(300)),
        (40, ("0b", None), 300, Ok(301)),
        (0, ("0c", None), 40, Ok(0)),
        (0, ("0b", Some(device(3).public())), 40, Ok(0)),
    ] {
        let case = (policy_ahead, id, entry_ahead);
        let mut policy = claimed(&signer().policy(ASK, None, NOW).unwrap());
        policy.void_before = NOW.plus(policy_ahead);
        let policy = sign(&policy, &StatementKey::Admin(&key));
        let policy = AdminStatement::new(policy.as_bytes()).unwrap();
        let mut call = CallStatements::new(&link(1), statements(), None, Some(&rights));
        let joined = seat(&["statements"], &policy, vec![bob.clone()]);
        call.observe(&joined, NOW);
        let barred = barred_by_co_admin(&BarredEntry {
            room: room(),
            user: user(id),
            member_key,
            time: NOW.plus(entry_ahead),
        });
        call.observe(
            &CallEvent::Group(Box::new(GroupEvent::BarredEntries(barred))),
            NOW,
        );
        for seat in [None, Some(&joined)] {
            seat.map(|seat| call.observe(seat, NOW));
            let signed = call.approval(bob.demux, NOW);
            let issued = signed.map(|signed| {
                let signed = SignedStatement::<Approval>::parse(signed.as_bytes());
                signed.unwrap().claimed().issued
            });
            let expected = expected.map(|ahead| NOW.plus(ahead));
            assert_eq!(issued, expected.ok(), "{case:?}");
            assert_eq!(call.omission(bob.demux, NOW), expected.err(), "{case:?}");
        }
        // The entries are of one era.
        call.observe(&seat_in(8, vec![bob.clone()]), NOW);
        let signed = call.approval(bob.demux, NOW).unwrap();
        let signed = SignedStatement::<Approval>::parse(signed.as_bytes()).unwrap();
        let issued = NOW.plus(policy_ahead);
        assert_eq!(signed.claimed().issued, issued, "{case:?}");
    }
}

/// The policy of a removal by a clock that is ahead.
#[test]
fn an_approval_is_not_void_by_the_policy_that_its_signer_knows() {
    let rights = AdminRights::Secret(secret(1));
    let key = secret(1).admin_key(&room());
    let bob = participant(2, "0b");
    for (ahead, expected) in [
        (None, Ok(NOW)),
        (Some(0), Ok(NOW)),
        (Some(1), Ok(NOW.plus(1))),
        (
            Some(CLOCK_TOLERANCE - 60),
            Ok(NOW.plus(CLOCK_TOLERANCE - 60)),
        ),
        // Members would take nobody in by it yet.
        (Some(CLOCK_TOLERANCE - 59), Err(StatementOmission::Early)),
    ] {
        let policy = signer().policy(ASK, None, NOW).unwrap();
        let mut policy = claimed(&policy);
        policy.void_before = ahead.map_or(policy.void_before, |ahead| NOW.plus(ahead));
        let policy = sign(&policy, &StatementKey::Admin(&key));
        let policy = AdminStatement::new(policy.as_bytes()).unwrap();
        let mut call = CallStatements::new(&link(1), statements(), None, Some(&rights));
        call.observe(&seat(&["statements"], &policy, vec![bob.clone()]), NOW);
        let signed = call.approval(bob.demux, NOW);
        let issued = signed.map(|signed| {
            let signed = SignedStatement::<Approval>::parse(signed.as_bytes());
            signed.unwrap().claimed().issued
        });
        assert_eq!(issued, expected.ok(), "{ahead:?}");
        assert_eq!(call.omission(bob.demux, NOW), expected.err(), "{ahead:?}");
    }
}
