//! The commands that somebody has no right to, which are refused at once.

use anteroom_client::{
    AdmissionReason, GroupEvent, GroupState, LeaveReason, RemovalReason, Signer,
};

use super::{
    proofs::{ann, bob, of_group},
    *,
};
use crate::screen::tests::golden::member;

const LATER: Duration = Duration::from_secs(NOW.as_secs() + 10);

/// Returns the view of Bob, with number 32, beside Ann, an admin, another device of hers, and Carl.
fn view_of_bob(is_co_admin: bool) -> View {
    let mut view = View::of(Some("Bob".to_owned())).with_room(room_params());
    let mut anne = ann();
    anne.is_own = false;
    let mut own = bob();
    own.is_own = true;
    let mut second = member(48, "Ann's other", AdmissionReason::Open);
    second.claims.user = anne.claims.user.clone();
    let carl = member(64, "Carl", AdmissionReason::Open);
    let members = vec![anne, own, second, carl];
    let mut there = roster(&[16, 32, 48, 64, 80], &[]);
    for (listed, member) in there.active.iter_mut().zip(&members) {
        let key = member.claims.member_key;
        listed.user = Some(member.claims.user.clone());
        (listed.member, listed.stated_key) = (Some(key.named()), Some(key));
    }
    there.active[0].is_admin = true;
    told(
        &mut view,
        &joined_in(1, 32, SeatStatus::Active, false, there),
    );
    let state = GroupState {
        members,
        has_admin: true,
        is_co_admin,
        has_admin_device: true,
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    view
}

#[test]
fn a_co_admin_is_told_at_once_about_whom_nothing_is_passed_on() {
    use Decision::{Admit, Block, Remove};
    let view = view_of_bob(true);
    assert_eq!(view.lacks_rights(), None);
    for (decision, number, expected) in [
        (
            Remove,
            16,
            Some("admin #1000 \"Ann\" is an admin, about whom a co-admin decides nothing"),
        ),
        (
            Block,
            16,
            Some("admin #1000 \"Ann\" is an admin, about whom a co-admin decides nothing"),
        ),
        (
            Remove,
            48,
            Some("#3000 \"Ann's other\" has the account of an admin"),
        ),
        (Admit, 48, None),
        (Remove, 64, None),
        (
            Remove,
            80,
            Some("#5000 has named no key that a co-admin could sign for"),
        ),
    ] {
        let refusal = view.request_obstacle(decision, device(number));
        let starts = refusal.as_deref().zip(expected);
        let is_as_expected = starts.is_none_or(|(why, expected)| why.starts_with(expected));
        assert!(is_as_expected, "{number}: {refusal:?}");
        assert_eq!(refusal.is_some(), expected.is_some(), "{number}");
    }
    let why = view.cannot_name_co_admins().unwrap();
    assert!(
        why.starts_with("only admins with the admin secret"),
        "{why}"
    );
}

#[test]
fn a_co_admin_puts_a_member_out_whatever_the_room_service_says_of_it() {
    type Lie = fn(&mut Roster);
    let lies: [(&str, Lie, &str); 4] = [
        (
            "the mark of an admin",
            |there| there.active[3].is_admin = true,
            "is an admin, about whom",
        ),
        (
            "the user of an admin",
            |there| there.active[3].user = there.active[0].user.clone(),
            "has the account of an admin",
        ),
        (
            "no key",
            |there| {
                let carl = &mut there.active[3];
                (carl.member, carl.stated_key) = (None, None);
            },
            "has named no key",
        ),
        ("no admin", |_| {}, "no admin is in the group"),
    ];
    for (name, lie, expected) in lies {
        let mut view = view_of_bob(true);
        let mut there = view.roster.clone();
        lie(&mut there);
        told(&mut view, &CallEvent::Roster(there));
        let mut state = view.group.state.clone().unwrap();
        state.has_admin_device = name != "no admin";
        told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
        for decision in [Decision::Remove, Decision::Block] {
            let why = view.request_obstacle(decision, device(64)).unwrap();
            assert!(why.contains(expected), "{name}: {why}");
            assert!(view.puts_out(decision, device(64)), "{name}");
            // An admin, another device of theirs, this one, and somebody outside the group.
            for number in [16, 48, 32, 80] {
                assert!(!view.puts_out(decision, device(number)), "{name}: {number}");
            }
        }
        for decision in [Decision::Admit, Decision::Deny] {
            assert!(!view.puts_out(decision, device(64)), "{name}");
        }
        assert_eq!(
            view.sign_out(Decision::Remove, device(64)),
            Entry::Notice(format!(
                "You sign that {} is out of the group.",
                view.known_devices.decision_label(device(64))
            ))
        );
    }
}

#[test]
fn a_co_admin_is_told_that_a_second_denial_blocks() {
    let mut view = view_of_bob(true);
    let there = view.roster.clone();
    for (account, expected) in [
        (
            0xb0,
            "in. A second /deny of the account, by you or another one who decides, blocks it",
        ),
        (
            0xc0,
            "in. A second /deny of the account, by you or another one who decides, blocks it",
        ),
        (
            0xb0,
            "in. If the /deny of the account before it was passed on, this one blocks it",
        ),
    ] {
        let waiting = Roster {
            pending: vec![participant_with(96, None, Some(account))],
            pending_count: 1,
            ..there.clone()
        };
        told(&mut view, &CallEvent::Roster(waiting));
        let line = lines(&[view.decide(Decision::Deny, device(96))]).concat();
        assert!(line.contains(expected), "{account:x}: {line}");
        assert!(
            line.contains("You ask an admin's device not to let"),
            "{line}"
        );
        told(&mut view, &CallEvent::Roster(there.clone()));
    }
}

#[test]
fn who_is_neither_admin_nor_co_admin_decides_about_nobody() {
    let view = view_of_bob(false);
    assert_eq!(
        view.lacks_rights().as_deref(),
        Some(
            "only admins and co-admins can do this: ask one of them to, or an admin to write /coadmin #2000"
        )
    );
    assert!(view.cannot_name_co_admins().is_some());
    // Nobody is refused a co-admin's right whose group says nothing of it yet.
    let admin = || joined(SeatStatus::Active, true, roster(&[16, 32], &[]));
    let mut view = View::default();
    told(&mut view, &admin());
    assert_eq!(view.lacks_rights(), None);
    assert_eq!(view.cannot_name_co_admins(), None);
    // The admin secret decides where the room service knows no passkey of it.
    let mut view = View::default();
    told(
        &mut view,
        &joined(SeatStatus::Active, false, roster(&[16], &[])),
    );
    let state = GroupState {
        members: vec![ann()],
        has_admin: true,
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    assert_eq!(view.lacks_rights(), None);
    assert_eq!(view.cannot_name_co_admins(), None);
}

#[test]
fn a_co_admin_is_one_in_the_list_and_at_the_bottom() {
    let mut view = view_of_bob(true);
    let mut state = view.group.state.clone().unwrap();
    state.co_admins = vec![bob().claims.member_key];
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    let who = lines(&view.everyone(NOW));
    assert!(
        who[1].starts_with("  You, a co-admin (in the call)"),
        "{who:?}"
    );
    let status = crate::status::status_line(&view, NOW, 200);
    assert!(
        status.contains("you are #2000 \"Bob\" (co-admin)"),
        "{status}"
    );
}

#[test]
fn who_was_sent_away_may_have_been_sent_by_a_co_admin_where_there_is_one() {
    for (co_admins, ending, expected) in [
        (vec![], EndReason::Removed, "An admin sent you away."),
        // The person itself is the only one.
        (
            vec![bob().claims.member_key],
            EndReason::Removed,
            "An admin sent you away.",
        ),
        (
            vec![ann().claims.member_key],
            EndReason::Removed,
            "An admin or a co-admin sent you away.",
        ),
        (
            vec![ann().claims.member_key],
            EndReason::Blocked,
            "An admin or a co-admin sent you away for the rest of this call.",
        ),
        (
            vec![ann().claims.member_key],
            EndReason::EndedByAdmin,
            "An admin ended the call.",
        ),
    ] {
        let mut view = view_of_bob(false);
        let mut state = view.group.state.clone().unwrap();
        state.co_admins = co_admins;
        told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
        assert_eq!(told(&mut view, &CallEvent::Ended(ending)), [expected]);
    }
}

#[test]
fn the_end_of_a_co_admins_right_says_what_becomes_of_those_whom_it_let_in_and_of_its_lock() {
    let bobs = bob().claims.member_key;
    let mut view = view_of_bob(false);
    let mut state = view.group.state.clone().unwrap();
    let mut carl = state.members[3].clone();
    carl.reason = AdmissionReason::Approval(Signer::CoAdmin(bobs));
    state.members[3] = carl.clone();
    let mut dora = member(80, "Dora", carl.reason);
    dora.leaf = 9;
    state.members.push(dora.clone());
    (state.co_admins, state.is_locked) = (vec![bobs], true);
    told(&mut view, &CallEvent::GroupChanged(Box::new(state.clone())));
    (state.co_admins, state.is_locked) = (Vec::new(), false);
    assert_eq!(
        told(&mut view, &CallEvent::GroupChanged(Box::new(state))),
        [
            "You are no co-admin any more.",
            "#4000 \"Carl\", #5000 \"Dora\" stay: an admin's device signs for those whom a former co-admin has let in, and they \
             come into the group anew with that.",
            "! the call is not locked any more: a former co-admin has signed the lock, which has ended with that right. \
             Ask an admin or a co-admin to write /lock",
        ]
    );
    // Each comes in anew, which is no departure.
    let anew = RemovalReason::AddedAnew;
    let removed = of_group(GroupEvent::MemberRemoved {
        leaf: dora.leaf,
        claims: dora.claims.clone(),
        reason: anew,
        signer: None,
        committer: 0,
    });
    assert!(told(&mut view, &removed).is_empty());
    dora.reason = AdmissionReason::Approval(Signer::Admin);
    let added = of_group(GroupEvent::MemberAdded {
        member: dora,
        committer: 0,
    });
    let came = told(&mut view, &added);
    assert!(
        came[0].starts_with("#5000 \"Dora\" came into the group anew, let in by an admin"),
        "{came:?}"
    );
    let left = of_group(GroupEvent::Left(LeaveReason::Removed(anew)));
    assert_eq!(
        told(&mut view, &left),
        ["Your place in the group is made anew, which takes a moment."]
    );
}

#[test]
fn a_decision_about_ones_own_account_never_hits_this_device() {
    use Decision::{Admit, Block, Deny, Remove};
    for (is_co_admin, decision, number, expected) in [
        (
            false,
            Block,
            48,
            Some("/remove #3000 sends that device alone away"),
        ),
        (
            false,
            Block,
            80,
            Some("/deny #5000 sends that device alone away"),
        ),
        (false, Deny, 80, None),
        (false, Remove, 48, None),
        (false, Admit, 80, None),
        (
            true,
            Block,
            48,
            Some("/remove #3000 sends that device alone away"),
        ),
        (
            true,
            Block,
            80,
            Some("this one too: leave there with /quit"),
        ),
        (true, Deny, 80, Some("or ask an admin to write /deny #5000")),
        (true, Remove, 48, None),
        // Of somebody else.
        (true, Block, 64, None),
        (true, Deny, 64, None),
    ] {
        let mut view = View::of(None).with_room(room_params());
        let mut there = roster(&[16, 48, 64], &[80]);
        for (listed, account) in there.active.iter_mut().zip([0xa0, 0xa0, 0xb0]) {
            listed.user = participant_with(16, None, Some(account)).user;
        }
        there.pending[0].user.clone_from(&there.active[0].user);
        there.active[0].is_admin = !is_co_admin;
        told(&mut view, &joined(SeatStatus::Active, !is_co_admin, there));
        let state = GroupState {
            is_co_admin,
            ..GroupState::default()
        };
        told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
        let why = view.hits_own_account(decision, device(number));
        assert_eq!(why.is_some(), expected.is_some(), "{decision:?} {number}");
        if let Some((why, expected)) = why.zip(expected) {
            assert!(why.ends_with(expected), "{why}");
        }
        if decision == Deny && !is_co_admin {
            let line = lines(&[view.decide(decision, device(number))]).concat();
            assert!(line.ends_with("which no /deny blocks."), "{line}");
        }
    }
}

#[test]
fn a_co_admin_without_an_admin_is_told_so_for_a_tag_that_nobody_is_known_by() {
    let mut view = view_of_bob(true);
    let mut state = view.group.state.clone().unwrap();
    state.has_admin_device = false;
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    let mut without_carl = view.roster.clone();
    without_carl.active.remove(3);
    told(&mut view, &CallEvent::Roster(without_carl));
    for (tag, expected) in [
        ("9999", "no admin is in the group"),
        ("2000", "that is your own tag"),
        ("4000", "no admin is in the group"),
    ] {
        let why = view.decided_device(&TagPrefix::parse(tag).unwrap());
        let why = why.unwrap_err();
        assert!(why.starts_with(expected), "{why}");
    }
}

#[test]
fn the_decision_of_a_co_admin_is_told_as_perhaps_not_done_when_the_connection_is_lost() {
    let mut view = view_of_bob(true);
    view.decide(Decision::Remove, device(64));
    // The refusals are for the admin's device.
    let refused = CallEvent::Refused {
        code: "forbidden".to_owned(),
        message: "No.".to_owned(),
    };
    assert_eq!(told(&mut view, &refused), ["! No. (forbidden)"]);
    let lines = told(&mut view, &CallEvent::Lost);
    assert!(lines[1].contains(": /remove #4000."), "{lines:?}");
    // One that a roster shows as done is none of these.
    let mut view = view_of_bob(true);
    view.decide(Decision::Remove, device(64));
    let mut without_carl = view.roster.clone();
    without_carl.active.remove(3);
    told(&mut view, &CallEvent::Roster(without_carl));
    assert_eq!(told(&mut view, &CallEvent::Lost).len(), 1);
    // It may be that no admin's device passes it on.
    let mut view = view_of_bob(true);
    view.decide(Decision::Remove, device(64));
    view.apply(&CallEvent::Roster(view.roster.clone()), LATER);
    assert_eq!(told(&mut view, &CallEvent::Lost).len(), 1);
}
