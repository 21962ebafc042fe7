//! Devices outside of the group, and members who are silent: what is missing, and the next step.

use anteroom_client::{
    AdmissionError, AdmissionReason, CommitRefusal, GroupEvent, MemberLeaf, MemberStatus,
    StatementOmission,
};

use super::{
    proofs::{bob, of_group, view_with_bob},
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
    let needs_link = "it was let in, and shows no approval. Its link may lack the admin key";
    let needs_approval = "nobody has let this device in. /admit #3000 lets it in";
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
        assert!(line.contains("send it the whole link"), "{line}");
    }
}
