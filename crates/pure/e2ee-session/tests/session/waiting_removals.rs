//! Removals that wait for the time that they need.

use anteroom_e2ee::{CLOCK_TOLERANCE, SignedStatement, Signer, StatementKey};
use anteroom_e2ee_session::{
    BarState, CoAdminVerdict, Command, CommandError, Input, WaitingDevice,
};
use anteroom_protocol::Restrictions;

use crate::{
    harness::Harness,
    people::{admin, admin_key, member_key, policy, user},
    removals::{bar, bar_states, co_admin, come_back_in_vain, command_ahead, removal},
    statements::{approved, strict},
};

/// Returns a call of an admin, a co-admin and somebody whom the co-admin is to put out, and the time after which that is
/// done, in milliseconds.
fn call_with_waiting_removal() -> (Harness, u64) {
    let mut call = Harness::of([strict(admin(1)), approved(2), approved(3), approved(4)]);
    call.run(2_000);
    call.command(0, Command::SetCoAdmins(vec![co_admin(2)]));
    call.run(1_000);
    let command = removal(&call, 3);
    command_ahead(&mut call, 0, command, CLOCK_TOLERANCE);
    call.run(3_000);
    call.agree(&[0, 1, 2]);
    let command = removal(&call, 2);
    let done = call.try_command(1, command.clone());
    let Err(CommandError::EarlyRemoval { seconds, .. }) = done else {
        unreachable!("{done:?}");
    };
    // Written again, it does not wait for longer.
    call.run(1_000);
    let again = call.try_command(1, command);
    let early = CommandError::EarlyRemoval {
        seconds: seconds - 1,
        needs_admin: true,
    };
    assert_eq!(again, Err(early));
    assert_eq!(bar_states(&mut call, 1), []);
    (call, 1_000 * seconds)
}

#[test]
fn a_removal_that_waits_is_taken_back_by_an_admission() {
    let (mut call, wait) = call_with_waiting_removal();
    let device = WaitingDevice {
        demux_id: call.devices[2].demux.unwrap(),
        user: user(3),
        member_key: member_key(3).public(),
        is_guest: false,
        name: None,
    };
    let verdict = CoAdminVerdict::Admit;
    call.command(0, Command::SetCoAdmins(vec![co_admin(2)]));
    let done = call.try_command(1, Command::Decide { device, verdict });
    assert_eq!(done, Ok(()));
    call.run(wait + 5_000);
    call.agree(&[0, 1, 2]);
    assert_eq!(bar_states(&mut call, 1), []);
}

#[test]
fn a_removal_that_waits_and_cannot_be_done_is_told() {
    let (mut call, wait) = call_with_waiting_removal();
    call.command(0, Command::SetCoAdmins(Vec::new()));
    call.run(wait + 5_000);
    call.agree(&[0, 1, 2]);
    assert_eq!(bar_states(&mut call, 1), [BarState::NotConfirmed]);
    let (mut call, _) = call_with_waiting_removal();
    call.devices[1].session.give_up_removals();
    call.run(1_000);
    assert_eq!(bar_states(&mut call, 1), [BarState::NotConfirmed]);
}

/// The admin may let the person in again meanwhile.
#[test]
fn a_removal_that_waits_is_not_done_after_that_of_an_admin() {
    let (mut call, wait) = call_with_waiting_removal();
    bar(&mut call, 2);
    call.run(wait + 5_000);
    call.agree(&[0, 1]);
    assert_eq!(bar_states(&mut call, 1), []);
    let context = call.devices[1].session.context().unwrap();
    let entries = context.barred().entries().iter();
    assert!(
        entries
            .into_iter()
            .all(|entry| *entry.signer() == Signer::Admin)
    );
}

/// Lets an admin know a policy of so late a time that its removals wait.
fn know_late_policy(call: &mut Harness) {
    let mut late = policy(Restrictions::AdminApproval, 1).claimed().clone();
    late.counter += 1;
    late.void_before = call.time().now.plus(CLOCK_TOLERANCE + 61);
    let late = SignedStatement::sign(&late, &StatementKey::Admin(&admin_key())).unwrap();
    call.session(0, Input::Policy(late.as_bytes().to_vec()));
}

/// The room service leaves the devices where they are meanwhile, so that each removal could give them approvals.
#[test]
fn of_removals_that_wait_together_nobody_comes_back() {
    let mut call = Harness::of([
        strict(admin(1)),
        approved(2),
        approved(3),
        approved(4),
        approved(5),
    ]);
    call.run(2_000);
    know_late_policy(&mut call);
    for device in [1, 2, 3] {
        let command = removal(&call, device);
        let done = call.try_command(0, command);
        assert!(
            matches!(done, Err(CommandError::EarlyRemoval { .. })),
            "{done:?}"
        );
        call.run(1_000);
    }
    call.run(60_000);
    call.agree(&[0, 4]);
    for device in [1, 2, 3] {
        come_back_in_vain(&mut call, device, &[0, 4]);
    }
    assert_eq!(bar_states(&mut call, 0).len(), 3);
}

/// That another device has the same user is the room service's word.
#[test]
fn a_removal_of_a_user_that_waits_stays_when_another_device_is_let_in() {
    let (mut call, wait) = call_with_waiting_removal();
    let device = WaitingDevice {
        demux_id: call.devices[2].demux.unwrap(),
        user: user(3),
        member_key: member_key(9).public(),
        is_guest: false,
        name: None,
    };
    let verdict = CoAdminVerdict::Admit;
    call.command(0, Command::SetCoAdmins(vec![co_admin(2)]));
    let done = call.try_command(1, Command::Decide { device, verdict });
    assert_eq!(done, Ok(()));
    call.run(wait + 5_000);
    call.agree(&[0, 1]);
}
