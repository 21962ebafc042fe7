//! Lies about the policy, and admissions without an approval.

use anteroom_call::Command as Say;
use anteroom_e2ee::{
    AdmissionError, AdmissionReason, CommitRefusal, ContextError, JoinError, Signer,
};
use anteroom_e2ee_session::{Command, CommandError, Event, Input, Message, RelayClass};
use anteroom_protocol::Restrictions;

use crate::{
    people::{Room, user},
    stage::{Hop, Stage},
};

/// Whether a person was told that this one may not be in.
fn not_admitted(stage: &Stage, who: usize, number: u64, error: AdmissionError) -> bool {
    stage.has_seen(who, |event| match event {
        Event::NotAdmitted { claims, refusal } => {
            claims.user == user(number) && *refusal == CommitRefusal::Admission(error)
        }
        _ => false,
    })
}

#[test]
fn an_admission_by_the_service_alone_lets_nobody_in() {
    let mut room = Room::strict();
    // The service lets everybody pass its lobby.
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    let (admin, approved, stranger) = (
        stage.room.admin(0),
        stage.room.approved(1),
        stage.room.person(2),
    );
    stage.join(admin);
    stage.join(approved);
    let stranger = stage.join(stranger);
    stage.run(10_000);
    stage.assert_together(&[0, 1]);
    for who in 0..2 {
        assert!(not_admitted(&stage, who, 2, AdmissionError::Missing));
    }
    assert!(!stage.has_seen(stranger, |event| matches!(event, Event::Entered { .. })));
    assert!(!stage.people[stranger].session.may_send());
    let now = stage.now();
    let mut rng = stage.rng.clone();
    let session = &mut stage.people[stranger].session;
    let said = session.command(Command::Say("hello".to_owned()), now, &mut rng);
    assert_eq!(said, Err(CommandError::NotInGroup));
    // With an approval by the admin it comes in, and everybody sees by whom.
    let approval = stage.room.approval(2);
    let statement = Some(approval.as_bytes().to_vec());
    let present = stage.people[0].session.have();
    stage.tell(stranger, Input::Admitted { present, statement });
    stage.run(5_000);
    stage.assert_together(&[0, 1, 2]);
    let reason = stage.status(1, stranger).reason;
    assert_eq!(reason, AdmissionReason::Approval(Signer::Admin));
}

#[test]
fn an_admin_alone_sees_whom_the_service_alone_let_pass() {
    let mut room = Room::strict();
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    let admin = stage.room.admin(0);
    stage.join(admin);
    let stranger = stage.room.person(2);
    stage.join(stranger);
    stage.run(10_000);
    assert!(not_admitted(&stage, 0, 2, AdmissionError::Missing));
    let told = stage.seen(0, |event| {
        matches!(event, Event::NotAdmitted { .. }).then_some(())
    });
    assert_eq!(told.len(), 1, "once");
    assert!((0..2).all(|who: usize| stage.people[who].session.have().is_none()));
}

#[test]
fn who_is_not_entitled_cannot_start_a_group() {
    let mut room = Room::strict();
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(10_000);
    for who in 0..2 {
        let told = stage.seen(who, |event| match event {
            Event::CannotStart(error) => Some(*error),
            _ => None,
        });
        assert_eq!(told, [AdmissionError::Missing]);
        assert_eq!(stage.people[who].session.have(), None);
    }
}

#[test]
fn who_could_start_in_between_is_told_again_that_it_cannot() {
    let mut room = Room::strict();
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    let told = |stage: &Stage| {
        stage.seen(0, |event| match event {
            Event::CannotStart(error) => Some(*error),
            _ => None,
        })
    };
    let mut counter = 1;
    let mut state = |stage: &mut Stage, restrictions| {
        counter += 1;
        let policy = stage.room.sign_policy(restrictions, counter);
        for who in 0..2 {
            stage.tell(who, Input::Policy(policy.as_bytes().to_vec()));
        }
        stage.run(6_000);
    };
    stage.run(6_000);
    assert_eq!(told(&stage), [AdmissionError::Missing]);
    state(&mut stage, Restrictions::None);
    stage.assert_together(&[0, 1]);
    state(&mut stage, Restrictions::AdminApproval);
    for who in 0..2 {
        stage.tell(who, Input::CommitsDropped);
    }
    stage.run(6_000);
    assert_eq!(told(&stage), [AdmissionError::Missing; 2]);
}

#[test]
fn an_approval_reaches_the_one_for_whom_it_is() {
    let mut stage = Stage::new(Room::strict());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let guest = stage.room.person(1);
    let guest = stage.join(guest);
    stage.run(3_000);
    assert!(stage.people[guest].session.members().is_empty());
    let approval = stage.room.approval(1);
    stage.approve(0, guest, Some(approval.as_bytes()));
    stage.run(4_000);
    stage.assert_together(&[0, 1]);
    assert!(stage.people[guest].approval == Some(approval));
    stage.assert_talk(&[0, 1]);
}

#[test]
fn an_old_policy_to_a_first_joiner_holds_until_a_member_knows_the_newer_one() {
    let mut room = Room::open();
    let newer = room.sign_policy(Restrictions::AdminApproval, 2);
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    // Person 1 has no approval, and sees the old policy alone. Person 2 has been here before.
    let first = stage.room.person(1);
    stage.join(first);
    stage.run(3_000);
    let mut options = stage.room.options(2);
    options.policy = Some(newer.clone());
    options.admission = anteroom_e2ee::Admission::Approval(stage.room.approval(2));
    let second = crate::people::TestUser::new(options, anteroom_call::Role::Guest);
    let second = stage.join(second);
    stage.run(4_000);
    let refused = stage.seen(second, |event| match event {
        Event::WelcomeRefused { error, .. } => Some(*error),
        _ => None,
    });
    assert!(
        refused.contains(&JoinError::Context(ContextError::Stale)),
        "{refused:?}"
    );
    assert!(!stage.has_seen(second, |event| matches!(event, Event::Entered { .. })));
    assert!(!stage.people[second].session.may_send());
}

#[test]
fn a_newer_policy_is_committed_before_anybody_is_added() {
    let mut room = Room::open();
    let newer = room.sign_policy(Restrictions::AdminApproval, 2);
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    for number in 0..2 {
        let person = stage.room.approved(number);
        stage.join(person);
    }
    stage.run(5_000);
    stage.assert_together(&[0, 1]);
    // The service tells the newer policy to the second member alone. Then somebody without an approval comes.
    stage.tell(1, Input::Policy(newer.as_bytes().to_vec()));
    stage.run(3_000);
    let stranger = stage.room.person(2);
    let stranger = stage.join(stranger);
    stage.run(10_000);
    stage.assert_together(&[0, 1]);
    for who in 0..2 {
        assert!(
            not_admitted(&stage, who, 2, AdmissionError::Missing),
            "{who}"
        );
        assert!(
            stage.people[who].policy == Some(newer.clone()),
            "{who} stores it"
        );
    }
    assert!(stage.people[stranger].session.members().is_empty());
    stage.say(stranger, Say::Leave);
}

/// The service shows the members an older policy, and the newer one to nobody: somebody who has seen it comes.
#[test]
fn a_statement_that_a_newcomer_alone_has_seen_is_told_to_the_members() {
    let mut room = Room::open();
    let newer = room.sign_policy(Restrictions::AdminApproval, 2);
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    for number in 0..2 {
        let person = stage.room.approved(number);
        stage.join(person);
    }
    stage.run(5_000);
    stage.assert_together(&[0, 1]);
    let mut options = stage.room.options(2);
    options.policy = Some(newer.clone());
    options.admission = anteroom_e2ee::Admission::Approval(stage.room.approval(2));
    let newcomer = crate::people::TestUser::new(options, anteroom_call::Role::Guest);
    let newcomer = stage.join(newcomer);
    stage.run(12_000);
    let refused = stage.seen(newcomer, |event| match event {
        Event::WelcomeRefused { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(refused, [JoinError::Context(ContextError::Stale)]);
    stage.assert_together(&[0, 1, newcomer]);
    stage.assert_talk(&[0, 1, newcomer]);
    assert!((0..2).all(|who: usize| stage.people[who].policy == Some(newer.clone())));
}

/// The same, and the service does not pass on the statements: the members commit for the newcomer twice in 20 s
/// at the most.
#[test]
fn a_newcomer_that_refuses_every_group_costs_few_commits() {
    let mut room = Room::open();
    let newer = room.sign_policy(Restrictions::AdminApproval, 2);
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    for number in 0..2 {
        let person = stage.room.approved(number);
        stage.join(person);
    }
    stage.run(5_000);
    stage.lie(|hop| match hop {
        Hop::ToService(_, Message::Relay(RelayClass::Statements, _)) => Vec::new(),
        hop => vec![hop],
    });
    let before = stage.people[0].session.have().unwrap();
    let mut options = stage.room.options(2);
    options.policy = Some(newer);
    options.admission = anteroom_e2ee::Admission::Approval(stage.room.approval(2));
    let newcomer = crate::people::TestUser::new(options, anteroom_call::Role::Guest);
    stage.join(newcomer);
    stage.run(60_000);
    let after = stage.people[0].session.have().unwrap();
    assert_eq!(after.group, before.group);
    assert!(after.epoch - before.epoch <= 8, "{before:?} {after:?}");
}
