//! The admission of guest accounts.

use std::sync::Arc;

use anteroom_call::{
    Audience, Call, Command, ConnectionId, ErrorCode, Input, Join, JoinRandomness, Limits, Message,
    Moment, Output, Role, RosterForm, Status,
};
use anteroom_protocol::{
    AdminStatement, DemuxId, EraId, GuestAdmission, LinkState, OpaqueUserId, Restrictions,
    Timestamp,
};

use crate::harness::user;

const START: Moment = Moment::from_millis(1_800_000_000_000);

fn link(restrictions: Restrictions, guests: GuestAdmission) -> LinkState {
    LinkState {
        restrictions,
        guests,
        name: Arc::from([]),
        revoked: false,
        expiration: Timestamp::from_secs(1_900_000_000),
        delete_at: Timestamp::from_secs(2_000_000_000),
        admin_statement: AdminStatement::default(),
    }
}

fn call(link: LinkState, approved: &[OpaqueUserId], max_devices: u32) -> Call {
    let (era, limits) = (EraId::from_bytes([3; 16]), Limits::of_devices(max_devices));
    Call::new(era, link, approved.iter().cloned(), limits)
}

/// Joins with a guest account, and returns the status or the refusal.
fn join(call: &mut Call, number: u32, name: char, role: Role) -> Result<Status, ErrorCode> {
    let join = Join {
        connection: ConnectionId::new(number.into()),
        user: user(name),
        role,
        has_guest_account: true,
        resume: None,
        roster: RosterForm::Whole,
        hello: None,
        member: None,
        have: None,
        randomness: JoinRandomness::from_parts([number << 4; 4], [9; 32]),
    };
    call.handle(START, Input::Join(join));
    let mut answer = None;
    loop {
        match call.poll_output() {
            Output::Send {
                to,
                message: Message::Joined(joined),
            } if to == ConnectionId::new(number.into()) => answer = Some(Ok(joined.status)),
            Output::Send {
                to,
                message: Message::Error(code),
            } if to == ConnectionId::new(number.into()) => answer = Some(Err(code)),
            Output::Wait(_) => return answer.unwrap(),
            _ => {}
        }
    }
}

#[test]
fn guests_are_admitted_by_the_rule_of_the_link_for_them() {
    use GuestAdmission::{AsAccounts, Refused, Wait};
    use Restrictions::{AdminApproval, None as Free};
    let refused = Err(ErrorCode::GuestsRefused);
    for (guests, restrictions, stranger, approved, admin) in [
        (
            Wait,
            Free,
            Ok(Status::Pending),
            Ok(Status::Active),
            Ok(Status::Active),
        ),
        (
            Wait,
            AdminApproval,
            Ok(Status::Pending),
            Ok(Status::Active),
            Ok(Status::Active),
        ),
        (
            AsAccounts,
            Free,
            Ok(Status::Active),
            Ok(Status::Active),
            Ok(Status::Active),
        ),
        (
            AsAccounts,
            AdminApproval,
            Ok(Status::Pending),
            Ok(Status::Active),
            Ok(Status::Active),
        ),
        (Refused, Free, refused, refused, refused),
        (Refused, AdminApproval, refused, refused, refused),
    ] {
        let admitted =
            [('a', Role::Guest), ('b', Role::Guest), ('c', Role::Admin)].map(|(name, role)| {
                let mut call = call(link(restrictions, guests), &[user('b')], 16);
                join(&mut call, 1, name, role)
            });
        assert_eq!(
            admitted,
            [stranger, approved, admin],
            "{guests:?} {restrictions:?}"
        );
    }
}

#[test]
fn guests_have_at_most_half_of_the_lobby() {
    for (max_devices, share) in [(1, 1), (2, 1), (5, 2), (6, 3)] {
        let free = link(Restrictions::None, GuestAdmission::Wait);
        let mut call = call(free, &[], max_devices);
        for number in 1..=share {
            let name = char::from_digit(number, 16).unwrap();
            assert_eq!(
                join(&mut call, number, name, Role::Guest),
                Ok(Status::Pending)
            );
        }
        let one_more = join(&mut call, share + 1, 'f', Role::Guest);
        assert_eq!(one_more, Err(ErrorCode::Full), "{max_devices}");
        assert_eq!(
            join(&mut call, share + 2, 'e', Role::Admin),
            Ok(Status::Active)
        );
        assert_eq!(
            call.device_count(Status::Pending),
            usize::try_from(share).unwrap()
        );
    }
}

#[test]
fn a_guest_takes_the_place_of_its_own_lost_device_in_a_lobby_full_of_guests() {
    let mut call = call(link(Restrictions::None, GuestAdmission::Wait), &[], 2);
    assert_eq!(join(&mut call, 1, 'a', Role::Guest), Ok(Status::Pending));
    call.handle(START, Input::Disconnected(ConnectionId::new(1)));
    assert_eq!(join(&mut call, 2, 'b', Role::Guest), Err(ErrorCode::Full));
    assert_eq!(join(&mut call, 3, 'a', Role::Guest), Ok(Status::Pending));
}

#[test]
fn rosters_say_who_has_a_guest_account_and_a_new_rule_holds_for_the_next_join() {
    let free = link(Restrictions::None, GuestAdmission::Wait);
    let mut call = call(free.clone(), &[], 16);
    assert_eq!(join(&mut call, 1, 'a', Role::Admin), Ok(Status::Active));
    assert_eq!(join(&mut call, 2, 'b', Role::Guest), Ok(Status::Pending));
    let roster = call.roster(Audience::Admins);
    let shown = roster.active.iter().chain(roster.pending.iter());
    assert!(
        shown
            .clone()
            .all(|participant| participant.has_guest_account)
    );
    assert_eq!(shown.count(), 2);

    let approve = Input::Command {
        connection: ConnectionId::new(1),
        command: Command::Approve {
            device: DemuxId::new(32).unwrap(),
            statement: None,
        },
    };
    call.handle(START, approve);
    assert_eq!(call.device_count(Status::Active), 2, "approved");
    for (guests, expected) in [
        (GuestAdmission::Refused, Err(ErrorCode::GuestsRefused)),
        (GuestAdmission::AsAccounts, Ok(Status::Active)),
    ] {
        let changed = LinkState {
            guests,
            ..free.clone()
        };
        call.handle(START, Input::LinkChanged(changed));
        assert_eq!(join(&mut call, 3, 'c', Role::Guest), expected);
    }
    assert_eq!(call.device_count(Status::Active), 3);
}
