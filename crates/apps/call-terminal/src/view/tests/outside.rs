//! Devices outside of the group, and members who are silent: what is missing, and the next step.

use anteroom_client::{
    AdmissionError, AdmissionReason, CommitRefusal, GroupError, GroupEvent, GroupState, MemberLeaf,
    MemberStatus, Signer, StatementOmission, StopReason,
};

use super::{
    proofs::{EPOCH, ann, bob, group, of_group, view_with_bob},
    *,
};
use crate::screen::tests::golden::member;

fn carl() -> MemberStatus {
    member(48, "Carl", AdmissionReason::Open)
}

/// Returns a roster with Carl in the lobby or in the call, with his key.
fn with_carl(is_waiting: bool) -> CallEvent {
    let mut carls = participant_with(48, Some("Carl"), None);
    let key = carl().claims.member_key;
    (carls.member, carls.stated_key) = (Some(key.named()), Some(key));
    let mut there = roster(&[16, 32], &[]);
    if is_waiting {
        there.pending.push(carls);
        there.pending_count = 1;
    } else {
        there.active.push(carls);
    }
    CallEvent::Roster(there)
}

fn without_admission(claims: MemberLeaf) -> CallEvent {
    of_group(GroupEvent::NotAdmitted {
        claims,
        refusal: CommitRefusal::Admission(AdmissionError::Missing),
    })
}

#[test]
fn who_was_let_in_and_shows_no_approval_needs_the_whole_link_and_not_another_approval() {
    let needs_link = "they were let in, and show no approval. Their link may lack the admin key";
    let needs_approval = "nobody has let this device in. /admit #3000 lets them in";
    let mut other_key = carl().claims;
    other_key.member_key = bob().claims.member_key;
    for (claims, is_left_out, expected) in [
        (carl().claims, false, needs_link),
        (carl().claims, true, needs_approval),
        (other_key, false, needs_approval),
    ] {
        let mut view = view_with_bob();
        told(&mut view, &with_carl(true));
        view.decide(Decision::Admit, device(48));
        if is_left_out {
            let omission = CallEvent::StatementLeftOut {
                device: device(48),
                reason: StatementOmission::Changed,
            };
            told(&mut view, &omission);
        }
        told(&mut view, &with_carl(false));
        let line = told(&mut view, &without_admission(claims)).concat();
        assert!(line.contains(expected), "{line}");
        assert_eq!(
            line.contains("/admit changes nothing"),
            expected == needs_link
        );
        assert!(line.contains("send them the whole link"), "{line}");
    }
}

/// The admin has the passkey alone, and is not in the group yet.
#[test]
fn who_was_let_in_without_a_signature_needs_an_approval_and_no_other_link() {
    let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
    let there = roster(&[16, 32], &[]);
    told(&mut view, &joined(SeatStatus::Active, true, there));
    let state = GroupState {
        has_admin: true,
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    told(&mut view, &with_carl(true));
    view.decide(Decision::Admit, device(48));
    told(&mut view, &with_carl(false));
    let line = told(&mut view, &without_admission(carl().claims)).concat();
    assert!(line.contains("nobody has let this device in"), "{line}");
    assert!(!line.contains("shows no approval"), "{line}");
}

#[test]
fn a_text_that_a_lock_keeps_from_the_group_names_the_lock_and_the_next_step() {
    let not_said = || CallEvent::NotSaid {
        text: "hi".to_owned(),
        error: GroupError::NotLetIn,
    };
    for (is_locked, expected, place) in [
        (
            Some(true),
            "! not said: the call is locked, and the others let nobody new into their group: ask an admin or a \
             co-admin to write /lock off: hi",
            ", not in the group, since the call is locked",
        ),
        (
            Some(false),
            "! not said: the others have not let this device into their group: hi",
            ", not in the group",
        ),
        (
            None,
            "! not said: the others have not let this device into their group: hi",
            "(in the call)",
        ),
    ] {
        let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
        let mut there = roster(&[16, 32], &[]);
        let key = ann().claims.member_key;
        (there.active[0].member, there.active[0].stated_key) = (Some(key.named()), Some(key));
        told(&mut view, &joined(SeatStatus::Active, false, there));
        let state = GroupState {
            has_admin: true,
            ..GroupState::default()
        };
        told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
        if let Some(is_locked) = is_locked {
            let kept = of_group(GroupEvent::KeptOutside {
                is_locked,
                approved_by: Some(Signer::Admin),
            });
            told(&mut view, &kept);
        }
        assert_eq!(told(&mut view, &not_said()), [expected]);
        let who = lines(&view.everyone(NOW));
        assert!(who[0].ends_with(place), "{who:?}");
        let row = view.present()[0].group;
        assert_eq!(row, is_locked.map(|_| "outside"));
        // In the group all of this is over.
        let entered = of_group(GroupEvent::Entered {
            epoch: EPOCH,
            members: vec![ann(), bob()],
        });
        told(&mut view, &entered);
        assert_eq!(view.present()[0].group, None);
    }
}

fn confirmation(member: &MemberStatus, is_confirmed: bool) -> CallEvent {
    of_group(GroupEvent::Confirmation {
        leaf: member.leaf,
        is_confirmed,
    })
}

fn sending_stopped() -> CallEvent {
    of_group(GroupEvent::SendingStopped(StopReason::NotConfirmed))
}

#[test]
fn who_is_not_heard_any_more_is_told_with_those_who_are_silent_and_the_next_step() {
    let dan = member(64, "Dan", AdmissionReason::Open);
    let mut view = view_with_bob();
    told(&mut view, &group(&[ann(), bob(), carl(), dan]));
    let mut there = roster(&[16, 32, 48, 64], &[]);
    there.active[2].is_lost = true;
    told(&mut view, &CallEvent::Roster(there));
    let mut silent = lines(&view.apply(&confirmation(&bob(), false), NOW));
    silent.extend(lines(&view.apply(&confirmation(&carl(), false), NOW)));
    silent.extend(told(&mut view, &sending_stopped()));
    assert_eq!(
        silent,
        [
            "#2000 \"Bob\", #3000 \"Carl\" are not confirmed: nothing has come from them for 20 s.",
            "! nothing that you say is sent any more: nothing has come from #2000 \"Bob\", #3000 \"Carl\" \
             (connection lost), more than half of the others, for 20 s, so they may hear other people than you do, \
             or have lost their connections. It goes on by itself once they are heard; if they are not, all leave \
             and join again",
        ]
    );
}

#[test]
fn where_nobody_is_heard_one_line_says_that_ones_own_connection_may_be_the_cause() {
    let mut view = view_with_bob();
    told(&mut view, &group(&[ann(), bob(), carl()]));
    assert!(view.apply(&confirmation(&bob(), false), NOW).is_empty());
    let all = "#2000 \"Bob\", #3000 \"Carl\" are not confirmed: nothing has come from anybody in the group for 20 s. \
               Your own connection may be the cause.";
    assert_eq!(told(&mut view, &confirmation(&carl(), false)), [all]);
    let line = told(&mut view, &sending_stopped()).concat();
    let cause = "nothing has come from anybody in the group for 20 s. Your own connection may be the cause; or they \
                 hear other people than you do";
    assert!(line.contains(cause), "{line}");
    assert!(!line.contains("all leave"), "{line}");
    assert!(view.apply(&confirmation(&bob(), true), NOW).is_empty());
    assert_eq!(
        told(&mut view, &confirmation(&carl(), true)),
        ["#2000 \"Bob\", #3000 \"Carl\" are confirmed again."]
    );
    // A change that goes back at once is none.
    assert!(view.apply(&confirmation(&bob(), false), NOW).is_empty());
    assert!(told(&mut view, &confirmation(&bob(), true)).is_empty());
}

#[test]
fn a_co_admin_is_told_once_what_is_missing_when_somebody_waits() {
    let missing = "! somebody waits in the lobby, and no admin is in the group";
    let count = |lines: &[String]| {
        lines
            .iter()
            .filter(|line| line.starts_with(missing))
            .count()
    };
    let mut own = bob();
    own.is_own = true;
    let mut view = View::of(Some("Bob".to_owned())).with_room(room_params());
    let waits = |count| {
        CallEvent::Roster(Roster {
            pending_count: count,
            ..roster(&[32], &[])
        })
    };
    told(
        &mut view,
        &joined_in(1, 32, SeatStatus::Active, false, roster(&[32], &[])),
    );
    let state = |has_admin_device| {
        CallEvent::GroupChanged(Box::new(GroupState {
            members: vec![own.clone()],
            has_admin: true,
            is_co_admin: true,
            co_admins: vec![own.claims.member_key],
            has_admin_device,
            ..GroupState::default()
        }))
    };
    told(&mut view, &state(true));
    assert_eq!(count(&told(&mut view, &waits(1))), 0);
    // The admin goes while somebody waits.
    assert_eq!(count(&told(&mut view, &state(false))), 1);
    assert_eq!(count(&told(&mut view, &waits(2))), 0);
    assert_eq!(count(&told(&mut view, &waits(0))), 0);
    assert_eq!(count(&told(&mut view, &waits(1))), 1);
}
