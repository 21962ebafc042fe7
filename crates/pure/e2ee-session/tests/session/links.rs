//! Devices whose link lacks the admin key of the others' link, or names another one.

use std::{cell::Cell, rc::Rc};

use anteroom_e2ee::{
    AdminSecret, Admission, AdmissionError, GroupLink, HandshakeKind, RoomContext,
};
use anteroom_e2ee_session::{Event, Input, Message, SessionOptions};
use anteroom_protocol::{DemuxId, EraId, Restrictions, RootKey};

use crate::{
    harness::{Harness, Hop},
    people::{ERA, admin, admin_key, approval, person, policy, rng, root_key},
};

/// The body of statements begins with this byte.
const STATEMENTS: u8 = 4;

/// The device of somebody whose link was cut off before `&admin=`.
fn cut(options: SessionOptions) -> SessionOptions {
    SessionOptions {
        admin: None,
        policy: None,
        ..options
    }
}

fn strict(options: SessionOptions) -> SessionOptions {
    SessionOptions {
        policy: Some(policy(Restrictions::AdminApproval, 1)),
        ..options
    }
}

/// Returns the devices that have said to a device that its admin key differs.
fn hints(call: &mut Harness, device: usize) -> Vec<DemuxId> {
    let events = call.take_events(device).into_iter();
    let hints = events.filter_map(|event| match event {
        Event::AdminKeyDiffers { from, .. } => Some(from),
        _ => None,
    });
    hints.collect()
}

/// Counts the statements that devices send to one other.
fn count_hints(call: &mut Harness) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    call.filter(move |_, hop| {
        if let Hop::ToService(Message::RelayTo(_, body)) = hop
            && body.first() == Some(&STATEMENTS)
        {
            counted.set(counted.get() + 1);
        }
        true
    });
    count
}

#[test]
fn who_waits_outside_with_a_cut_link_is_told_by_one_member_now_and_then() {
    let approved = SessionOptions {
        admission: Admission::Approval(approval(2)),
        ..strict(person(2))
    };
    let mut call = Harness::of([strict(admin(1)), approved]);
    call.run(2_000);
    call.agree(&[0, 1]);
    let count = count_hints(&mut call);
    let late = call.join(cut(person(3)));
    call.run(2_000);
    let first = call.devices[0].demux.unwrap();
    assert_eq!(hints(&mut call, late), [first]);
    assert_eq!(count.get(), 1);
    call.run(60_000);
    assert!(hints(&mut call, late).is_empty());
    assert!((5..=7).contains(&count.get()), "{}", count.get());
    call.agree(&[0, 1]);
    for device in [0, 1] {
        assert!(hints(&mut call, device).is_empty());
    }
}

#[test]
fn who_waits_for_an_approval_with_the_whole_link_is_told_nothing() {
    let mut call = Harness::of([strict(admin(1)), strict(person(2))]);
    call.run(15_000);
    for device in [0, 1] {
        assert!(hints(&mut call, device).is_empty());
    }
}

#[test]
fn who_has_another_admin_key_by_a_typing_error_is_told_too() {
    let other = AdminSecret::from_bytes([8; 32]).admin_key(&root_key().room_id());
    let mistyped = SessionOptions {
        admin: Some(other.public()),
        policy: None,
        ..person(2)
    };
    let mut call = Harness::of([strict(admin(1)), mistyped]);
    call.run(3_000);
    let told = call.take_events(1).into_iter();
    let told = told.filter_map(|event| match event {
        Event::AdminKeyDiffers { is_missing, .. } => Some(is_missing),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [false]);
    assert!(hints(&mut call, 0).is_empty());
}

#[test]
fn who_was_told_that_the_link_differs_is_not_told_to_ask_for_an_approval() {
    let other = AdminSecret::from_bytes([8; 32]).admin_key(&root_key().room_id());
    let mistyped = SessionOptions {
        admin: Some(other.public()),
        policy: None,
        ..person(3)
    };
    for damaged in [cut(person(3)), mistyped] {
        let approved = SessionOptions {
            admission: Admission::Approval(approval(2)),
            ..strict(person(2))
        };
        let mut call = Harness::of([strict(admin(1)), approved]);
        call.run(2_000);
        call.agree(&[0, 1]);
        let late = call.join(damaged);
        call.run(30_000);
        let told = call.take_events(late);
        let is_hint = |event: &&Event| matches!(event, Event::AdminKeyDiffers { .. });
        assert_eq!(told.iter().filter(is_hint).count(), 1);
        let advises_otherwise =
            |event: &Event| matches!(event, Event::KeptOutside { .. } | Event::CannotStart(_));
        assert!(!told.iter().any(advises_otherwise), "{told:?}");
    }
}

#[test]
fn a_policy_under_the_own_admin_key_brings_the_advice_back_that_an_untrue_hint_kept_away() {
    let mut call = Harness::of([strict(admin(1)), strict(admin(2))]);
    call.run(2_000);
    call.agree(&[0, 1]);
    let other = AdminSecret::from_bytes([8; 32]).admin_key(&root_key().room_id());
    let room = root_key().room_id();
    let link = GroupLink::new(&root_key(), ERA, Some(admin_key().public()));
    let context = RoomContext::new(room, ERA, Some(other.public())).to_bytes();
    let kind = HandshakeKind::Statements;
    let sealed = link.handshake().seal(kind, None, &context, &mut rng(9));
    let body = [&[STATEMENTS][..], &sealed.unwrap()].concat();
    let late = call.join(SessionOptions {
        policy: None,
        ..person(3)
    });
    call.run(100);
    let from = DemuxId::new(0x5550).unwrap();
    call.session(late, Input::Relay { from, body });
    assert_eq!(hints(&mut call, late), [from]);
    let policy = policy(Restrictions::AdminApproval, 1);
    call.session(late, Input::Policy(policy.as_bytes().to_vec()));
    call.run(10_000);
    let is_missing = |event: &Event| matches!(event, Event::CannotStart(AdmissionError::Missing));
    assert!(call.take_events(late).iter().any(is_missing));
}

#[test]
fn who_has_no_approval_is_told_so_when_it_has_asked_in_vain() {
    let mut call = Harness::of([strict(admin(1)), strict(admin(2))]);
    let is_told = |event: &Event| matches!(event, Event::CannotStart(AdmissionError::Missing));
    call.run(2_000);
    call.agree(&[0, 1]);
    let late = call.join(strict(person(3)));
    call.run(1_500);
    assert!(!call.take_events(late).iter().any(is_told));
    call.run(10_000);
    let told = call.take_events(late);
    assert_eq!(told.iter().filter(|event| is_told(event)).count(), 1);
    // Where nobody has to be approved, nothing is missing.
    let mut call = Harness::of([person(1)]);
    call.filter(|_, hop| !matches!(hop, Hop::ToService(Message::Commit(_))));
    call.join(person(2));
    call.run(10_000);
    assert!(!call.take_events(1).iter().any(is_told));
}

#[test]
fn who_would_be_let_in_without_approval_is_told_too() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(2_000);
    call.agree(&[0, 1]);
    let late = call.join(cut(person(3)));
    call.run(3_000);
    assert_eq!(hints(&mut call, late).len(), 1);
    assert_eq!(call.epoch(late), None);
}

#[test]
fn who_was_first_in_the_call_with_a_cut_link_is_told_by_those_who_come() {
    // The admin's key package shows an admission, and those of others show none.
    for others in [vec![strict(admin(2))], vec![person(2), person(3)]] {
        let mut call = Harness::of([cut(person(1))]);
        for other in others {
            call.join(other);
        }
        call.run(5_000);
        assert_eq!(hints(&mut call, 0).len(), 1);
    }
}

#[test]
fn nobody_without_the_link_makes_such_a_hint_and_no_whole_link_takes_one() {
    let [mut call, mut whole] = [cut(person(1)), person(2)].map(|one| Harness::of([one]));
    for call in [&mut call, &mut whole] {
        call.run(100);
    }
    let other = RootKey::generate_v0(&mut rng(9));
    let era = EraId::from_bytes([9; 16]);
    let admin = Some(admin_key().public());
    let room = root_key().room_id();
    let from = DemuxId::new(0x5550).unwrap();
    let mut number = 1;
    let mut hint = |root_key: &RootKey, era, context: RoomContext| {
        let link = GroupLink::new(root_key, era, admin);
        let kind = HandshakeKind::Statements;
        let context = context.to_bytes();
        let sealed = link
            .handshake()
            .seal(kind, None, &context, &mut rng(number));
        number += 1;
        let body = [&[STATEMENTS][..], &sealed.unwrap()].concat();
        Input::Relay { from, body }
    };
    let context = |era, admin| RoomContext::new(room, era, admin);
    for forged in [
        hint(&other, ERA, context(ERA, admin)),
        hint(&root_key(), era, context(ERA, admin)),
        hint(&root_key(), ERA, context(era, admin)),
        hint(&root_key(), ERA, context(ERA, None)),
    ] {
        call.advance(1_000);
        call.session(0, forged);
        assert!(hints(&mut call, 0).is_empty());
    }
    for (call, expected) in [(&mut call, &[from][..]), (&mut whole, &[])] {
        call.advance(1_000);
        call.session(0, hint(&root_key(), ERA, context(ERA, admin)));
        assert_eq!(hints(call, 0), expected);
    }
}
