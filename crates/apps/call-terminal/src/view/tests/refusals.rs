//! Refusals of the room service, which name no request, and what they are about.

use anteroom_client::{
    AdmissionError, CoAdminDecision, CommitRefusal, DecisionHandling, GroupEvent, MemberStatus,
    Verdict,
};

use super::{
    proofs::{bob, of_group, view_with_bob},
    *,
};
use crate::screen::tests::golden::member;

const LATER: Duration = Duration::from_secs(NOW.as_secs() + 10);

fn carl() -> MemberStatus {
    member(48, "Carl", anteroom_client::AdmissionReason::Open)
}

fn refused(code: &str) -> CallEvent {
    CallEvent::Refused {
        code: code.to_owned(),
        message: "No.".to_owned(),
    }
}

/// Returns a roster with Carl in the lobby or in the call, with his key.
fn with_carl(is_waiting: bool) -> CallEvent {
    let mut carls = participant_with(48, Some("Carl"), Some(0xc0));
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

/// Returns the view of Ann, an admin, with Bob in the group, and Carl in the lobby or in the call.
fn view_with_carl(is_waiting: bool) -> View {
    let mut view = view_with_bob();
    told(&mut view, &with_carl(is_waiting));
    view
}

fn bobs_decision(verdict: Verdict, handling: DecisionHandling) -> CallEvent {
    CallEvent::Decision {
        claims: Box::new(bob().claims),
        decision: CoAdminDecision {
            device: device(48),
            member_key: carl().claims.member_key,
            verdict,
        },
        handling,
    }
}

#[test]
fn an_approval_of_a_device_in_the_call_takes_the_blame_for_nothing_else() {
    // The call is full for others.
    for code in ["full", "expired", "too_many_users"] {
        let mut view = view_with_carl(false);
        view.decide(Decision::Admit, device(48));
        let line = told(&mut view, &refused(code)).concat();
        assert_eq!(line, format!("! No. ({code})"));
    }
    // The room service would have answered by now.
    let mut view = view_with_carl(false);
    view.decide(Decision::Admit, device(48));
    assert!(view.apply(&refused("unknown_device"), LATER).is_empty());
    // The device has left.
    let mut view = view_with_carl(false);
    view.decide(Decision::Admit, device(48));
    told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
    assert!(told(&mut view, &refused("unknown_device")).is_empty());
    // Nobody knows whether it was done.
    let mut view = view_with_carl(false);
    view.decide(Decision::Admit, device(48));
    let lines = told(&mut view, &CallEvent::Lost);
    assert!(lines[1].contains(": /admit #3000."), "{lines:?}");
}

#[test]
fn the_time_of_an_input_counts_for_the_answer_to_it() {
    let mut view = view_with_carl(false);
    view.pass(LATER);
    view.decide(Decision::Admit, device(48));
    let lines = lines(&view.apply(&refused("not_pending"), LATER));
    assert_eq!(
        lines,
        ["! /admit #3000 was not done: #3000 \"Carl\" is in the call already"]
    );
}

#[test]
fn a_refusal_of_what_a_co_admin_has_decided_names_the_co_admin() {
    let mut view = view_with_carl(true);
    told(
        &mut view,
        &bobs_decision(Verdict::Deny, DecisionHandling::PassedOn),
    );
    let lines = told(&mut view, &refused("not_pending"));
    assert!(
        lines[0].starts_with(
            "! what #2000 \"Bob\", a co-admin, has decided about #3000 \"Carl\" was not done: #3000 \"Carl\" is in \
             the call"
        ),
        "{lines:?}"
    );
    // Beside a command of one's own it may be about either.
    let mut view = view_with_carl(true);
    view.decide(Decision::Deny, device(48));
    told(
        &mut view,
        &bobs_decision(Verdict::Deny, DecisionHandling::PassedOn),
    );
    let lines = told(&mut view, &refused("not_pending"));
    assert!(
        lines[0].starts_with(
            "! one of these was not done: /deny #3000, what #2000 \"Bob\", a co-admin, has decided about"
        ),
        "{lines:?}"
    );
    // Others pass on what this device does not.
    for handling in [DecisionHandling::Dropped, DecisionHandling::OfOther] {
        let mut view = view_with_carl(true);
        told(&mut view, &bobs_decision(Verdict::Deny, handling));
        assert_eq!(
            told(&mut view, &refused("not_pending")),
            ["! No. (not_pending)"]
        );
    }
}

#[test]
fn a_refusal_that_may_be_about_none_of_several_commands_takes_nothing_back() {
    let mut view = view_with_carl(true);
    view.decide(Decision::Block, device(32));
    view.decide(Decision::Deny, device(48));
    let lines = told(&mut view, &refused("unknown_device"));
    assert!(
        lines[0].starts_with("! one of these was perhaps not done: /block #2000, /deny #3000: "),
        "{lines:?}"
    );
    // Their departures are this person's deeds still.
    assert!(told(&mut view, &CallEvent::Roster(roster(&[16], &[]))).is_empty());
}

#[test]
fn messages_that_the_program_sends_by_itself_are_refused_without_a_word() {
    for code in ["unknown_device", "unreachable", "not_active"] {
        let mut view = view_with_carl(true);
        view.decide(Decision::Deny, device(48));
        let lines = match code {
            // It may be about the command.
            "unknown_device" => continue,
            _ => told(&mut view, &refused(code)),
        };
        assert!(lines.is_empty(), "{lines:?}");
        // The departure is this person's deed still.
        assert!(told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[]))).is_empty());
    }
}

#[test]
fn an_admission_that_was_refused_is_no_approval_that_a_device_fails_to_show() {
    let not_admitted = of_group(GroupEvent::NotAdmitted {
        claims: carl().claims,
        refusal: CommitRefusal::Admission(AdmissionError::Missing),
    });
    type Step = fn(&mut View);
    let refusal: Step = |view| {
        view.decide(Decision::Admit, device(48));
        told(view, &refused("full"));
    };
    let loss: Step = |view| {
        view.decide(Decision::Admit, device(48));
        told(view, &CallEvent::Lost);
        let Some(CallEvent::Roster(there)) = Some(with_carl(true)) else {
            return;
        };
        told(
            view,
            &CallEvent::Restored {
                roster: there,
                statement: None,
            },
        );
    };
    for step in [refusal, loss] {
        let mut view = view_with_carl(true);
        step(&mut view);
        // Somebody else lets the device in.
        told(&mut view, &with_carl(false));
        let line = told(&mut view, &not_admitted).concat();
        assert!(
            line.contains("nobody has let this device in. /admit #3000 lets them in"),
            "{line}"
        );
    }
}

#[test]
fn a_refused_second_denial_leaves_the_first_one_counted() {
    let mut view = view_with_carl(true);
    view.decide(Decision::Deny, device(48));
    told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
    let blocks = "and block the account for the rest of this call";
    for _ in 0..2 {
        told(&mut view, &with_carl(true));
        let line = lines(&[view.decide(Decision::Deny, device(48))]).concat();
        assert!(line.contains(blocks), "{line}");
        told(&mut view, &refused("unknown_device"));
        told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
    }
}

#[test]
fn a_decision_that_was_done_and_is_not_remembered_is_named_after_the_roster_that_shows_it() {
    for (decision, command) in [(Decision::Admit, "/admit"), (Decision::Deny, "/deny")] {
        let mut view = view_with_carl(true);
        view.decide(decision, device(48));
        told(
            &mut view,
            &match decision {
                Decision::Admit => with_carl(false),
                _ => CallEvent::Roster(roster(&[16, 32], &[])),
            },
        );
        let line = told(&mut view, &refused("too_many_users")).concat();
        let expected = format!("! {command} #3000 was done, and is not remembered");
        assert!(line.starts_with(&expected), "{line}");
    }
}

#[test]
fn commands_without_an_answer_are_told_at_the_end_of_the_call() {
    let mut view = view_with_carl(true);
    view.decide(Decision::Block, device(32));
    let lines = told(&mut view, &CallEvent::Unanswered);
    assert_eq!(
        lines,
        [
            "! perhaps not done, since the call was over for you before an answer came: /block #2000. When you are \
             back, look at /who, and write again what is missing"
        ]
    );
    assert!(told(&mut view, &CallEvent::Unanswered).is_empty());
}

#[test]
fn a_hand_that_another_place_in_the_same_call_lowers_is_told() {
    let seat = |own, is_raised: bool| {
        let mut there = roster(&[own, 32], &[]);
        there.active[0].hand_raised_at = is_raised.then_some(1);
        joined_in(1, own, SeatStatus::Active, false, there)
    };
    let lowered = "Your former place was given up, and your hand is not raised any more: /hand raises it again.";
    for (was_raised, is_raised, is_told) in [
        (true, false, true),
        (true, true, false),
        (false, false, false),
    ] {
        let mut view = View::default();
        told(&mut view, &seat(16, was_raised));
        told(&mut view, &CallEvent::Lost);
        let lines = told(&mut view, &seat(48, is_raised));
        assert_eq!(lines.contains(&lowered.to_owned()), is_told, "{lines:?}");
    }
}
