//! The lobby and the decisions of co-admins, as messages of the group.

use anteroom_e2ee::{CLOCK_TOLERANCE, CoAdmin, SignedStatement, Signer, StatementKey};
use anteroom_e2ee_session::{
    BarScope, CoAdminDecision, CoAdminVerdict, Command, CommandError, Event, Input, Verdict,
    WaitingDevice,
};
use anteroom_protocol::DemuxId;

use crate::{
    harness::Harness,
    people::{admin, admin_key, approval, member_key, person, system_time, user},
    statements::{approved, strict},
};

/// A call of an admin, a co-admin and a member.
fn call() -> Harness {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let co_admin = CoAdmin {
        user: user(2),
        member_key: member_key(2).public(),
    };
    call.command(0, Command::SetCoAdmins(vec![co_admin]));
    call.run(500);
    call
}

fn waiting() -> WaitingDevice {
    WaitingDevice {
        demux_id: DemuxId::new(1_600).unwrap(),
        user: user(9),
        member_key: member_key(9).public(),
        is_guest: true,
        name: Some("Zoe\u{202e}".to_owned()),
    }
}

fn lobbies(call: &mut Harness, device: usize) -> Vec<Vec<WaitingDevice>> {
    let events = call.take_events(device).into_iter();
    let lobbies = events.filter_map(|event| match event {
        Event::Lobby(waiting) => Some(waiting),
        _ => None,
    });
    lobbies.collect()
}

fn decisions(call: &mut Harness, device: usize) -> Vec<CoAdminDecision> {
    let events = call.take_events(device).into_iter();
    let decisions = events.filter_map(|event| match event {
        Event::Decision { decision, .. } => Some(decision),
        _ => None,
    });
    decisions.collect()
}

#[test]
fn nobody_is_made_a_co_admin_without_a_connection() {
    let mut call = call();
    call.disconnect(0);
    let refused = call.try_command(0, Command::SetCoAdmins(Vec::new()));
    assert_eq!(refused, Err(CommandError::NotConnected));
}

#[test]
fn a_co_admin_takes_the_lobby_from_whom_the_admin_key_shows_alone() {
    let mut call = call();
    assert!(call.devices[1].session.is_co_admin() && !call.devices[2].session.is_co_admin());
    call.command(0, Command::TellLobby(vec![waiting()]));
    call.run(500);
    let shown = WaitingDevice {
        name: Some("Zoe".to_owned()),
        ..waiting()
    };
    assert_eq!(lobbies(&mut call, 1), [vec![shown]]);
    assert_eq!(lobbies(&mut call, 2), Vec::<Vec<WaitingDevice>>::new());
    // A member that says so too could have a co-admin sign for its accomplice.
    call.command(2, Command::TellLobby(vec![waiting()]));
    call.run(500);
    assert_eq!(lobbies(&mut call, 1), Vec::<Vec<WaitingDevice>>::new());
}

#[test]
fn members_take_the_decisions_of_co_admins_and_of_nobody_else() {
    let mut call = call();
    let decide = |verdict| Command::Decide {
        device: waiting(),
        verdict,
    };
    call.command(1, decide(CoAdminVerdict::Admit));
    call.command(1, decide(CoAdminVerdict::Deny));
    call.run(500);
    for device in [0, 2] {
        let decisions = decisions(&mut call, device);
        assert_eq!(decisions.len(), 2);
        let Verdict::Admit(approval) = &decisions[0].verdict else {
            panic!("{decisions:?}");
        };
        let claimed = approval.claimed();
        assert!(claimed.user == user(9) && claimed.member_key == member_key(9).public());
        assert_eq!(decisions[1].verdict, Verdict::Deny);
    }
    let refused = call.try_command(2, decide(CoAdminVerdict::Admit));
    assert_eq!(refused, Err(CommandError::NotAdmin));
    for verdict in [
        CoAdminVerdict::Deny,
        CoAdminVerdict::Remove,
        CoAdminVerdict::Block,
    ] {
        call.command(2, decide(verdict));
    }
    call.run(500);
    assert_eq!(decisions(&mut call, 0), []);
    // Neither those of one who is no co-admin any more.
    call.command(0, Command::SetCoAdmins(Vec::new()));
    call.run(500);
    call.command(1, decide(CoAdminVerdict::Deny));
    call.run(500);
    assert_eq!(decisions(&mut call, 0), []);
}

#[test]
fn the_members_are_told_who_has_put_somebody_out() {
    let mut call = call();
    call.join(person(4));
    call.run(1_000);
    call.agree(&[0, 1, 2, 3]);
    let co_admin = Signer::CoAdmin(member_key(2).public());
    for (who, about, witness, signer) in [(1, 2, 3, co_admin), (0, 3, 1, Signer::Admin)] {
        call.take_events(witness);
        let device = call.devices[about].demux.unwrap();
        let scope = BarScope::Device;
        call.command(who, Command::Bar { device, scope });
        call.run(500);
        assert_eq!(removals(&mut call, witness), [Some(signer)]);
    }
    call.leave(1);
    call.run(5_000);
    assert_eq!(removals(&mut call, 0).last(), Some(&None), "it has left");
}

/// Returns by whom members were put out, as a device was told.
fn removals(call: &mut Harness, device: usize) -> Vec<Option<Signer>> {
    let events = call.take_events(device).into_iter();
    let removals = events.filter_map(|event| match event {
        Event::MemberRemoved { signer, .. } => Some(signer),
        _ => None,
    });
    removals.collect()
}

/// A call with approvals, of an admin and a co-admin.
fn strict_call() -> Harness {
    let mut call = Harness::of([strict(admin(1)), approved(2)]);
    call.run(2_000);
    call.agree(&[0, 1]);
    let co_admin = CoAdmin {
        user: user(2),
        member_key: member_key(2).public(),
    };
    call.command(0, Command::SetCoAdmins(vec![co_admin]));
    call.run(500);
    call
}

/// Lets the third device join, which knows the policy and has no approval.
fn join_outside(call: &mut Harness) {
    call.join(strict(person(3)));
    call.run(1_000);
    let context = call.devices[0].session.context().unwrap();
    let policy = context.policy().unwrap().as_bytes().to_vec();
    call.session(2, Input::Policy(policy));
}

/// Gives the third device an approval that was issued this much ahead. Returns whether it takes it.
fn takes(call: &mut Harness, ahead: u64, key: &StatementKey<'_>) -> bool {
    let mut given = approval(3).claimed().clone();
    given.issued = system_time().plus(ahead);
    let signed = SignedStatement::sign(&given, key).unwrap();
    let statement = Some(signed.as_bytes().to_vec());
    let present = call.epoch(0);
    call.session(2, Input::Admitted { present, statement });
    let mut events = call.take_events(2).into_iter();
    events.any(|event| matches!(event, Event::Approved(_)))
}

/// Lets the third device lose its seat, and come back.
fn come_back(call: &mut Harness) {
    call.disconnect(2);
    call.run(40_000);
    call.connect(2);
    call.run(4_000);
}

#[test]
fn a_co_admins_approval_of_a_later_time_takes_the_place_of_none_by_which_others_add() {
    let mut call = strict_call();
    join_outside(&mut call);
    let key = member_key(2);
    for (ahead, is_taken) in [
        (0, true),
        (CLOCK_TOLERANCE - 60, false),
        (CLOCK_TOLERANCE / 2 - 60, true),
    ] {
        assert_eq!(
            takes(&mut call, ahead, &StatementKey::CoAdmin(&key)),
            is_taken,
            "{ahead}"
        );
    }
    call.run(2_000);
    call.agree(&[0, 1, 2]);
    come_back(&mut call);
    call.agree(&[0, 1, 2]);
}

/// Every member can send approvals of a co-admin, which count for nothing once the right has ended.
#[test]
fn no_co_admins_approval_takes_the_place_of_one_of_the_admin_key_that_holds() {
    let key = member_key(2);
    let by_co_admin = StatementKey::CoAdmin(&key);
    for ahead in [0, 60, CLOCK_TOLERANCE / 2 - 60] {
        let mut call = strict_call();
        call.join(approved(3));
        call.run(2_000);
        call.agree(&[0, 1, 2]);
        assert!(!takes(&mut call, ahead, &by_co_admin), "{ahead}");
        call.command(0, Command::SetCoAdmins(Vec::new()));
        call.run(1_000);
        come_back(&mut call);
        call.agree(&[0, 1, 2]);
    }
    // One of the admin key takes the place of a later one of a co-admin.
    let mut call = strict_call();
    join_outside(&mut call);
    assert!(takes(&mut call, 300, &by_co_admin));
    let key = admin_key();
    assert!(takes(&mut call, 0, &StatementKey::Admin(&key)));
    assert!(!takes(&mut call, 360, &by_co_admin));
}

/// The admin's client dates an approval after the entry of a co-admin that it is told.
#[test]
fn an_admin_is_told_the_entries_of_co_admins_by_all_that_the_device_knows() {
    let mut call = strict_call();
    call.join(approved(3));
    call.run(2_000);
    call.agree(&[0, 1, 2]);
    call.take_events(0);
    let device = call.devices[2].demux.unwrap();
    let scope = BarScope::User;
    call.command(1, Command::Bar { device, scope });
    call.run(1_000);
    call.agree(&[0, 1]);
    let events = call.take_events(0).into_iter();
    let mut told = events.filter_map(|event| match event {
        Event::BarredEntries(barred) => Some(barred),
        _ => None,
    });
    let barred = told.next().unwrap();
    assert_eq!(told.next(), None);
    let context = call.devices[0].session.context().unwrap();
    assert_eq!(barred, *context.barred());
    let [entry] = barred.entries() else {
        unreachable!("one is put out");
    };
    let issued = barred.void_before_of(&user(3), &member_key(3).public());
    assert_eq!(issued, entry.claimed().time.plus(1));
    // At once, which the entry of the same second would bar.
    let mut again = approval(3).claimed().clone();
    again.issued = issued;
    let again = SignedStatement::sign(&again, &StatementKey::Admin(&admin_key())).unwrap();
    let statement = Some(again.as_bytes().to_vec());
    call.leave(2);
    call.connect(2);
    call.run(500);
    let present = call.epoch(0);
    call.session(2, Input::Admitted { present, statement });
    call.run(3_000);
    call.agree(&[0, 1, 2]);
}
