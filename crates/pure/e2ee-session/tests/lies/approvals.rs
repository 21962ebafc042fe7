//! An approval in other hands: a member of the room has the approval of somebody else.

use anteroom_call::Role;
use anteroom_e2ee::{Admission, AdmissionError, CommitRefusal};
use anteroom_e2ee_session::{Event, Input};
use anteroom_protocol::Restrictions;

use crate::{
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
