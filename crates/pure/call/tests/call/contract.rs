//! The contract with the caller.

use std::sync::Arc;

use anteroom_call::{
    Audience, Call, Command, ConnectionId, Input, Join, JoinRandomness, Limits, Message, Moment,
    Output, PeekView, ResumeSecret, Role, Roster, RosterForm, Status,
};
use anteroom_protocol::{
    AdminStatement, DemuxId, EraId, GuestAdmission, Hello, LinkState, OpaqueUserId, Restrictions,
    Timestamp,
};

use crate::{
    harness::{Harness, Setting, user},
    script::Step,
};

const START: Moment = Moment::from_millis(1_800_000_000_000);

fn link() -> LinkState {
    LinkState {
        restrictions: Restrictions::AdminApproval,
        guests: GuestAdmission::Wait,
        name: Arc::from(*b"sealed name"),
        revoked: false,
        expiration: Timestamp::from_secs(1_900_000_000),
        delete_at: Timestamp::from_secs(2_000_000_000),
        admin_statement: AdminStatement::new(*b"policy").unwrap(),
    }
}

fn join(number: u64, user: OpaqueUserId, role: Role) -> Input {
    Input::Join(Join {
        connection: ConnectionId::new(number),
        user,
        role,
        has_guest_account: false,
        resume: None,
        roster: RosterForm::Whole,
        hello: None,
        member: None,
        have: None,
        randomness: JoinRandomness::from_parts([u32::try_from(number).unwrap() << 4; 4], [9; 32]),
    })
}

#[test]
fn joined_says_all_that_a_client_needs() {
    let era_id = EraId::from_bytes([3; 16]);
    let mut call = Call::new(era_id, link(), [], Limits::of_devices(16));
    call.handle(START, join(1, user('a'), Role::Admin));
    let Output::Send {
        message: Message::Joined(joined),
        ..
    } = call.poll_output()
    else {
        panic!("not joined");
    };
    assert_eq!(joined.era_id, era_id);
    assert_eq!(joined.max_devices, 16);
    assert_eq!(*joined.link, link());
    assert_eq!(joined.roster, call.roster(Audience::Admins));
    assert_eq!(joined.resume.as_bytes(), &[9; 32]);
}

#[test]
fn waiting_names_the_next_deadline() {
    let mut harness = Harness::new(Setting::FREE);
    assert_eq!(harness.deadline(), None);
    for (step, deadline) in [
        ("1 join a", Some(30_000)),
        ("later 500", Some(30_000)),
        ("2 join b", Some(30_000)),
        ("1 ping", Some(30_500)),
        ("later 700", Some(30_500)),
        ("2 drops", Some(30_500)),
        ("1 ping", Some(31_200)),
        ("1 leave", Some(31_200)),
        ("later 30000", Some(31_200)),
        ("wait 0", None),
    ] {
        harness.play(&Step::parse(step));
        assert_eq!(harness.deadline(), deadline, "{step}");
    }
    assert!(harness.call().is_ended());
}

#[test]
fn time_does_not_go_back() {
    let mut call = Call::new(
        EraId::from_bytes([3; 16]),
        link(),
        [],
        Limits::of_devices(2),
    );
    call.handle(START, join(1, user('a'), Role::Admin));
    call.handle(
        Moment::from_millis(0),
        Input::Command {
            connection: ConnectionId::new(1),
            command: Command::RaiseHand { raised: true },
        },
    );
    let roster = call.roster(Audience::Everyone);
    assert_eq!(roster.active[0].hand_raised_at, Some(START));
}

#[test]
fn only_an_admin_in_the_call_sees_who_waits() {
    let mut call = Call::new(
        EraId::from_bytes([3; 16]),
        link(),
        [user('b')],
        Limits::of_devices(8),
    );
    call.handle(START, join(1, user('a'), Role::Admin));
    call.handle(START, join(2, user('b'), Role::Guest));
    call.handle(START, join(3, user('c'), Role::Guest));
    // Devices in the call receive the number of waiting devices; users who peek also their demux ids.
    let told = call.roster(Audience::Everyone);
    assert_eq!((told.pending.len(), told.pending_count), (0, 1));
    let waiting = |name: char, call: &Call| match call.peek_view(&user(name), true) {
        PeekView::Devices(roster) => roster.pending[0].opaque_user_id.clone(),
        PeekView::Counts { .. } => panic!("{name} sees numbers only"),
    };
    for (name, seen) in [
        ('a', Some(user('c'))),
        ('b', None),
        ('c', None),
        ('d', None),
    ] {
        assert_eq!(waiting(name, &call), seen, "{name}");
    }
    assert_eq!(call.device_count(Status::Active), 2);
    assert_eq!(call.device_count(Status::Pending), 1);
    call.handle(
        START,
        Input::Command {
            connection: ConnectionId::new(1),
            command: Command::Leave,
        },
    );
    assert_eq!(waiting('a', &call), None);
}

#[test]
fn those_who_only_look_are_shown_no_hello() {
    let limits = Limits::of_devices(8);
    let mut call = Call::new(EraId::from_bytes([3; 16]), link(), [], limits);
    for (number, name, role) in [(1, 'a', Role::Admin), (2, 'b', Role::Guest)] {
        let hello = Hello::new(*b"sealed").ok();
        let Input::Join(join) = join(number, user(name), role) else {
            panic!("no join");
        };
        call.handle(START, Input::Join(Join { hello, ..join }));
    }
    let of = |roster: &Roster| {
        let all = roster.active.iter().chain(roster.pending.iter());
        all.map(|one| one.hello.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(of(&call.roster(Audience::Admins)), [true, true]);
    assert_eq!(of(&call.roster(Audience::Everyone)), [true]);
    assert_eq!(of(&call.roster(Audience::Lobby)), [false]);
    for name in ['a', 'b', 'c'] {
        match call.peek_view(&user(name), true) {
            PeekView::Devices(roster) => assert_eq!(of(&roster), [false, false], "{name}"),
            PeekView::Counts { .. } => panic!("{name} sees numbers only"),
        }
    }
}

#[test]
fn a_blocked_user_and_who_could_not_come_in_see_numbers_only() {
    let limits = Limits::of_devices(8);
    let mut call = Call::new(EraId::from_bytes([3; 16]), link(), [user('b')], limits);
    call.handle(START, join(1, user('a'), Role::Admin));
    call.handle(START, join(2, user('b'), Role::Guest));
    call.handle(START, join(3, user('c'), Role::Guest));
    call.handle(START, join(4, user('d'), Role::Guest));
    call.handle(
        START,
        Input::Command {
            connection: ConnectionId::new(1),
            command: Command::Block(DemuxId::new(3 << 4).unwrap()),
        },
    );
    let counts = PeekView::Counts {
        active: 2,
        pending: 1,
    };
    let sees_numbers = |call: &Call, link_is_open| {
        let view = |name| call.peek_view(&user(name), link_is_open);
        ['a', 'b', 'c', 'd', 'e'].map(|name| view(name) == counts)
    };
    assert_eq!(
        sees_numbers(&call, true),
        [false, false, true, false, false]
    );
    // On a closed link devices in the call see the same as before.
    let outside = [false, false, true, true, true];
    assert_eq!(sees_numbers(&call, false), outside);
    let revoked = LinkState {
        revoked: true,
        ..link()
    };
    call.handle(START, Input::LinkChanged(revoked));
    assert_eq!(sees_numbers(&call, true), outside);
}

fn guest(number: u64, name: char, resume: Option<u8>) -> Join {
    Join {
        connection: ConnectionId::new(number),
        user: user(name),
        role: Role::Guest,
        has_guest_account: false,
        resume: resume.map(|byte| ResumeSecret::from_bytes([byte; 32])),
        roster: RosterForm::Whole,
        hello: None,
        member: None,
        have: None,
        randomness: JoinRandomness::from_parts([u32::try_from(number).unwrap() << 4; 4], [9; 32]),
    }
}

#[test]
fn the_era_starts_with_the_first_who_is_active() {
    let mut call = Call::new(
        EraId::from_bytes([3; 16]),
        link(),
        [user('b')],
        Limits::of_devices(8),
    );
    call.handle(START, Input::TimePassed);
    // Approved users start the era, also those approved since; others wait, and so does a resumed seat.
    assert!(call.would_start(&guest(1, 'b', None)));
    assert!(!call.would_start(&guest(1, 'c', None)));
    call.handle(START, Input::Join(guest(1, 'c', None)));
    assert!(!call.has_started());
    call.handle(START, Input::ApprovedUsers(vec![user('c'), user('d')]));
    assert!(!call.would_start(&guest(2, 'b', None)));
    assert!(!call.would_start(&guest(2, 'c', Some(9))));
    assert!(call.would_start(&guest(2, 'c', Some(8))));
    let closed = LinkState {
        revoked: true,
        ..link()
    };
    call.handle(START, Input::LinkChanged(closed));
    assert!(!call.would_start(&guest(2, 'd', None)));
    call.handle(START, Input::LinkChanged(link()));
    assert!(call.would_start(&guest(2, 'd', None)));
    call.handle(START, Input::Join(guest(2, 'd', None)));
    assert!(call.has_started());
    // The era starts once, and from then on the call keeps its own approvals.
    assert!(!call.would_start(&guest(3, 'd', None)));
    call.handle(START, Input::ApprovedUsers(Vec::new()));
    call.handle(START, Input::Join(guest(3, 'd', None)));
    assert_eq!(call.device_count(Status::Active), 2);
}

#[test]
fn an_admin_is_known_by_the_connection() {
    let mut call = Call::new(
        EraId::from_bytes([3; 16]),
        link(),
        [],
        Limits::of_devices(8),
    );
    call.handle(START, join(1, user('a'), Role::Admin));
    call.handle(START, join(2, user('a'), Role::Guest));
    let admins = [1, 2, 3].map(|number| call.is_admin(ConnectionId::new(number)));
    assert_eq!(admins, [true, false, false]);
}

#[test]
fn nothing_that_is_sent_shows_users_secrets_or_names_in_debug() {
    let mut call = Call::new(
        EraId::from_bytes([3; 16]),
        link(),
        [],
        Limits::of_devices(8),
    );
    let user = OpaqueUserId::parse("deadbeefdeadbeef").unwrap();
    call.handle(START, join(1, user, Role::Admin));
    let text = format!("{:?} {call:?}", call.poll_output());
    for secret in [
        "deadbeef", "9, 9", "sealed", "115, 101", "policy", "112, 111",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
