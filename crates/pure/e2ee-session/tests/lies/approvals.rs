//! Approvals in other hands, and approvals that end while clocks differ.

use anteroom_call::Role;
use anteroom_e2ee::{Admission, AdmissionError, Approval, CommitRefusal};
use anteroom_e2ee_session::{Event, Input};
use anteroom_protocol::Restrictions;

use crate::{
    insiders::sign,
    people::{Room, TestUser},
    stage::Stage,
};

#[test]
fn a_captured_approval_lets_nobody_else_in() {
    let mut room = Room::strict();
    // The service helps the thief past its lobby.
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    let admin = stage.room.admin(0);
    stage.join(admin);
    let friend = stage.room.approved(3);
    stage.join(friend);
    stage.run(4_000);
    let captured = stage.room.approval(1);
    for (number, error) in [
        // As another user, and as another device of the same user.
        (2, AdmissionError::OtherUser),
        (1, AdmissionError::OtherKey),
    ] {
        let mut options = stage.room.options(number);
        options.member_key = stage.room.member_key(40 + number);
        options.admission = Admission::Approval(captured.clone());
        let thief = stage.join(TestUser::new(options, Role::Guest));
        stage.run(6_000);
        for who in 0..2 {
            let told = stage.seen(who, |event| match event {
                Event::NotAdmitted { refusal, .. } => Some(*refusal),
                _ => None,
            });
            assert_eq!(told.last(), Some(&CommitRefusal::Admission(error)));
        }
        stage.assert_together(&[0, 1]);
        // Nor does it help to be told so by the service.
        let statement = Some(captured.as_bytes().to_vec());
        let present = stage.people[0].session.have();
        stage.tell(thief, Input::Admitted { present, statement });
        stage.run(6_000);
        assert!(stage.people[thief].approval.is_none());
        stage.assert_together(&[0, 1]);
        assert!(!stage.people[thief].session.may_send());
        stage.leave(thief);
    }
    let owner = stage.room.approved(1);
    let owner = stage.join(owner);
    stage.run(6_000);
    stage.assert_together(&[0, 1, owner]);
}

/// The clock of a member is ahead of the committer's.
#[test]
fn an_approval_that_ends_within_minutes_brings_nobody_in_and_lets_no_member_refuse_the_committer() {
    let mut stage = Stage::new(Room::strict());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let mut ahead = stage.room.approved(1);
    ahead.ahead = 300;
    stage.join(ahead);
    stage.approve(0, 1, None);
    stage.run(4_000);
    let short = Approval {
        expires: stage.now().now.plus(200),
        ..stage.room.approval(2).claimed().clone()
    };
    let mut options = stage.room.options(2);
    options.admission = Admission::Approval(sign(&stage, &short));
    let late = stage.join(TestUser::new(options, Role::Guest));
    stage.approve(0, late, None);
    stage.run(8_000);
    stage.assert_together(&[0, 1]);
    assert_eq!(stage.people[late].session.have(), None);
    for who in 0..2 {
        assert!(!stage.has_seen(who, |event| {
            matches!(event, Event::CommitRefused { .. } | Event::NextGroup { .. })
        }));
    }
    let told = stage.seen(0, |event| match event {
        Event::NotAdmitted { refusal, .. } => Some(*refusal),
        _ => None,
    });
    assert_eq!(told, [CommitRefusal::Admission(AdmissionError::Ending)]);
    let told = stage.seen(late, |event| match event {
        Event::CannotStart(error) => Some(*error),
        _ => None,
    });
    assert_eq!(told, [AdmissionError::Ending]);
    // A new one brings it in.
    let approval = stage.room.approval(2);
    stage.approve(0, late, Some(approval.as_bytes()));
    stage.run(6_000);
    stage.assert_together(&[0, 1, late]);
}
