//! The proofs of members of the group, beside the word of the room service.

use anteroom_client::{
    AdmissionReason, CoAdminDecision, CommitError, DecisionHandling, GroupEpoch, GroupEvent,
    GroupState, MemberLeaf, MemberStatus, Signer, Verdict,
};

use super::*;
use crate::{role::Role, screen::tests::golden::member};

pub(super) const EPOCH: GroupEpoch = GroupEpoch { group: 1, epoch: 1 };

pub(super) fn bob() -> MemberStatus {
    member(32, "Bob", AdmissionReason::Approval(Signer::Admin))
}

pub(super) fn ann() -> MemberStatus {
    member(16, "Ann", AdmissionReason::Admin)
}

pub(super) fn group(members: &[MemberStatus]) -> CallEvent {
    CallEvent::GroupChanged(Box::new(GroupState {
        members: members.to_vec(),
        may_send: true,
        has_admin: true,
        signs_approvals: true,
        ..GroupState::default()
    }))
}

pub(super) fn of_group(event: GroupEvent) -> CallEvent {
    CallEvent::Group(Box::new(event))
}

pub(super) fn said(claims: &MemberLeaf) -> CallEvent {
    said_at(claims, false)
}

fn said_at(claims: &MemberLeaf, is_late: bool) -> CallEvent {
    of_group(GroupEvent::Text {
        leaf: 1,
        epoch: EPOCH,
        claims: claims.clone(),
        text: "hello".to_owned(),
        is_late,
    })
}

/// Returns the view of an admin in a group with Bob, whom the roster lists.
pub(super) fn view_with_bob() -> View {
    let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
    let there = roster(&[16, 32], &[]);
    told(&mut view, &joined(SeatStatus::Active, true, there));
    told(&mut view, &group(&[ann(), bob()]));
    view
}

#[test]
fn who_waits_with_the_number_of_a_member_is_shown_as_the_roster_lists_it() {
    for name in [Some("Mallory"), None] {
        let mut view = view_with_bob();
        let label = match name {
            Some(name) => format!("#2000 \"{name}\""),
            None => "#2000 id#c0c0c0c0".to_owned(),
        };
        let with_account = match name {
            Some(_) => format!("{label} (id#c0c0c0c0)"),
            None => label.clone(),
        };
        let listed = Roster {
            pending: vec![participant_with(32, name, Some(0xc0))],
            pending_count: 1,
            ..roster(&[16], &[])
        };
        let lines_of_roster = told(&mut view, &CallEvent::Roster(listed));
        let request = format!("{with_account} waits in the lobby: /admit #2000 or /deny #2000");
        assert!(lines_of_roster.contains(&request), "{lines_of_roster:?}");
        let rows = view.waiting(NOW);
        assert_eq!(rows[0].name.as_deref(), name);
        assert_eq!(rows[0].account.as_deref(), Some("id#c0c0c0c0"));
        let everyone = lines(&view.everyone(NOW));
        let waits = format!("  {label} (in the lobby");
        assert!(
            everyone.iter().any(|line| line.starts_with(&waits)),
            "{everyone:?}"
        );
        let account = lines(&[view.account(device(32))]);
        assert!(
            account[0].starts_with(&label) && account[0].contains("c0c0c0c0"),
            "{account:?}"
        );
        let admitted = lines(&[view.decide(Decision::Admit, device(32))]);
        assert!(
            admitted[0].starts_with(&format!("You let {label} in")),
            "{admitted:?}"
        );
        // A text of Bob's is still his.
        assert_eq!(
            told(&mut view, &said(&bob().claims)),
            ["#2000 \"Bob\": hello"]
        );
    }
}

#[test]
fn a_text_is_labelled_by_the_claims_of_who_said_it() {
    let gone = " (no longer in the group)";
    let mallory = |number: u32, name: Option<&str>| MemberLeaf {
        demux_id: device(number),
        name: name.map(ToOwned::to_owned),
        ..member(48, "", AdmissionReason::Open).claims
    };
    for (claims, expected) in [
        (bob().claims, "#2000 \"Bob\": hello".to_owned()),
        (ann().claims, "You: hello".to_owned()),
        // A text of the epoch before, whose author the group has put out, at a number that another has now.
        (
            mallory(32, Some("Mallory")),
            format!("#2000 \"Mallory\"{gone}: hello"),
        ),
        (
            mallory(16, Some("Mallory")),
            format!("#1000 \"Mallory\"{gone}: hello"),
        ),
        (mallory(48, None), format!("#3000 id#30303030{gone}: hello")),
    ] {
        let mut view = view_with_bob();
        let mut listed = roster(&[16, 32], &[]);
        listed
            .active
            .push(participant_with(48, Some("Carol"), Some(0xc0)));
        told(&mut view, &CallEvent::Roster(listed));
        told(&mut view, &hello(48, "Carol"));
        assert_eq!(told(&mut view, &said(&claims)), [expected]);
    }
}

#[test]
fn a_text_that_comes_late_is_marked_as_said_earlier() {
    let mut view = view_with_bob();
    let late = told(&mut view, &said_at(&bob().claims, true));
    assert_eq!(late, ["#2000 \"Bob\" (said earlier): hello"]);
}

#[test]
fn a_member_without_a_name_does_not_get_one_from_outside_of_the_group() {
    let mut view = view_with_bob();
    let mut nameless = bob();
    (nameless.name, nameless.claims.name) = (None, None);
    told(&mut view, &group(&[ann(), nameless.clone()]));
    told(&mut view, &hello(32, "Carol"));
    let mut listed = roster(&[16], &[]);
    listed
        .active
        .push(participant_with(32, Some("Carol"), None));
    told(&mut view, &CallEvent::Roster(listed));
    assert_eq!(
        told(&mut view, &said(&nameless.claims)),
        ["#2000 id#20202020: hello"]
    );
    assert_eq!(view.present()[1].name, None);
    told(&mut view, &group(&[ann(), bob()]));
    told(&mut view, &hello(32, "Carol"));
    assert_eq!(view.present()[1].name.as_deref(), Some("Bob"));
}

#[test]
fn the_mark_of_an_admin_or_a_co_admin_before_a_member_is_not_the_room_services_word() {
    let carol = || member(48, "Carol", AdmissionReason::Admin);
    let mut listed = roster(&[16, 32, 48], &[]);
    listed.active[1].is_admin = true;
    use Role::{Admin, CoAdmin, Member};
    for (has_admin, co_admins, bobs_role, carols_role) in [
        (true, vec![], Member, Admin),
        (true, vec![bob().claims.member_key], CoAdmin, Admin),
        (false, vec![], Admin, Member),
    ] {
        let mut view = view_with_bob();
        told(&mut view, &CallEvent::Roster(listed.clone()));
        told(
            &mut view,
            &CallEvent::GroupChanged(Box::new(GroupState {
                members: vec![ann(), bob(), carol()],
                may_send: true,
                has_admin,
                co_admins,
                ..GroupState::default()
            })),
        );
        for (member, role) in [(bob(), bobs_role), (carol(), carols_role)] {
            let line = told(&mut view, &said(&member.claims)).remove(0);
            let start = format!("{}#", role.mark(false));
            assert!(line.starts_with(&start), "{line}");
            let who = lines(&view.everyone(NOW));
            let start = format!("  {start}");
            let name = member.name.unwrap();
            let line = who.iter().find(|line| line.contains(&name)).unwrap();
            assert!(line.starts_with(&start), "{line}");
            let rows = view.present();
            let number = member.claims.demux_id;
            let tag = view.known_devices.tag(number);
            let row = rows.iter().find(|row| row.label.starts_with(&tag)).unwrap();
            assert_eq!(row.role, role, "{tag}");
        }
    }
}

#[test]
fn what_the_room_service_says_of_a_member_is_told_as_its_word() {
    let error = || CommitError::Malformed;
    for (event, is_proven) in [
        (
            GroupEvent::RefusedByOther {
                from: device(32),
                at: EPOCH,
            },
            false,
        ),
        (
            GroupEvent::CommitRefused {
                from: device(32),
                committer: None,
                error: error(),
            },
            false,
        ),
        (GroupEvent::Elsewhere(device(32)), false),
        (
            GroupEvent::CommitRefused {
                from: device(48),
                committer: Some(bob().claims),
                error: error(),
            },
            true,
        ),
    ] {
        let mut view = view_with_bob();
        let line = told(&mut view, &of_group(event)).remove(0);
        assert!(line.contains("#2000 \"Bob\""), "{line}");
        assert_eq!(line.contains("the room service says"), !is_proven, "{line}");
    }
}

#[test]
fn devices_without_the_encryption_are_told_in_a_few_lines_and_not_remembered_without_end() {
    let mut view = view_with_bob();
    let key = bob().claims.member_key;
    for round in 0..20_u32 {
        let numbers: Vec<u32> = (0..100).map(|one| 64 + 16 * (round * 100 + one)).collect();
        let mut listed = roster(&[16, 32], &[]);
        for one in &mut listed.active {
            (one.member, one.stated_key) = (Some(key.named()), Some(key));
        }
        listed.active.extend(roster(&numbers, &[]).active);
        let about = told(&mut view, &CallEvent::Roster(listed));
        let about = about
            .iter()
            .filter(|line| line.contains("end-to-end encryption"));
        let about: Vec<_> = about.collect();
        assert_eq!(about.len(), 1, "{about:?}");
        assert!(about[0].contains("and 96 more"), "{about:?}");
        assert!(view.group.told.len() <= 100);
    }
}

#[test]
fn where_the_link_names_no_admin_key_it_is_not_said_that_the_members_alone_hear() {
    for has_admin in [true, false] {
        let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
        told(
            &mut view,
            &joined(SeatStatus::Active, true, roster(&[16, 32], &[])),
        );
        told(
            &mut view,
            &CallEvent::GroupChanged(Box::new(GroupState {
                has_admin,
                ..GroupState::default()
            })),
        );
        let entered = of_group(GroupEvent::Entered {
            epoch: EPOCH,
            members: vec![ann(), bob()],
        });
        let said = told(&mut view, &entered).join(" ");
        assert_eq!(said.contains("for its members alone"), has_admin, "{said}");
    }
}

#[test]
fn the_decision_of_a_co_admin_is_told_by_what_became_of_it_and_about_the_device_of_its_key() {
    let mut view = view_with_bob();
    let carls = member(48, "Carl", AdmissionReason::Open).claims.member_key;
    let mut listed = roster(&[16, 32], &[]);
    listed
        .pending
        .push(participant_with(48, Some("Carl"), Some(0xc0)));
    (listed.pending[0].member, listed.pending[0].stated_key) = (Some(carls.named()), Some(carls));
    told(&mut view, &CallEvent::Roster(listed));
    let carl = "#3000 \"Carl\"";
    for (handling, member_key, expected) in [
        (
            DecisionHandling::PassedOn,
            carls,
            format!("does not let {carl} in. Your device passes that on to the room service."),
        ),
        (
            DecisionHandling::Dropped,
            carls,
            format!("decided about {carl}, and your device did not pass that on"),
        ),
        (
            DecisionHandling::OfOther,
            carls,
            format!("asks an admin's device not to let {carl} in."),
        ),
        (
            DecisionHandling::OfOther,
            bob().claims.member_key,
            "asks an admin's device not to let somebody who waits in.".to_owned(),
        ),
        (
            DecisionHandling::PassedOn,
            carls,
            format!(
                "does not let {carl} in, and blocks the account for the rest of this call, since this is the second \
                 /deny of it. Your device passes that on to the room service."
            ),
        ),
    ] {
        let decision = CoAdminDecision {
            device: device(48),
            member_key,
            verdict: Verdict::Deny,
        };
        let lines = told(
            &mut view,
            &CallEvent::Decision {
                claims: Box::new(bob().claims),
                decision,
                handling,
            },
        );
        let line = format!("#2000 \"Bob\", a co-admin, {expected}");
        assert!(lines[0].contains(&line), "{lines:?}");
    }
}

#[test]
fn a_co_admin_is_told_what_is_asked_and_that_somebody_left_when_they_did() {
    let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
    let there = roster(&[16, 32], &[]);
    told(&mut view, &joined(SeatStatus::Active, false, there));
    let mut state = GroupState {
        members: vec![ann(), bob()],
        has_admin: true,
        is_co_admin: true,
        ..GroupState::default()
    };
    state.has_admin_device = true;
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    let asked = lines(&[view.decide(Decision::Remove, device(32))]);
    assert_eq!(
        asked,
        ["You ask an admin's device to send #2000 \"Bob\" away."]
    );
    let gone = told(&mut view, &CallEvent::Roster(roster(&[16], &[])));
    assert!(gone.iter().any(|line| line.ends_with("left.")), "{gone:?}");
}

#[test]
fn the_co_admins_of_the_era_alone_are_named_and_once() {
    let mut view = view_with_bob();
    let named = |view: &mut View, members: &[MemberStatus], co_admins: &[MemberStatus]| {
        let keys = co_admins.iter().map(|member| member.claims.member_key);
        let state = GroupState {
            members: members.to_vec(),
            has_admin: true,
            co_admins: keys.collect(),
            ..GroupState::default()
        };
        let lines = told(view, &CallEvent::GroupChanged(Box::new(state)));
        lines
            .into_iter()
            .filter(|line| line.contains("co-admin"))
            .collect::<Vec<_>>()
    };
    let both = [ann(), bob()];
    let bobs = ["Who decides beside the admins: #2000 \"Bob\", a co-admin."];
    assert!(named(&mut view, &both, &[]).is_empty());
    assert_eq!(named(&mut view, &both, &[bob()]), bobs);
    assert!(named(&mut view, &both, &[bob()]).is_empty());
    // Out of the group for a moment.
    assert!(named(&mut view, &[], &[]).is_empty());
    assert!(named(&mut view, &both, &[bob()]).is_empty());
    // Taken back, and named again.
    let ended = ["#2000 \"Bob\" is no co-admin any more."];
    assert_eq!(named(&mut view, &both, &[]), ended);
    assert_eq!(named(&mut view, &both, &[bob()]), bobs);
}
