//! A call that began anew at the room service, in which nothing of the former one counts.

use anteroom_client::{GroupEvent, GroupState, MemberStatus, Signer};

use super::{
    proofs::{ann, bob, of_group},
    *,
};

/// Returns the state of the group of Ann, an admin, and Bob, a co-admin, as one of them sees it.
fn state(own: u32, is_locked: bool) -> GroupState {
    let members = [ann(), bob()].map(|member| MemberStatus {
        is_own: member.claims.demux_id == device(own),
        ..member
    });
    GroupState {
        members: members.to_vec(),
        has_admin: true,
        is_locked,
        co_admins: vec![bob().claims.member_key],
        is_co_admin: own == 32,
        has_admin_device: true,
        ..GroupState::default()
    }
}

/// Returns the view of Ann, with number 16, or of Bob, with number 32, who both have raised their hands.
fn view_of(own: u32, is_locked: bool) -> View {
    let mut view = View::of(None).with_room(room_params());
    let mut there = roster(&[16, 32], &[]);
    for (listed, member) in there.active.iter_mut().zip([ann(), bob()]) {
        listed.hand_raised_at = Some(1);
        listed.name = member.claims.name.clone();
        let key = member.claims.member_key;
        (listed.member, listed.stated_key) = (Some(key.named()), Some(key));
    }
    let is_admin = own == 16;
    told(
        &mut view,
        &joined_in(1, own, SeatStatus::Active, is_admin, there),
    );
    told(
        &mut view,
        &CallEvent::GroupChanged(Box::new(state(own, is_locked))),
    );
    view
}

#[test]
fn the_lock_the_co_admins_and_the_hands_of_a_former_call_are_told_as_ended() {
    let mut view = view_of(16, true);
    told(&mut view, &CallEvent::Lost);
    let again = joined_in(2, 48, SeatStatus::Active, true, roster(&[48], &[]));
    assert_eq!(
        told(&mut view, &again),
        [
            "You are in \"Tea\", as an admin.",
            "! the call began anew and is not locked any more: who is let in comes into the group. /lock locks \
             it again",
            "! the call began anew, and #2000 \"Bob\" is no co-admin any more (this is the former tag). /coadmin \
             with a tag of this call names one anew",
            "The call began anew, and these hands are not raised any more (by the former tags): co-admin #2000 \
             \"Bob\".",
            "The call began anew, and your hand is not raised any more: /hand raises it again.",
        ]
    );
    // Once is enough.
    told(&mut view, &CallEvent::Lost);
    let again = joined_in(3, 48, SeatStatus::Active, true, roster(&[48], &[]));
    assert_eq!(
        told(&mut view, &again),
        ["You are in \"Tea\", as an admin."]
    );
}

#[test]
fn a_former_co_admin_is_told_what_to_ask_for() {
    let mut view = view_of(32, true);
    // The group was left before the connection was back.
    let left = GroupState {
        members: Vec::new(),
        is_locked: false,
        ..state(32, true)
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(left)));
    told(&mut view, &CallEvent::Lost);
    let again = joined_in(2, 48, SeatStatus::Pending, false, roster(&[48], &[]));
    assert_eq!(
        told(&mut view, &again)[1..3],
        [
            "! the call began anew and is not locked any more: who is let in comes into the group. Ask an admin \
             with the admin secret to write /lock",
            "! the call began anew, and you are no co-admin any more: ask an admin to write /coadmin #3000",
        ]
    );
}

#[test]
fn what_was_taken_back_before_and_what_counts_in_the_same_call_is_not_told_as_ended() {
    let mut view = view_of(16, false);
    let unlocked = of_group(GroupEvent::Lock {
        is_on: false,
        signer: Signer::Admin,
    });
    told(&mut view, &unlocked);
    let without = GroupState {
        co_admins: Vec::new(),
        ..state(16, false)
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(without)));
    told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
    told(&mut view, &CallEvent::Lost);
    let again = joined_in(2, 48, SeatStatus::Active, true, roster(&[48], &[]));
    assert_eq!(
        told(&mut view, &again),
        ["You are in \"Tea\", as an admin."]
    );
    let mut view = view_of(16, true);
    told(&mut view, &CallEvent::Lost);
    let again = joined_in(1, 48, SeatStatus::Active, true, roster(&[48], &[]));
    let lines = told(&mut view, &again);
    assert!(!lines.concat().contains("began anew"), "{lines:?}");
}

#[test]
fn the_list_of_all_says_that_the_call_is_locked() {
    let locked = "The call is locked: nobody new comes into the group.";
    for is_locked in [true, false] {
        let who = lines(&view_of(16, is_locked).everyone(NOW));
        assert_eq!(who.iter().any(|line| line == locked), is_locked, "{who:?}");
    }
}

#[test]
fn an_admin_without_the_admin_secret_is_not_told_to_lock_the_call() {
    let mut view = view_of(16, true);
    let mut without = state(16, true);
    without.members[0].reason = anteroom_client::AdmissionReason::Approval(Signer::Admin);
    told(&mut view, &CallEvent::GroupChanged(Box::new(without)));
    told(&mut view, &CallEvent::Lost);
    let again = joined_in(2, 48, SeatStatus::Active, true, roster(&[48], &[]));
    let lines = told(&mut view, &again);
    let next = "Ask an admin with the admin secret to write /lock";
    assert!(lines[1].ends_with(next), "{lines:?}");
}
