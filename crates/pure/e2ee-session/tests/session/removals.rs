//! Removals, and the approvals that they and changes of the co-admins give to those who stay.

use anteroom_e2ee::{
    Admission, AdmissionReason, Approval, BarredEntry, CLOCK_TOLERANCE, CoAdmin, SignedStatement,
    Signer, StatementKey,
};
use anteroom_e2ee_session::{
    BarScope, BarState, CoAdminVerdict, Command, CommandError, Event, Input, Message,
    SessionOptions, Verdict, WaitingDevice,
};
use anteroom_protocol::{DemuxId, HOUR, Restrictions};

use crate::{
    harness::{Harness, Hop},
    people::{admin, admin_key, approval, member_key, person, policy, rng, system_time, user},
    statements::{approved, strict},
};

/// Returns an approval of a person whose signature does not hold, by a signer.
fn junk(number: u32, key: &StatementKey<'_>) -> SignedStatement<Approval> {
    let claimed = approval(number).claimed().clone();
    let signed = SignedStatement::sign(&claimed, key).unwrap();
    let mut bytes = signed.as_bytes().to_vec();
    for byte in bytes.iter_mut().rev().take(64) {
        *byte ^= 0x5a;
    }
    SignedStatement::parse(&bytes).unwrap()
}

fn issued(number: u32, change: impl FnOnce(&mut Approval)) -> SignedStatement<Approval> {
    let mut claimed = approval(number).claimed().clone();
    change(&mut claimed);
    SignedStatement::sign(&claimed, &StatementKey::Admin(&admin_key())).unwrap()
}

fn showing(approval: SignedStatement<Approval>, options: SessionOptions) -> SessionOptions {
    let admission = Admission::Approval(approval);
    SessionOptions {
        admission,
        ..options
    }
}

/// Returns the approvals that a device was given since the last call.
fn given(call: &mut Harness, device: usize) -> usize {
    let events = call.take_events(device).into_iter();
    let given = events.filter(|event| matches!(event, Event::Approved(_)));
    given.count()
}

pub(crate) fn removal(call: &Harness, device: usize) -> Command {
    let device = call.devices[device].demux.unwrap();
    let scope = BarScope::User;
    Command::Bar { device, scope }
}

/// Gives a device an approval, as the room service brings it.
fn give(call: &mut Harness, device: usize, approval: &SignedStatement<Approval>) {
    let statement = Some(approval.as_bytes().to_vec());
    let present = call.epoch(0);
    call.session(device, Input::Admitted { present, statement });
}

/// Returns the times of the approvals that a device was told since the last call: of those that count, and of those of
/// a later time.
fn told_approvals(call: &mut Harness, device: usize) -> [Vec<u64>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    for event in call.take_events(device) {
        let (kind, approval) = match event {
            Event::Approved(approval) => (0, approval),
            Event::LateApproval(approval) => (1, approval),
            _ => continue,
        };
        told[kind].push(approval.claimed().issued.as_secs() - system_time().as_secs());
    }
    told
}

/// Returns what a device was told of its removals since the last call.
pub(crate) fn bar_states(call: &mut Harness, device: usize) -> Vec<BarState> {
    let events = call.take_events(device).into_iter();
    let states = events.filter_map(|event| match event {
        Event::Barred { state, .. } => Some(state),
        _ => None,
    });
    states.collect()
}

pub(crate) fn bar(call: &mut Harness, device: usize) {
    let command = removal(call, device);
    call.command(0, command);
}

/// Gives a command to a device whose clock is ahead, by seconds.
pub(crate) fn command_ahead(call: &mut Harness, device: usize, command: Command, ahead: u64) {
    let mut time = call.time();
    time.now = time.now.plus(ahead);
    let session = &mut call.devices[device].session;
    session.command(command, time, &mut rng(50)).unwrap();
    // Takes the outputs.
    call.session(device, Input::TimePassed);
}

/// Lets a device join again, and checks that it does not come in within the time in which it could.
pub(crate) fn come_back_in_vain(call: &mut Harness, device: usize, members: &[usize]) {
    call.leave(device);
    call.run(1_000);
    call.connect(device);
    call.run(130_000);
    call.agree(members);
    assert_eq!(call.epoch(device), None);
}

/// Lets no commit of the admin reach the room service.
fn withhold_commits(call: &mut Harness) {
    let is_commit = |hop: &Hop| matches!(hop, Hop::ToService(Message::Commit(_)));
    call.filter(move |device, hop| device != 0 || !is_commit(hop));
}

pub(crate) fn co_admin(number: u32) -> CoAdmin {
    CoAdmin {
        user: user(number),
        member_key: member_key(number).public(),
    }
}

/// Everybody can come into an open room, with whatever approval.
#[test]
fn approvals_that_do_not_count_bring_no_new_ones() {
    let now = system_time();
    let mut open = policy(Restrictions::None, 1).claimed().clone();
    open.void_before = now.minus(HOUR / 2);
    let open = SignedStatement::sign(&open, &StatementKey::Admin(&admin_key())).unwrap();
    let own_key = member_key(3);
    let approvals = [
        (issued(2, |one| one.issued = now.minus(60)), true),
        (junk(3, &StatementKey::Admin(&admin_key())), false),
        (junk(4, &StatementKey::CoAdmin(&own_key)), false),
        // Well signed, and by nobody whose approvals count.
        (
            SignedStatement::sign(approval(5).claimed(), &StatementKey::CoAdmin(&own_key)).unwrap(),
            false,
        ),
        // From before the moment of the policy.
        (approval(6), false),
        (
            issued(7, |one| {
                one.issued = now.minus(60);
                one.expires = now.minus(30);
            }),
            false,
        ),
        // Another device's.
        (
            issued(8, |one| {
                one.issued = now.minus(60);
                one.member_key = member_key(3).public();
            }),
            false,
        ),
    ];
    let with_policy = |options: SessionOptions| SessionOptions {
        policy: Some(open.clone()),
        ..options
    };
    let mut options = vec![with_policy(admin(1))];
    for (number, (approval, _)) in (2..).zip(&approvals) {
        options.push(with_policy(showing(approval.clone(), person(number))));
    }
    options.push(with_policy(person(20)));
    options.push(with_policy(person(21)));
    let mut call = Harness::of(options);
    call.run(3_000);
    let last = approvals.len() + 2;
    call.agree(&(0..=last).collect::<Vec<_>>());
    let changes = [
        removal(&call, last),
        Command::SetCoAdmins(vec![co_admin(2)]),
        Command::SetCoAdmins(Vec::new()),
    ];
    // By the co-admin, before the last change: one that counts, and two that do not.
    let (key, ended) = (member_key(2), now.minus(30));
    let signed = |number, change: &dyn Fn(&mut Approval)| {
        let mut claimed = approval(number).claimed().clone();
        claimed.issued = now.minus(60);
        change(&mut claimed);
        SignedStatement::sign(&claimed, &StatementKey::CoAdmin(&key)).unwrap()
    };
    let by_co_admin = [
        (22, signed(22, &|_| {})),
        (23, junk(23, &StatementKey::CoAdmin(&key))),
        (24, signed(24, &|one| one.expires = ended)),
    ];
    let first = last + 1;
    for (number, change) in changes.into_iter().enumerate() {
        if number == 2 {
            for (person_number, approval) in &by_co_admin {
                call.join(with_policy(showing(
                    approval.clone(),
                    person(*person_number),
                )));
            }
            call.run(3_000);
            let here = (0..last).chain(first..first + by_co_admin.len());
            call.agree(&here.collect::<Vec<_>>());
        }
        call.command(0, change);
        call.run(2_000);
        for (device, (_, counts)) in (1..).zip(&approvals) {
            let expected = usize::from(*counts && number == 0);
            assert_eq!(given(&mut call, device), expected, "{device} at {number}");
        }
    }
    let by_co_admin = [first, first + 1, first + 2].map(|device| given(&mut call, device));
    assert_eq!(by_co_admin, [1, 0, 0]);
    let members = call.devices[0].session.members();
    let reasons = members.iter().map(|member| member.reason);
    let approved = reasons.filter(|reason| matches!(reason, AdmissionReason::Approval(_)));
    assert_eq!(approved.count(), 2);
}

/// The commit of the first removal is under way, or held back, at the second one.
#[test]
fn who_is_being_put_out_gets_no_approval_from_the_next_removal() {
    for is_withheld in [false, true] {
        let mut call = Harness::of([strict(admin(1)), approved(2), approved(3), approved(4)]);
        call.run(2_000);
        call.agree(&[0, 1, 2, 3]);
        if is_withheld {
            withhold_commits(&mut call);
        }
        bar(&mut call, 1);
        if is_withheld {
            call.run(1_500);
        }
        bar(&mut call, 2);
        call.run(1_500);
        assert_eq!(given(&mut call, 1), 0, "{is_withheld}");
        assert!(given(&mut call, 3) > 0, "{is_withheld}");
        call.filter(|_, _| true);
        call.run(3_000);
        call.agree(&[0, 3]);
        for device in [1, 2] {
            call.leave(device);
            call.run(1_000);
            call.connect(device);
        }
        call.run(8_000);
        call.agree(&[0, 3]);
    }
}

#[test]
fn who_is_being_put_out_gets_no_approval_from_the_end_of_a_co_admin() {
    let mut call = Harness::of([strict(admin(1)), approved(2)]);
    call.run(2_000);
    call.command(0, Command::SetCoAdmins(vec![co_admin(2)]));
    call.run(500);
    let key = member_key(2);
    for number in [3, 4] {
        let claimed = approval(number).claimed().clone();
        let by_co_admin = SignedStatement::sign(&claimed, &StatementKey::CoAdmin(&key)).unwrap();
        call.join(showing(by_co_admin, strict(person(number))));
    }
    call.run(3_000);
    call.agree(&[0, 1, 2, 3]);
    withhold_commits(&mut call);
    bar(&mut call, 2);
    call.run(1_500);
    call.command(0, Command::SetCoAdmins(Vec::new()));
    call.run(1_500);
    call.filter(|_, _| true);
    call.run(3_000);
    assert_eq!(given(&mut call, 2), 0);
    assert!(given(&mut call, 3) > 0);
    call.agree(&[0, 1, 3]);
}

/// The approval of the first one is of a later time, and so are those that its removal gives.
#[test]
fn who_got_an_approval_of_a_later_time_by_a_removal_stays_out_after_the_next_one() {
    for ahead in [0, 300, 460, 600, 780, 839] {
        let first = issued(2, |one| one.issued = system_time().plus(ahead));
        let others = [approved(3), approved(4)];
        let options = [strict(admin(1)), showing(first, strict(person(2)))];
        let mut call = Harness::of(options.into_iter().chain(others));
        call.run(2_000);
        call.agree(&[0, 1, 2, 3]);
        bar(&mut call, 1);
        call.run(10_000);
        call.agree(&[0, 2, 3]);
        assert!(given(&mut call, 2) > 0, "{ahead}");
        bar(&mut call, 2);
        call.run(1_000);
        call.agree(&[0, 3]);
        call.leave(2);
        call.run(1_000);
        call.connect(2);
        call.run(8_000);
        call.agree(&[0, 3]);
        assert_eq!(call.epoch(2), None, "{ahead}");
    }
}

/// The approval of the one who is put out is of a later time, and so is the entry.
#[test]
fn who_is_let_in_again_gets_an_approval_that_the_entry_does_not_bar() {
    for (ahead, is_signed) in [(0, true), (300, true), (600, false)] {
        let out = issued(2, |one| one.issued = system_time().plus(ahead));
        let options = [
            strict(admin(1)),
            showing(out, strict(person(2))),
            approved(3),
        ];
        let mut call = Harness::of(options);
        call.run(2_000);
        call.agree(&[0, 1, 2]);
        call.command(0, Command::SetCoAdmins(vec![co_admin(3)]));
        call.run(500);
        bar(&mut call, 1);
        call.leave(1);
        call.run(2_000);
        call.agree(&[0, 2]);
        let device = WaitingDevice {
            demux_id: DemuxId::new(1_600).unwrap(),
            user: user(2),
            member_key: member_key(2).public(),
            is_guest: false,
            name: None,
        };
        let verdict = CoAdminVerdict::Admit;
        let done = call.try_command(2, Command::Decide { device, verdict });
        if !is_signed {
            assert_eq!(done, Err(CommandError::Early));
            continue;
        }
        call.run(500);
        let told = call.take_events(0).into_iter();
        let mut told = told.filter_map(|event| match event {
            Event::Decision { decision, .. } => Some(decision.verdict),
            _ => None,
        });
        let Some(Verdict::Admit(approval)) = told.next() else {
            unreachable!("the admin is told nothing");
        };
        call.join(showing(*approval, strict(person(2))));
        call.run(4_000);
        call.agree(&[0, 2, 3]);
    }
}

/// Returns a call of an admin, a co-admin, two people whom the co-admin has let in, and one more.
fn call_of_a_co_admin() -> Harness {
    let mut call = Harness::of([strict(admin(1)), approved(2), approved(5)]);
    call.run(2_000);
    call.command(0, Command::SetCoAdmins(vec![co_admin(2)]));
    call.run(500);
    let key = member_key(2);
    for number in [3, 4] {
        let claimed = approval(number).claimed().clone();
        let by_co_admin = SignedStatement::sign(&claimed, &StatementKey::CoAdmin(&key)).unwrap();
        call.join(showing(by_co_admin, strict(person(number))));
    }
    call.run(3_000);
    call.agree(&[0, 1, 2, 3, 4]);
    call
}

/// The members have not come in anew by the approvals that the first change gives them.
#[test]
fn who_was_let_in_by_a_former_co_admin_gets_an_approval_from_the_next_removal_too() {
    for is_put_out in [false, true] {
        let mut call = call_of_a_co_admin();
        withhold_commits(&mut call);
        if is_put_out {
            bar(&mut call, 1);
        } else {
            call.command(0, Command::SetCoAdmins(Vec::new()));
        }
        bar(&mut call, 2);
        call.run(1_500);
        for device in [3, 4] {
            assert_eq!(given(&mut call, device), 2, "{device} of {is_put_out}");
        }
    }
}

/// The policy of another admin comes by the state of the link, before its commit.
#[test]
fn a_removal_gives_approvals_although_a_policy_makes_the_old_ones_void() {
    let mut call = Harness::of([strict(admin(1)), approved(2), approved(3)]);
    call.run(2_000);
    call.agree(&[0, 1, 2]);
    let mut other = policy(Restrictions::AdminApproval, 1).claimed().clone();
    other.counter += 1;
    other.void_before = system_time().plus(5);
    let other = SignedStatement::sign(&other, &StatementKey::Admin(&admin_key())).unwrap();
    call.session(0, Input::Policy(other.as_bytes().to_vec()));
    bar(&mut call, 1);
    call.run(1_500);
    assert!(given(&mut call, 2) > 0);
}

/// The entry of the admin's removal is of a later time, and those who stay get approvals of the second after it.
#[test]
fn whom_a_co_admin_puts_out_does_not_come_back_by_an_approval_from_before() {
    let latest = CLOCK_TOLERANCE - 60;
    let times = [0, 600, latest - 1, latest + 15, latest + 60];
    // An honest room service sends the device away at once.
    for (ahead, is_sent_away) in times
        .into_iter()
        .flat_map(|one| [(one, false), (one, true)])
    {
        let mut call = Harness::of([strict(admin(1)), approved(2), approved(3), approved(4)]);
        call.run(2_000);
        call.command(0, Command::SetCoAdmins(vec![co_admin(2)]));
        call.run(1_000);
        call.agree(&[0, 1, 2, 3]);
        let issued = call.time().now.plus(ahead + 1);
        let command = removal(&call, 3);
        command_ahead(&mut call, 0, command, ahead);
        call.run(3_000);
        call.agree(&[0, 1, 2]);
        let command = removal(&call, 2);
        let signer = Signer::CoAdmin(member_key(2).public());
        let possible = BarredEntry::latest_time(&signer, call.time().now);
        if issued > possible {
            let seconds = issued.as_secs() - possible.as_secs();
            let needs_admin = true;
            let early = CommandError::EarlyRemoval {
                seconds,
                needs_admin,
            };
            assert_eq!(call.try_command(1, command), Err(early), "{ahead}");
            if is_sent_away {
                call.leave(2);
            }
            call.run(1_000 * seconds);
        } else {
            call.command(1, command);
            if is_sent_away {
                call.leave(2);
            }
        }
        call.run(2_000);
        let told = bar_states(&mut call, 1);
        assert_eq!(told, [BarState::Removed], "{ahead} {is_sent_away}");
        call.agree(&[0, 1]);
        if is_sent_away {
            call.connect(2);
        }
        come_back_in_vain(&mut call, 2, &[0, 1]);
    }
}

/// Another admin, whose clock is ahead, has just given the member an approval, which it does not show yet.
#[test]
fn whom_an_admin_puts_out_does_not_come_back_by_an_approval_that_another_admin_has_given() {
    let mut call = call_of_a_co_admin();
    let second = call.join(strict(admin(6)));
    call.run(2_000);
    call.agree(&[0, 1, 2, 3, 4, second]);
    withhold_commits(&mut call);
    command_ahead(&mut call, second, Command::SetCoAdmins(Vec::new()), 300);
    call.run(100);
    assert_eq!(given(&mut call, 3), 1);
    bar(&mut call, 3);
    call.filter(|_, _| true);
    call.run(3_000);
    call.agree(&[0, 1, 2, 4, second]);
    come_back_in_vain(&mut call, 3, &[0, 1, 2, 4, second]);
}

/// Each entry is of a later time than the one before, the first one of a quarter of an hour ahead.
#[test]
fn a_removal_after_too_many_within_a_second_waits_for_seconds() {
    let others = (2..=18).map(approved);
    let mut call = Harness::of([strict(admin(1))].into_iter().chain(others));
    call.run(3_000);
    let all: Vec<usize> = (0..18).collect();
    call.agree(&all);
    let mut other = policy(Restrictions::AdminApproval, 1).claimed().clone();
    other.counter += 1;
    other.void_before = call.time().now.plus(CLOCK_TOLERANCE);
    let other = SignedStatement::sign(&other, &StatementKey::Admin(&admin_key())).unwrap();
    call.session(0, Input::Policy(other.as_bytes().to_vec()));
    for device in 1..=16 {
        bar(&mut call, device);
    }
    let command = removal(&call, 17);
    let early = CommandError::EarlyRemoval {
        seconds: 1,
        needs_admin: false,
    };
    assert_eq!(call.try_command(0, command), Err(early));
    call.run(3_000);
    assert_eq!(call.devices[0].session.members().len(), 1);
}

/// The policy is of a clock that is hours ahead: nobody comes in by approvals of its time before that.
#[test]
fn a_policy_of_a_far_time_keeps_nobody_from_being_put_out() {
    let mut call = Harness::of([strict(admin(1)), approved(2), approved(3)]);
    call.run(2_000);
    let mut other = policy(Restrictions::AdminApproval, 1).claimed().clone();
    other.counter += 1;
    other.void_before = system_time().plus(HOUR);
    let other = SignedStatement::sign(&other, &StatementKey::Admin(&admin_key())).unwrap();
    call.session(0, Input::Policy(other.as_bytes().to_vec()));
    bar(&mut call, 1);
    call.run(1_000);
    call.agree(&[0, 2]);
}

/// Those from before can be sent again by every member.
#[test]
fn of_the_approvals_of_a_later_time_the_latest_ones_are_kept_whatever_comes_after_them() {
    let mut call = Harness::of([strict(admin(1)), approved(2)]);
    call.run(2_000);
    call.agree(&[0, 1]);
    call.take_events(1);
    let late = |ahead| issued(2, |one| one.issued = system_time().plus(ahead));
    for ahead in [905, 901, 902, 903, 904, 901, 902, 905] {
        give(&mut call, 1, &late(ahead));
    }
    let told = told_approvals(&mut call, 1);
    assert_eq!(told, [vec![], vec![905, 901, 902, 903, 904]]);
    call.run(70_000);
    let [counting, _] = told_approvals(&mut call, 1);
    assert_eq!(counting, [902, 903, 904, 905]);
}

#[test]
fn an_approval_of_a_later_time_that_was_stored_counts_when_its_time_comes() {
    for has_another in [true, false] {
        let late = issued(2, |one| one.issued = system_time().plus(870));
        let options = SessionOptions {
            late_approvals: vec![late],
            ..match has_another {
                true => approved(2),
                false => strict(person(2)),
            }
        };
        let mut call = Harness::of([strict(admin(1)), options]);
        // The only one is taken at once, and lets the device in when its time comes.
        let expected = |is_due| match is_due == has_another {
            true => vec![870],
            false => Vec::new(),
        };
        call.run(3_000);
        assert_eq!(call.epoch(1).is_some(), has_another);
        let [counting, _] = told_approvals(&mut call, 1);
        assert_eq!(counting, expected(false));
        call.run(37_000);
        let [counting, _] = told_approvals(&mut call, 1);
        assert_eq!(counting, expected(true));
        call.agree(&[0, 1]);
    }
}

/// Everybody can come into an open room, with an approval of whatever time.
#[test]
fn an_approval_that_lets_nobody_in_puts_no_removal_off() {
    let open = policy(Restrictions::None, 1);
    let late = system_time().plus(CLOCK_TOLERANCE + 100);
    let mut claimed = approval(2).claimed().clone();
    claimed.issued = late;
    claimed.expires = late.plus(HOUR);
    let key = member_key(2);
    let by_nobody = StatementKey::CoAdmin(&key);
    let by_nobody = SignedStatement::sign(&claimed, &by_nobody).unwrap();
    let mut forged = issued(2, |one| one.clone_from(&claimed))
        .as_bytes()
        .to_vec();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    let forged = SignedStatement::parse(&forged).unwrap();
    let of_another = issued(3, |one| one.issued = late);
    for approval in [by_nobody, forged, of_another] {
        let with_policy = |options: SessionOptions| SessionOptions {
            policy: Some(open.clone()),
            ..options
        };
        let mut call = Harness::of([
            with_policy(admin(1)),
            with_policy(showing(approval, person(2))),
        ]);
        call.run(3_000);
        call.agree(&[0, 1]);
        bar(&mut call, 1);
        call.run(2_000);
        call.agree(&[0]);
    }
}
