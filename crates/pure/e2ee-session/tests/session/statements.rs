//! Statements of admins in a call.

use anteroom_e2ee::{
    Admission, AdmissionError, AdmissionReason, CoAdmin, CommitRefusal, ContextChange, LeafClaim,
    MAX_BARRED_BY_CO_ADMIN, Presence, RemovalReason, RoomContext, SignedStatement, Signer,
    StatementKey,
};
use anteroom_e2ee_session::{
    BarScope, BarState, Command, CommandError, Event, Input, JoinedSeat, LeaveReason, Message,
    SessionOptions,
};
use anteroom_protocol::{DAY, DemuxId, EraId, Restrictions};

use crate::{
    harness::{Harness, Hop},
    people::{admin, admin_key, approval, member_key, person, policy, root_key, system_time, user},
};

pub(crate) fn strict(options: SessionOptions) -> SessionOptions {
    SessionOptions {
        policy: Some(policy(Restrictions::AdminApproval, 1)),
        ..options
    }
}

pub(crate) fn approved(number: u32) -> SessionOptions {
    SessionOptions {
        admission: Admission::Approval(approval(number)),
        ..strict(person(number))
    }
}

pub(crate) fn refusals(call: &mut Harness, device: usize) -> Vec<CommitRefusal> {
    let events = call.take_events(device);
    let refusals = events.into_iter().filter_map(|event| match event {
        Event::NotAdmitted { refusal, .. } => Some(refusal),
        _ => None,
    });
    refusals.collect()
}

#[test]
fn members_take_in_only_whom_an_admin_has_let_in() {
    let mut call = Harness::of([strict(admin(1)), approved(2), strict(person(3))]);
    call.run(5_000);
    call.agree(&[0, 1]);
    for device in [0, 1] {
        let missing = CommitRefusal::Admission(AdmissionError::Missing);
        assert_eq!(refusals(&mut call, device), [missing]);
    }
    let members = call.devices[1].session.members();
    let reasons: Vec<_> = members.iter().map(|member| member.reason).collect();
    let by_admin = AdmissionReason::Approval(Signer::Admin);
    assert_eq!(reasons, [AdmissionReason::Admin, by_admin]);
    // The lobby's decision brings the approval.
    let statement = Some(approval(3).as_bytes().to_vec());
    let present = call.epoch(0);
    call.session(2, Input::Admitted { present, statement });
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    assert!(
        call.take_events(2)
            .iter()
            .any(|event| matches!(event, Event::Approved(_)))
    );
}

#[test]
fn who_may_not_be_in_cannot_start() {
    let mut call = Harness::of([strict(person(1)), strict(person(2))]);
    call.run(10_000);
    assert_eq!([0, 1].map(|device| call.epoch(device)), [None; 2]);
    let is_told = |event: &Event| matches!(event, Event::CannotStart(AdmissionError::Missing));
    assert_eq!(
        call.take_events(0)
            .iter()
            .filter(|one| is_told(one))
            .count(),
        1
    );
    call.join(strict(admin(3)));
    call.join(approved(4));
    call.run(8_000);
    call.agree(&[2, 3]);
}

#[test]
fn an_admins_removal_is_at_once_and_confirmed() {
    for others in [2, 0] {
        let mut call = Harness::of([person(1), admin(2)]);
        call.run(100);
        for number in 0..others {
            call.join(person(3 + number));
        }
        call.run(1_000);
        let device = call.devices[0].demux.unwrap();
        let scope = BarScope::Device;
        call.command(1, Command::Bar { device, scope });
        call.run(500);
        let states: Vec<BarState> = call
            .take_events(1)
            .into_iter()
            .filter_map(|event| match event {
                Event::Barred { state, .. } => Some(state),
                _ => None,
            })
            .collect();
        assert_eq!(states, [BarState::Removed]);
        let barred = LeaveReason::Removed(RemovalReason::Barred);
        let is_told = |event: &Event| matches!(event, Event::Left(reason) if *reason == barred);
        assert!(call.take_events(0).iter().any(is_told));
        call.run(10_000);
        let inside: Vec<usize> = (1..2 + usize::try_from(others).unwrap()).collect();
        call.agree(&inside);
    }
}

/// A removal voids earlier approvals, so that members with one get another. Nobody has let the others in.
#[test]
fn a_removal_gives_new_approvals_to_those_alone_who_are_in_by_one() {
    let let_in = SessionOptions {
        admission: Admission::Approval(approval(3)),
        ..person(3)
    };
    let mut call = Harness::of([person(1), admin(2), let_in, person(4)]);
    call.run(2_000);
    call.agree(&[0, 1, 2, 3]);
    let device = call.devices[0].demux.unwrap();
    let scope = BarScope::User;
    call.command(1, Command::Bar { device, scope });
    call.run(2_000);
    call.agree(&[1, 2, 3]);
    let is_approved = [2, 3].map(|device| {
        let mut events = call.take_events(device).into_iter();
        events.any(|event| matches!(event, Event::Approved(_)))
    });
    assert_eq!(is_approved, [true, false]);
    call.leave(3);
    call.run(1_000);
    call.connect(3);
    call.run(8_000);
    call.agree(&[1, 2, 3]);
    let open = call.devices[3].demux.unwrap();
    let members = call.devices[1].session.members();
    let open = members.iter().find(|one| one.claims.demux_id == open);
    assert_eq!(open.unwrap().reason, AdmissionReason::Open);
}

#[test]
fn a_removal_that_nobody_heard_of_is_not_confirmed() {
    let mut call = Harness::of([person(1), admin(2), person(3)]);
    call.run(1_000);
    call.filter(|device, _| device != 1);
    let device = call.devices[0].demux.unwrap();
    let scope = BarScope::User;
    call.command(1, Command::Bar { device, scope });
    call.run(2_900);
    let is_told = |event: &Event| matches!(event, Event::Barred { .. });
    assert!(!call.take_events(1).iter().any(is_told));
    call.run(200);
    let told = call.take_events(1);
    assert!(told.iter().any(|event| matches!(
        event,
        Event::Barred {
            state: BarState::NotConfirmed,
            ..
        }
    )));
}

fn bar_states(call: &mut Harness, device: usize) -> Vec<BarState> {
    let events = call.take_events(device).into_iter();
    let states = events.filter_map(|event| match event {
        Event::Barred { state, .. } => Some(state),
        _ => None,
    });
    states.collect()
}

#[test]
fn a_removal_is_done_when_the_others_have_the_entry_and_not_when_the_leaf_is_gone() {
    let mut call = Harness::of([person(1), admin(2), person(3), person(4)]);
    call.run(1_000);
    call.filter(|device, hop| device != 1 || !matches!(hop, Hop::ToService(Message::Commit(_))));
    let device = call.devices[0].demux.unwrap();
    let scope = BarScope::User;
    call.command(1, Command::Bar { device, scope });
    call.leave(0);
    call.run(20_000);
    assert_eq!(call.devices[1].session.members().len(), 3, "it is gone");
    assert_eq!(bar_states(&mut call, 1), [BarState::NotConfirmed]);
    call.filter(|_, _| true);
    call.run(12_000);
    assert_eq!(bar_states(&mut call, 1), [BarState::Removed]);
}

#[test]
fn a_removal_is_told_as_not_confirmed_outside_of_the_group_and_done_from_another_seat() {
    let mut call = Harness::of([person(1), admin(2), person(3)]);
    call.run(1_000);
    call.filter(|device, _| device != 1);
    let device = call.devices[0].demux.unwrap();
    let scope = BarScope::User;
    call.command(1, Command::Bar { device, scope });
    call.session(1, Input::CommitsDropped);
    call.run(4_000);
    assert_eq!(bar_states(&mut call, 1), [BarState::NotConfirmed]);
    call.disconnect(1);
    call.run(40_000);
    call.filter(|_, _| true);
    call.connect(1);
    call.run(5_000);
    assert_eq!(bar_states(&mut call, 1), [BarState::Removed]);
}

/// The first removal brings those who stay approvals of a later second, the second of them too.
#[test]
fn two_removals_within_a_second_put_out_both() {
    let mut call = Harness::of([strict(admin(1)), approved(2), approved(3), approved(4)]);
    call.run(2_000);
    call.agree(&[0, 1, 2, 3]);
    for device in [1, 2] {
        let device = call.devices[device].demux.unwrap();
        let scope = BarScope::User;
        call.command(0, Command::Bar { device, scope });
        call.run(100);
    }
    call.run(2_000);
    call.agree(&[0, 3]);
    let is_approved = |event: &Event| matches!(event, Event::Approved(_));
    assert!(call.take_events(2).iter().any(is_approved), "the first");
    call.leave(2);
    call.run(1_000);
    call.connect(2);
    call.run(8_000);
    call.agree(&[0, 3]);
}

/// The admin that let the device in has a clock that is ahead.
#[test]
fn a_removal_puts_out_a_device_whose_approval_is_of_a_later_time() {
    let mut ahead = approval(2).claimed().clone();
    ahead.issued = system_time().plus(600);
    let ahead = SignedStatement::sign(&ahead, &StatementKey::Admin(&admin_key())).unwrap();
    let second = SessionOptions {
        admission: Admission::Approval(ahead),
        ..strict(person(2))
    };
    let mut call = Harness::of([strict(admin(1)), second, approved(3)]);
    call.run(2_000);
    call.agree(&[0, 1, 2]);
    for device in [1, 2] {
        let device = call.devices[device].demux.unwrap();
        let scope = BarScope::User;
        call.command(0, Command::Bar { device, scope });
        call.run(500);
    }
    assert_eq!(call.devices[0].session.members().len(), 1);
}

/// The approval is of the second of the removal: the clock of the admin that let the device in is ahead.
#[test]
fn an_approval_of_the_second_of_a_removal_is_void_in_later_eras() {
    for ahead in [2, 600] {
        let mut given = approval(2).claimed().clone();
        given.issued = system_time().plus(ahead);
        let given = SignedStatement::sign(&given, &StatementKey::Admin(&admin_key())).unwrap();
        let second = SessionOptions {
            admission: Admission::Approval(given.clone()),
            ..strict(person(2))
        };
        let mut call = Harness::of([strict(admin(1)), second, approved(3)]);
        call.run(900);
        call.agree(&[0, 1, 2]);
        let device = call.devices[1].demux.unwrap();
        let scope = BarScope::User;
        call.command(0, Command::Bar { device, scope });
        call.run(500);
        call.agree(&[0, 2]);
        let context = call.devices[0].session.context().unwrap().clone();
        let entry = context.barred().entries()[0].claimed();
        assert_eq!(
            entry.time,
            given.claimed().issued,
            "the time of the approval"
        );
        let own = call
            .take_events(2)
            .into_iter()
            .find_map(|event| match event {
                Event::Approved(approval) => Some(approval),
                _ => None,
            });
        // The next era begins with the policy alone.
        let change = ContextChange {
            policy: context.policy().cloned(),
            ..ContextChange::default()
        };
        let admin = Some(admin_key().public());
        let later = RoomContext::new(root_key().room_id(), EraId::from_bytes([2; 16]), admin);
        let later = later.with(&change);
        let now = call.time().now;
        let admits = |number, approval| {
            let (user, member_key) = (user(number), member_key(number).public());
            let claim = LeafClaim {
                user: &user,
                member_key: &member_key,
                admission: &Admission::Approval(approval),
            };
            later.admits(&claim, Presence::New, now)
        };
        assert_eq!(admits(2, given), Err(AdmissionError::Void), "{ahead}");
        assert!(admits(3, own.unwrap()).is_ok());
    }
}

#[test]
fn an_approval_that_has_ended_takes_the_place_of_none_that_holds() {
    let mut call = Harness::of([strict(admin(1)), approved(2)]);
    call.run(2_000);
    call.agree(&[0, 1]);
    let mut ended = approval(2).claimed().clone();
    ended.issued = system_time().minus(1_800);
    ended.expires = system_time().minus(60);
    let ended = SignedStatement::sign(&ended, &StatementKey::Admin(&admin_key())).unwrap();
    let statement = Some(ended.as_bytes().to_vec());
    let present = call.epoch(1);
    call.session(1, Input::Admitted { present, statement });
    assert!(
        !call
            .take_events(1)
            .iter()
            .any(|event| matches!(event, Event::Approved(_)))
    );
    call.disconnect(1);
    call.run(40_000);
    call.connect(1);
    call.run(3_000);
    call.agree(&[0, 1]);
}

/// An admin whose clock is a day ahead signs an approval; the mended one is of an earlier time.
#[test]
fn an_approval_of_a_later_time_is_replaced_by_one_that_counts() {
    for restrictions in [Restrictions::AdminApproval, Restrictions::None] {
        let with_policy = |options| SessionOptions {
            policy: Some(policy(restrictions, 1)),
            ..options
        };
        let mut call = Harness::of([with_policy(admin(1)), with_policy(person(2))]);
        call.run(2_000);
        let mut ahead = approval(2).claimed().clone();
        ahead.issued = system_time().plus(DAY);
        ahead.expires = system_time().plus(2 * DAY);
        let ahead = SignedStatement::sign(&ahead, &StatementKey::Admin(&admin_key())).unwrap();
        for (statement, is_taken) in [
            (ahead.clone(), true),
            (approval(2), true),
            (ahead, false),
            (approval(2), false),
        ] {
            let statement = Some(statement.as_bytes().to_vec());
            let present = call.epoch(0);
            call.session(1, Input::Admitted { present, statement });
            let mut events = call.take_events(1).into_iter();
            let is_approved = |event: Event| matches!(event, Event::Approved(_));
            assert_eq!(events.any(is_approved), is_taken, "{restrictions:?}");
        }
        call.run(4_000);
        call.agree(&[0, 1]);
    }
}

#[test]
fn nobody_puts_out_the_own_user() {
    let second = SessionOptions {
        user: user(1),
        ..person(2)
    };
    let mut call = Harness::of([admin(1), second, person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let device = call.devices[1].demux.unwrap();
    let bar = |scope| Command::Bar { device, scope };
    let own = Err(CommandError::OwnDevice);
    assert_eq!(call.try_command(0, bar(BarScope::User)), own);
    call.command(0, bar(BarScope::Device));
    call.run(1_000);
    call.agree(&[0, 2]);
}

#[test]
fn a_co_admin_locks_the_call() {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(1_000);
    let co_admin = CoAdmin {
        user: user(2),
        member_key: member_key(2).public(),
    };
    call.command(0, Command::SetCoAdmins(vec![co_admin]));
    call.run(500);
    call.command(1, Command::Lock(true));
    call.run(500);
    let by_co_admin = Signer::CoAdmin(member_key(2).public());
    let is_told = |event: &Event| match event {
        Event::Lock { is_on, signer } => *is_on && *signer == by_co_admin,
        _ => false,
    };
    assert!(call.take_events(2).iter().any(is_told));
    call.agree(&[0, 1, 2]);
}

#[test]
fn a_co_admin_puts_out_a_few() {
    let most = u32::try_from(MAX_BARRED_BY_CO_ADMIN).unwrap();
    let mut call = Harness::of((1..=most + 3).map(|number| match number {
        1 => admin(1),
        number => person(number),
    }));
    call.run(2_000);
    let co_admin = CoAdmin {
        user: user(2),
        member_key: member_key(2).public(),
    };
    call.command(0, Command::SetCoAdmins(vec![co_admin]));
    call.run(1_000);
    for device in 2..=MAX_BARRED_BY_CO_ADMIN + 2 {
        let device = call.devices[device].demux.unwrap();
        let scope = BarScope::User;
        let done = call.try_command(1, Command::Bar { device, scope });
        call.run(1_500);
        let members = call.devices[0].session.members().len();
        match done {
            Ok(()) => assert!(members >= 3),
            Err(error) => assert_eq!((error, members), (CommandError::TooManyBarred, 3)),
        }
    }
    assert_eq!(call.devices[0].session.members().len(), 3);
}

#[test]
fn a_newer_policy_goes_with_the_next_commit_before_anybody_is_added() {
    let mut call = Harness::of([admin(1), person(2)]);
    call.run(1_000);
    let newer = policy(Restrictions::AdminApproval, 2);
    // The link's state has changed; the newcomer knows it, and one member.
    call.session(0, Input::Policy(newer.as_bytes().to_vec()));
    call.run(500);
    assert!(call.take_events(1).iter().any(|event| match event {
        Event::Policy(policy) => *policy == newer,
        _ => false,
    }));
    call.join(SessionOptions {
        policy: Some(newer),
        ..person(3)
    });
    call.run(3_000);
    call.agree(&[0, 1]);
}

#[test]
fn a_leaf_without_an_approval_is_renewed_when_it_needs_one() {
    let third = SessionOptions {
        admission: Admission::Approval(approval(3)),
        ..person(3)
    };
    let mut call = Harness::of([admin(1), person(2), third]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let newer = policy(Restrictions::AdminApproval, 2);
    call.session(0, Input::Policy(newer.as_bytes().to_vec()));
    call.run(500);
    let statement = Some(approval(2).as_bytes().to_vec());
    let present = call.epoch(0);
    call.session(1, Input::Admitted { present, statement });
    call.run(5_000);
    call.join(SessionOptions {
        policy: Some(newer),
        ..approved(4)
    });
    call.run(3_000);
    call.agree(&[0, 1, 2, 3]);
}

#[test]
fn a_changed_name_is_told_to_those_who_come_later() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(1_000);
    call.command(0, Command::SetName("Ann".to_owned()));
    call.run(100);
    call.join(person(3));
    call.run(1_500);
    call.agree(&[0, 1, 2]);
    for device in 0..3 {
        let members = call.devices[device].session.members();
        let name = members[0].name.as_deref();
        let expected = if device == 0 { "Person 1" } else { "Ann" };
        assert!(name == Some("Ann") || device == 0, "{device}: {expected}");
    }
}

#[test]
fn a_name_that_is_changed_without_a_connection_is_told_afterwards() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(1_000);
    call.disconnect(0);
    call.command(0, Command::SetName("Ann".to_owned()));
    call.run(1_000);
    call.connect(0);
    call.run(500);
    let members = call.devices[1].session.members();
    assert_eq!(members[0].name.as_deref(), Some("Ann"));
}

#[test]
fn words_are_those_of_the_epoch_and_mark_the_members_as_compared() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(1_000);
    let time = call.time();
    let words = [0, 1].map(|device| call.devices[device].session.show_words(time).unwrap());
    assert_eq!(words[0].words, words[1].words);
    let epoch = words[0].epoch;
    call.words_match(1, epoch).unwrap();
    call.join(person(3));
    call.run(1_000);
    let members = call.devices[1].session.members();
    let compared: Vec<bool> = members.iter().map(|member| member.is_compared).collect();
    assert_eq!(compared, [true, true, false]);
    assert_eq!(call.words_match(1, epoch), Err(CommandError::NoWords));
}

/// An admin's client publishes the policy beside the call, and the co-admin decides as soon as the group has it.
fn early_approvals(are_at_new_seats: bool) {
    let mut call = Harness::of([strict(admin(1)), approved(2)]);
    call.run(1_000);
    let co_admin = CoAdmin {
        user: user(2),
        member_key: member_key(2).public(),
    };
    call.command(0, Command::SetCoAdmins(vec![co_admin]));
    call.run(500);
    let policy = call.devices[0].session.context().unwrap().policy().cloned();
    call.join(strict(person(3)));
    call.run(500);
    let key = member_key(2);
    let signed = |issued| {
        let mut given = approval(3).claimed().clone();
        given.issued = issued;
        SignedStatement::sign(&given, &StatementKey::CoAdmin(&key)).unwrap()
    };
    // The last one is the newest, and some are too many.
    for earlier in (0..8).rev() {
        let given = signed(system_time().minus(earlier));
        let statement = Some(given.as_bytes().to_vec());
        let present = call.epoch(0);
        let input = if are_at_new_seats {
            let number = u32::try_from(earlier).unwrap();
            Input::Joined(JoinedSeat {
                demux_id: DemuxId::new(16 * (1_000 + number)).unwrap(),
                era: call.devices[0].session.context().unwrap().era(),
                is_active: true,
                present,
                missed: 0,
                statement,
                roster: Vec::new(),
            })
        } else {
            Input::Admitted { present, statement }
        };
        call.session(2, input);
    }
    let told = |call: &mut Harness| {
        let events = call.take_events(2).into_iter();
        let approvals = events.filter_map(|event| match event {
            Event::Approved(approval) => Some(approval.claimed().issued),
            _ => None,
        });
        approvals.collect::<Vec<_>>()
    };
    assert_eq!(told(&mut call), []);
    call.session(2, Input::Policy(policy.unwrap().as_bytes().to_vec()));
    let now = system_time();
    let kept = [now.minus(3), now.minus(2), now.minus(1), now];
    assert_eq!(told(&mut call), kept);
    if !are_at_new_seats {
        call.run(3_000);
        call.agree(&[0, 1, 2]);
    }
}

#[test]
fn an_approval_that_comes_before_the_policy_that_names_its_co_admin_lets_the_device_in() {
    early_approvals(false);
}

#[test]
fn of_approvals_before_the_policy_the_last_ones_are_kept_from_seat_to_seat() {
    early_approvals(true);
}
