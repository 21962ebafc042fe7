//! Changes of the group and of the call, which leave nothing of the state before.

use anteroom_client::{
    AdmissionError, AdmissionReason, CommitRefusal, GroupEvent, GroupState, Listing, MemberStatus,
    RemovalReason, ShownWords, Signer, VerificationWord,
};

use super::{
    proofs::{EPOCH, ann, bob, group, of_group, view_with_bob},
    *,
};
use crate::screen::tests::golden::member;

fn added(member: &MemberStatus) -> CallEvent {
    of_group(GroupEvent::MemberAdded {
        member: member.clone(),
        committer: 0,
    })
}

fn removed(member: &MemberStatus, signer: Option<Signer>) -> CallEvent {
    of_group(GroupEvent::MemberRemoved {
        leaf: member.leaf,
        claims: member.claims.clone(),
        reason: match signer {
            Some(_) => RemovalReason::Barred,
            None => RemovalReason::Absent,
        },
        signer,
        committer: 0,
    })
}

fn words(members: &[MemberStatus]) -> CallEvent {
    let word = VerificationWord {
        number: 1,
        word: "abandon",
    };
    CallEvent::Words(Box::new(ShownWords {
        epoch: EPOCH,
        time: Timestamp::from_secs(0),
        words: [word; 6],
        members: members.to_vec(),
    }))
}

fn compared(keys: &[MemberStatus]) -> CallEvent {
    of_group(GroupEvent::WordsCompared {
        epoch: EPOCH,
        members: keys.iter().map(|one| one.claims.member_key).collect(),
    })
}

/// Returns Bob with another device number and leaf, of the same key.
fn bob_again(reason: AdmissionReason) -> MemberStatus {
    let mut again = bob();
    again.claims.demux_id = device(48);
    again.leaf = 5;
    again.reason = reason;
    again
}

#[test]
fn who_comes_back_as_a_guest_is_no_admin_by_an_earlier_leaf_and_no_co_admin_any_more() {
    let by_admin = AdmissionReason::Approval(Signer::Admin);
    let mut was_admin = bob();
    was_admin.reason = AdmissionReason::Admin;
    let mut view = view_with_bob();
    let mut state = GroupState {
        members: vec![ann(), was_admin.clone()],
        has_admin: true,
        admins: vec![ann().claims.member_key, was_admin.claims.member_key],
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state.clone())));
    told(&mut view, &CallEvent::Roster(roster(&[16, 48], &[])));
    // The earlier leaf goes with the commit that adds the new one, or later.
    for goes_first in [true, false] {
        told(&mut view, &CallEvent::GroupChanged(Box::new(state.clone())));
        if goes_first {
            told(&mut view, &removed(&was_admin, None));
        }
        let came = told(&mut view, &added(&bob_again(by_admin)));
        assert_eq!(
            came,
            [
                "#3000 \"Bob\" came into the group, let in by an admin, account as told by the server."
            ]
        );
        let who = lines(&view.everyone(NOW));
        assert!(who.iter().all(|line| !line.contains("#2000")), "{who:?}");
    }
    // A co-admin is one by the key, with any leaf.
    state.members = vec![ann(), bob()];
    state.co_admins = vec![bob().claims.member_key];
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    let came = told(&mut view, &added(&bob_again(by_admin)));
    assert!(
        came[0].starts_with("co-admin #3000 \"Bob\" came"),
        "{came:?}"
    );
}

#[test]
fn a_name_and_a_wait_are_not_those_of_an_earlier_account_with_the_number() {
    let mut view = View::of(None).with_room(room_params());
    told(
        &mut view,
        &joined(SeatStatus::Active, true, roster(&[16], &[])),
    );
    let waiting = |account| {
        CallEvent::Roster(Roster {
            active: vec![participant(16), participant_with(48, None, Some(account))],
            pending: vec![participant_with(32, Some("Bob"), Some(account))],
            pending_count: 1,
        })
    };
    told(&mut view, &waiting(0xb0));
    told(&mut view, &hello(48, "Ann"));
    assert_eq!(view.label(device(48)), "#3000 \"Ann\"");
    let later = NOW + Duration::from_secs(60);
    assert_eq!(view.waiting(later)[0].waited.time.as_secs(), 60);
    view.apply(&waiting(0xc0), later);
    assert_eq!(view.label(device(48)), "#3000 id#c0c0c0c0");
    assert_eq!(view.waiting(later)[0].waited.time.as_secs(), 0);
}

#[test]
fn who_comes_after_a_comparison_is_compared_by_the_key_and_the_next_step_is_told_once() {
    let carl = member(80, "Carl", AdmissionReason::Open);
    let dora = member(64, "Dora", AdmissionReason::Open);
    let mut view = view_with_bob();
    told(&mut view, &compared(&[bob()]));
    let mut again = bob_again(AdmissionReason::Open);
    again.is_compared = true;
    let end = |view: &mut View, member: &MemberStatus| {
        let line = told(view, &added(member)).remove(0);
        line.rsplit_once("server.").unwrap().1.trim().to_owned()
    };
    let known = "You have compared words with this key before.";
    assert_eq!(end(&mut view, &again), known);
    let unknown = "You have not compared words with this key";
    assert_eq!(
        end(&mut view, &carl),
        format!("{unknown}: write /verify, both of you.")
    );
    assert_eq!(end(&mut view, &dora), format!("{unknown}."));
    // The line about the words that are shown says it too.
    let mut view = view_with_bob();
    told(&mut view, &compared(&[bob()]));
    told(&mut view, &words(&[ann(), bob()]));
    assert_eq!(end(&mut view, &carl), format!("{unknown}."));
    // Where nothing was compared, nothing is said of it.
    assert_eq!(end(&mut view_with_bob(), &carl), "");
    // Somebody whose key was compared before has not come in after.
    let mut view = view_with_bob();
    told(&mut view, &compared(&[bob()]));
    told(&mut view, &added(&carl));
    let line = told(&mut view, &compared(&[carl])).remove(0);
    assert!(line.ends_with("with 1 member."), "{line}");
}

#[test]
fn words_are_compared_with_those_who_are_listed_and_the_others_are_named_apart() {
    let mut carl = member(48, "Carl", AdmissionReason::Open);
    carl.listing = Listing::Unlisted;
    let mut view = view_with_bob();
    told(&mut view, &group(&[ann(), bob(), carl.clone()]));
    let shown = told(&mut view, &words(&[ann(), bob(), carl.clone()]));
    assert_eq!(
        shown[2..],
        [
            "Compare them, or their numbers, by voice with #2000 \"Bob\".",
            "In the group too, and not listed in the call, since they have just left or are hidden: #3000 \
             \"Carl\".",
            "If they match, write /verify match.",
            "If they differ at the same change, somebody may listen in.",
        ]
    );
    let outdated = of_group(GroupEvent::WordsOutdated {
        shown: EPOCH,
        present: Some(EPOCH.next()),
    });
    let still = told(&mut view, &outdated).remove(0);
    assert!(
        still.ends_with("if not, write /verify again, both of you."),
        "{still}"
    );
    for gone in [bob(), carl] {
        told(&mut view, &removed(&gone, None));
    }
    let alone = "Your words are of change 1, and nobody else is in the group now.";
    assert_eq!(told(&mut view, &outdated), [alone]);
}

#[test]
fn the_lobby_which_knows_no_keys_says_nothing_of_them() {
    let mut view = View::of(Some("Bob".to_owned())).with_room(room_params());
    let pending = joined(SeatStatus::Pending, false, roster(&[32], &[]));
    told(&mut view, &pending);
    let state = GroupState {
        has_admin: true,
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    assert_eq!(view.present()[0].group, None);
    assert_eq!(lines(&view.everyone(NOW)), ["  #2000 (in the call)"]);
    told(&mut view, &ADMITTED);
    assert_eq!(view.present()[0].group, Some("no key"));
}

#[test]
fn a_member_that_was_put_out_was_removed_by_somebody_and_has_not_left() {
    let bobs = Signer::CoAdmin(bob().claims.member_key);
    let dora = || member(64, "Dora", AdmissionReason::Admin);
    let carl = || member(48, "Carl", AdmissionReason::Open);
    let mut anne = ann();
    anne.is_own = false;
    for (signer, others, by) in [
        (Signer::Admin, vec![], "admin #1000 \"Ann\""),
        (Signer::Admin, vec![dora()], "an admin"),
        (bobs, vec![], "#2000 \"Bob\", a co-admin"),
    ] {
        for is_gone_first in [false, true] {
            let mut view = View::of(Some("Eve".to_owned())).with_room(room_params());
            let mut there = roster(&[16, 32, 48, 64, 80], &[]);
            told(
                &mut view,
                &joined_in(1, 80, SeatStatus::Active, false, there.clone()),
            );
            let mut own = member(80, "Eve", AdmissionReason::Open);
            own.is_own = true;
            let mut members = vec![anne.clone(), bob(), carl(), own];
            members.extend(others.clone());
            let state = GroupState {
                members,
                has_admin: true,
                co_admins: vec![bob().claims.member_key],
                ..GroupState::default()
            };
            told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
            there.active.remove(2);
            let mut events = [removed(&carl(), Some(signer)), CallEvent::Roster(there)];
            if is_gone_first {
                events.reverse();
            }
            let mut all = Vec::new();
            for event in &events {
                all.extend(lines(&view.apply(event, NOW)));
            }
            all.extend(lines(&view.tick(NOW + GATHERING)));
            assert_eq!(all, [format!("#3000 \"Carl\" was removed by {by}.")]);
        }
    }
    // The one who has done it was told before.
    let mut view = view_with_bob();
    view.decide(Decision::Remove, device(32));
    assert!(told(&mut view, &removed(&bob(), Some(Signer::Admin))).is_empty());
    assert!(told(&mut view, &CallEvent::Roster(roster(&[16], &[]))).is_empty());
}

#[test]
fn a_member_is_confirmed_again_only_after_it_was_told_as_not_confirmed() {
    let mut view = view_with_bob();
    let confirmation = |is_confirmed| {
        of_group(GroupEvent::Confirmation {
            leaf: bob().leaf,
            is_confirmed,
        })
    };
    // A leaf that was made anew begins as not confirmed.
    assert!(told(&mut view, &confirmation(true)).is_empty());
    let lost = "#2000 \"Bob\" is not confirmed: nothing has come from anybody in the group for 20 s. Your own \
                connection may be the cause.";
    assert_eq!(told(&mut view, &confirmation(false)), [lost]);
    assert_eq!(
        told(&mut view, &confirmation(true)),
        ["#2000 \"Bob\" is confirmed again."]
    );
    assert!(told(&mut view, &confirmation(true)).is_empty());
    // Neither after the group was left and entered.
    told(&mut view, &confirmation(false));
    let members = vec![ann(), bob()];
    told(
        &mut view,
        &of_group(GroupEvent::Entered {
            epoch: EPOCH,
            members,
        }),
    );
    assert!(told(&mut view, &confirmation(true)).is_empty());
}

#[test]
fn who_is_kept_out_of_the_group_is_told_with_the_next_step() {
    use AdmissionError::{AdminSignature, Locked, Missing};
    let carl = member(48, "Carl", AdmissionReason::Open).claims;
    for (is_admin, error, next) in [
        (
            true,
            Missing,
            "nobody has let this device in. /admit #3000 lets them in; if it does not, their link may lack the admin key, \
             or have another one: send them the whole link",
        ),
        (true, Locked, "the call is locked. /lock off lets them in"),
        (
            false,
            Locked,
            "the call is locked. An admin or a co-admin lets them in with /lock off",
        ),
        (true, AdminSignature, "the admin's key did not sign for it"),
    ] {
        let mut view = View::of(None).with_room(room_params());
        let there = roster(&[16, 32], &[]);
        told(&mut view, &joined(SeatStatus::Active, is_admin, there));
        let refusal = CommitRefusal::Admission(error);
        let claims = carl.clone();
        let line = told(
            &mut view,
            &of_group(GroupEvent::NotAdmitted { claims, refusal }),
        );
        let expected = format!("! #3000 \"Carl\" is not let into the group: {next}");
        assert_eq!(line, [expected]);
    }
    // Members do not see whether an approval was given, and can do nothing.
    let mut view = View::of(None).with_room(room_params());
    let there = roster(&[16, 32], &[]);
    told(&mut view, &joined(SeatStatus::Active, false, there));
    let refusal = CommitRefusal::Admission(Missing);
    let missing = of_group(GroupEvent::NotAdmitted {
        claims: carl,
        refusal,
    });
    assert_eq!(
        told(&mut view, &missing),
        [
            "#3000 \"Carl\" is in the call, and not in the group: it shows no approval. Those who decide are told the \
             next step."
        ]
    );
}

#[test]
fn who_is_kept_outside_is_told_by_whom_it_was_let_in_and_the_next_step() {
    let bobs = bob().claims.member_key;
    let mut there = roster(&[16, 32], &[]);
    there.active[1] = participant_with(32, Some("Bob"), Some(0xb0));
    (there.active[1].member, there.active[1].stated_key) = (Some(bobs.named()), Some(bobs));
    for (is_locked, approved_by, expected) in [
        (
            true,
            Some(Signer::CoAdmin(bobs)),
            "! you were let in by #2000 \"Bob\", a co-admin, but the call is locked: ",
        ),
        (
            true,
            Some(Signer::Admin),
            "! you were let in by an admin, but the call is locked: ",
        ),
        (true, None, "! the call is locked: "),
        (
            false,
            None,
            "! you are in the call, and the others have not let you into its group",
        ),
    ] {
        let mut view = View::of(None).with_room(room_params());
        told(&mut view, &joined(SeatStatus::Active, false, there.clone()));
        let line = told(
            &mut view,
            &of_group(GroupEvent::KeptOutside {
                is_locked,
                approved_by,
            }),
        )
        .remove(0);
        assert!(line.starts_with(expected), "{line}");
        let next = if is_locked {
            "write /lock off"
        } else {
            "write /admit #1000"
        };
        assert!(line.ends_with(next), "{line}");
    }
}

#[test]
fn who_is_here_is_told_as_of_the_loss_of_the_connection_until_it_is_back() {
    let mut view = View::default();
    let there = roster(&[16, 32], &[]);
    told(&mut view, &joined(SeatStatus::Active, false, there.clone()));
    let later = NOW + Duration::from_secs(12);
    let first = |view: &View| lines(&view.everyone(later)).remove(0);
    assert_eq!(first(&view), "  You (in the call)");
    told(&mut view, &CallEvent::Lost);
    assert!(
        first(&view).starts_with("! the connection was lost 12 s ago, and this is as of then: "),
        "{}",
        first(&view)
    );
    told(
        &mut view,
        &CallEvent::Restored {
            roster: there,
            statement: None,
        },
    );
    assert_eq!(first(&view), "  You (in the call)");
}

#[test]
fn the_use_of_a_group_is_told_once() {
    let mut view = view_with_bob();
    let entered = of_group(GroupEvent::Entered {
        epoch: EPOCH,
        members: vec![ann(), bob()],
    });
    let first = told(&mut view, &entered).remove(0);
    assert!(first.contains("/verify shows words to compare."), "{first}");
    assert_eq!(
        told(&mut view, &entered)[0],
        "You are in the group of 2 members, in a new place."
    );
    told(&mut view, &CallEvent::GroupChanged(Box::default()));
    assert_eq!(
        told(&mut view, &entered)[0],
        "You are in the group of 2 members again."
    );
}

#[test]
fn what_somebody_says_is_told_before_the_departure_which_waits_no_longer_for_it() {
    let mut view = View::default();
    let there = roster(&[16, 32, 48], &[]);
    told(&mut view, &joined(SeatStatus::Active, false, there));
    let gone = CallEvent::Roster(roster(&[16], &[]));
    assert!(view.apply(&gone, NOW).is_empty());
    for (number, expected) in [
        (32, &["#3000 left.", "#2000: bye"][..]),
        (32, &["#2000: bye"]),
    ] {
        assert_eq!(lines(&view.apply(&text(number, "bye"), NOW)), expected);
        assert_eq!(view.deadline(), Some(NOW + GATHERING));
    }
    assert_eq!(lines(&view.tick(NOW + GATHERING)), ["#2000 left."]);
    assert_eq!(view.deadline(), None);
}

#[test]
fn a_raised_hand_is_told_after_the_one_who_raised_it() {
    let mut view = View::default();
    let mut there = roster(&[16, 32], &[]);
    there.active[1].hand_raised_at = Some(1);
    assert_eq!(
        told(&mut view, &joined(SeatStatus::Active, false, there)),
        [
            "You are in \"Tea\".",
            "#2000 is here.",
            "#2000 raised a hand."
        ]
    );
}

#[test]
fn a_lock_says_who_may_still_come_in() {
    let mut view = view_with_bob();
    let lock = of_group(GroupEvent::Lock {
        is_on: true,
        signer: Signer::Admin,
    });
    assert_eq!(
        told(&mut view, &lock),
        [
            "The call is locked by an admin: nobody new comes into the group. Those who were in before may come \
          back, and so may admins with the admin secret."
        ]
    );
}
