//! Co-admins whom an admin puts out, and who go on signing.

use anteroom_call::Role;
use anteroom_e2ee::{
    Admission, AdmissionError, Approval, CoAdmin, CommitRefusal, MemberKey, SignedStatement,
    StatementError, StatementKey,
};
use anteroom_e2ee_session::{BarScope, Command, CommandError, Event};
use anteroom_protocol::Restrictions;

use crate::{
    people::{Room, TestUser, user},
    stage::Stage,
};

/// An approval of a person by the co-admin, person 1.
fn by_co_admin(stage: &Stage, number: u64, ahead: u64) -> SignedStatement<Approval> {
    let issued = stage.now().now.plus(ahead);
    let approval = Approval {
        room: stage.room.root_key.room_id(),
        user: user(number),
        member_key: stage.room.member_key(number).public(),
        issued,
        expires: issued.plus(Approval::DEFAULT_VALIDITY),
    };
    let key: MemberKey = stage.room.member_key(1);
    SignedStatement::sign(&approval, &StatementKey::CoAdmin(&key)).unwrap()
}

fn with_approval(stage: &Stage, number: u64, approval: SignedStatement<Approval>) -> TestUser {
    let mut options = stage.room.options(number);
    options.admission = Admission::Approval(approval);
    TestUser::new(options, Role::Guest)
}

/// A call with approvals and the co-admin 1, who has let in person 2.
fn call() -> Stage {
    let mut room = Room::strict();
    // The service lets everybody pass its lobby.
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    let admin = stage.room.admin(0);
    stage.join(admin);
    let person = stage.room.approved(1);
    stage.join(person);
    stage.run(6_000);
    set_co_admins(&mut stage, &[1]);
    stage.run(2_000);
    let approval = by_co_admin(&stage, 2, 0);
    let person = with_approval(&stage, 2, approval);
    stage.join(person);
    stage.run(4_000);
    stage.assert_together(&[0, 1, 2]);
    stage
}

fn set_co_admins(stage: &mut Stage, numbers: &[u64]) {
    let co_admins = co_admins(stage, numbers);
    stage.command(0, Command::SetCoAdmins(co_admins));
}

fn co_admins(stage: &Stage, numbers: &[u64]) -> Vec<CoAdmin> {
    let co_admins = numbers.iter().map(|number| CoAdmin {
        user: user(*number),
        member_key: stage.room.member_key(*number).public(),
    });
    co_admins.collect()
}

/// Whether the admin was told that the approval of a person is of nobody whose approvals count.
fn is_refused(stage: &Stage, number: u64) -> bool {
    let unauthorized = AdmissionError::Approval(StatementError::Unauthorized);
    stage.has_seen(0, |event| match event {
        Event::NotAdmitted { claims, refusal } => {
            claims.user == user(number) && *refusal == CommitRefusal::Admission(unauthorized)
        }
        _ => false,
    })
}

#[test]
fn a_co_admin_whom_an_admin_puts_out_lets_nobody_in_any_more() {
    let mut stage = call();
    let device = stage.people[1].demux.unwrap();
    let scope = BarScope::User;
    stage.command(0, Command::Bar { device, scope });
    stage.run(4_000);
    stage.assert_together(&[0, 2]);
    // It signs for itself, and for somebody else, with times after the removal. It leaves first: of two devices
    // with its key only the first asks.
    stage.leave(1);
    for number in [1, 4] {
        let approval = by_co_admin(&stage, number, 5);
        let person = with_approval(&stage, number, approval);
        stage.join(person);
    }
    stage.run(10_000);
    stage.assert_together(&[0, 2]);
    assert!(is_refused(&stage, 1) && is_refused(&stage, 4));
    // The person that it let in before has an approval of the admin now: newcomers enter a group with that one.
    assert!(stage.people[2].approval.is_some());
    let person = stage.room.approved(5);
    let newcomer = stage.join(person);
    stage.run(4_000);
    stage.assert_together(&[0, 2, newcomer]);
    // It is nobody's co-admin again in this era.
    let again = co_admins(&stage, &[1]);
    let now = stage.now();
    let session = &mut stage.people[0].session;
    let again = session.command(Command::SetCoAdmins(again), now, &mut stage.rng);
    assert_eq!(again, Err(CommandError::Barred));
}

#[test]
fn a_co_admin_whom_an_admin_takes_back_lets_nobody_in_any_more() {
    let mut stage = call();
    set_co_admins(&mut stage, &[]);
    stage.run(2_000);
    let approval = by_co_admin(&stage, 4, 5);
    let person = with_approval(&stage, 4, approval);
    stage.join(person);
    stage.run(10_000);
    assert!(is_refused(&stage, 4));
    stage.assert_together(&[0, 1, 2]);
    let person = stage.room.approved(5);
    let newcomer = stage.join(person);
    stage.run(4_000);
    stage.assert_together(&[0, 1, 2, newcomer]);
}
