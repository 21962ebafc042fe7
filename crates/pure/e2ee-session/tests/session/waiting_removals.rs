//! Removals that wait for the time that they need.

use anteroom_e2ee::{CLOCK_TOLERANCE, Signer};
use anteroom_e2ee_session::{BarState, CoAdminVerdict, Command, CommandError, WaitingDevice};

use crate::{
    harness::Harness,
    people::{admin, member_key, user},
    removals::{bar, bar_states, co_admin, command_ahead, removal},
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
