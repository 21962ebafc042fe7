//! Whether a leaf may be in: every case of the decision.

use anteroom_e2ee::{
    AdminSignature, Admission, AdmissionError, AdmissionReason, Approval, BarredEntry,
    ContextChange, DeviceSecret, LeafClaim, MAX_BARRED, MemberKey, Policy, Presence, RoomContext,
    SignedStatement, Signer, StatementError, StatementKey,
};
use anteroom_protocol::{Restrictions, RoomId, Timestamp};

use crate::common::{NOW, RoomKeys, by_admin, by_co_admin, era, people, room, user};

/// The second device of the member.
fn other_device(room: &RoomId) -> MemberKey {
    DeviceSecret::from_bytes([8; 32]).member_key(room)
}

fn context(people: &RoomKeys, restrictions: Restrictions) -> RoomContext {
    changed(people, &people.policy(restrictions), &[], None)
}

fn changed(
    people: &RoomKeys,
    policy: &Policy,
    barred: &[BarredEntry],
    locked: Option<bool>,
) -> RoomContext {
    let own = RoomContext::new(people.room, people.era, Some(people.admin.public()));
    own.with(&ContextChange {
        policy: Some(by_admin(people, policy)),
        barred: barred.iter().map(|entry| by_admin(people, entry)).collect(),
        lock: locked.map(|on| by_admin(people, &people.lock(on))),
    })
}

fn approved(people: &RoomKeys, change: impl FnOnce(&mut Approval)) -> Admission {
    let mut approval = people.approval();
    change(&mut approval);
    Admission::Approval(by_admin(people, &approval))
}

/// The decision about the member's leaf at `NOW`.
fn decide(
    people: &RoomKeys,
    context: &RoomContext,
    admission: &Admission,
    presence: Presence,
) -> Result<AdmissionReason, AdmissionError> {
    let claim = LeafClaim {
        user: &user(4),
        member_key: &people.member.public(),
        admission,
    };
    context.admits(&claim, presence, NOW)
}

#[test]
fn without_an_admin_key_the_room_service_decides() {
    let people = people();
    let context = RoomContext::new(people.room, people.era, None);
    for admission in [Admission::None, approved(&people, |_| {})] {
        let decision = decide(&people, &context, &admission, Presence::New);
        assert_eq!(decision, Ok(AdmissionReason::ServiceDecision));
    }
}

#[test]
fn each_admission_holds_or_fails_for_its_own_reason() {
    let people = people();
    let other = other_device(&people.room);
    let admin = |in_era| {
        let key = people.member.public();
        Admission::Admin(AdminSignature::sign(
            &people.admin,
            &people.room,
            in_era,
            &key,
        ))
    };
    let stranger = anteroom_e2ee::AdminSecret::from_bytes([9; 32]).admin_key(&people.room);
    let forged = SignedStatement::sign(&people.approval(), &StatementKey::Admin(&stranger));
    let co_admin = Signer::CoAdmin(people.co_admin.public());
    let strict = context(&people, Restrictions::AdminApproval);
    for (case, admission, expected) in [
        ("none", Admission::None, Err(AdmissionError::Missing)),
        (
            "approval",
            approved(&people, |_| {}),
            Ok(AdmissionReason::Approval(Signer::Admin)),
        ),
        (
            "of a co-admin",
            Admission::Approval(by_co_admin(&people, &people.approval())),
            Ok(AdmissionReason::Approval(co_admin)),
        ),
        (
            "of a stranger",
            Admission::Approval(forged.unwrap()),
            Err(AdmissionError::Approval(StatementError::Signature)),
        ),
        (
            "of another room",
            approved(&people, |approval| approval.room = room(2)),
            Err(AdmissionError::Approval(StatementError::OtherRoom)),
        ),
        (
            "of another user",
            approved(&people, |approval| approval.user = user(5)),
            Err(AdmissionError::OtherUser),
        ),
        (
            "of another key",
            approved(&people, |approval| approval.member_key = other.public()),
            Err(AdmissionError::OtherKey),
        ),
        (
            "within the tolerance of clocks",
            approved(&people, |approval| approval.issued = NOW.plus(15 * 60)),
            Ok(AdmissionReason::Approval(Signer::Admin)),
        ),
        (
            "of the future",
            approved(&people, |approval| approval.issued = NOW.plus(15 * 60 + 1)),
            Err(AdmissionError::Early),
        ),
        (
            "in its last second",
            approved(&people, |approval| approval.expires = NOW.plus(1)),
            Ok(AdmissionReason::Approval(Signer::Admin)),
        ),
        (
            "expired",
            approved(&people, |approval| approval.expires = NOW),
            Err(AdmissionError::Expired),
        ),
        ("admin", admin(people.era), Ok(AdmissionReason::Admin)),
        (
            "admin of another era",
            admin(era(2)),
            Err(AdmissionError::AdminSignature),
        ),
    ] {
        for presence in [Presence::Present, Presence::Returning, Presence::New] {
            let decision = decide(&people, &strict, &admission, presence);
            assert_eq!(decision, expected, "{case}, {presence:?}");
        }
    }
}

#[test]
fn where_nothing_is_asked_for_everybody_may_but_who_is_barred() {
    let people = people();
    let open = context(&people, Restrictions::None);
    let expired = approved(&people, |approval| approval.expires = NOW);
    for admission in [Admission::None, expired] {
        let decision = decide(&people, &open, &admission, Presence::New);
        assert_eq!(decision, Ok(AdmissionReason::Open));
    }
    let over = Policy {
        until: NOW,
        ..people.policy(Restrictions::None)
    };
    let over = changed(&people, &over, &[], None);
    let decision = decide(&people, &over, &Admission::None, Presence::Present);
    assert_eq!(decision, Err(AdmissionError::Missing));
    let policy = people.policy(Restrictions::None);
    let barred = changed(&people, &policy, &[people.barred()], None);
    let decision = decide(&people, &barred, &Admission::None, Presence::Present);
    assert_eq!(decision, Err(AdmissionError::Barred));
}

#[test]
fn an_approval_from_before_a_moment_is_void() {
    let people = people();
    let issued = people.approval().issued;
    let earlier = Timestamp::from_secs(0);
    let decide_with = |era, void_before: Timestamp, void_here, entry: Option<Timestamp>| {
        let policy = Policy {
            era,
            void_before,
            void_here,
            ..people.policy(Restrictions::AdminApproval)
        };
        let without_era = Policy {
            co_admins: Vec::new(),
            ..policy.clone()
        };
        let policy = era.map_or(without_era, |_| policy);
        let entry = entry.map(|time| BarredEntry {
            user: user(5),
            time,
            ..people.barred()
        });
        let context = changed(&people, &policy, entry.as_slice(), None);
        let approved = approved(&people, |_| {});
        let decision =
            |context: &RoomContext| decide(&people, context, &approved, Presence::Present);
        let by_co_admin = ContextChange {
            barred: vec![by_co_admin(
                &people,
                &BarredEntry {
                    user: user(5),
                    ..people.barred()
                },
            )],
            ..ContextChange::default()
        };
        assert_eq!(
            decision(&context),
            decision(&context.with(&by_co_admin)),
            "a co-admin's entry makes no difference"
        );
        decision(&context)
    };
    let holds = Ok(AdmissionReason::Approval(Signer::Admin));
    let void = Err(AdmissionError::Void);
    let later = issued.plus(1);
    assert_eq!(decide_with(Some(era(2)), issued, earlier, None), holds);
    assert_eq!(decide_with(Some(era(2)), later, earlier, None), void);
    assert_eq!(decide_with(None, later, earlier, None), void);
    // In the policy's own era the group shows the entry that the moment is from, or another one.
    let own = Some(people.era);
    assert_eq!(decide_with(own, later, earlier, Some(later)), holds);
    // One of the second before bars the approvals before that moment.
    assert_eq!(decide_with(own, later, earlier, Some(issued)), holds);
    let too_early = issued.minus(1);
    assert_eq!(decide_with(own, later, earlier, Some(too_early)), void);
    assert_eq!(decide_with(own, later, earlier, None), void);
    assert_eq!(decide_with(own, later, issued, Some(later)), holds);
    assert_eq!(decide_with(own, later, later, Some(later)), void);
}

#[test]
fn a_barred_entry_names_a_user_or_a_device_until_a_later_approval() {
    let people = people();
    let other = other_device(&people.room);
    let entry = |change: &dyn Fn(&mut BarredEntry)| {
        let mut entry = people.barred();
        change(&mut entry);
        changed(
            &people,
            &people.policy(Restrictions::AdminApproval),
            &[entry],
            None,
        )
    };
    let all_devices = entry(&|_| {});
    let this_device = entry(&|entry| entry.member_key = Some(people.member.public()));
    let the_other = entry(&|entry| entry.member_key = Some(other.public()));
    let another_user = entry(&|entry| entry.user = user(5));
    let before = approved(&people, |_| {});
    let at_once = approved(&people, |approval| approval.issued = NOW);
    let later = approved(&people, |approval| approval.issued = NOW.plus(1));
    let admin = Admission::Admin(AdminSignature::sign(
        &people.admin,
        &people.room,
        people.era,
        &people.member.public(),
    ));
    for (case, context, admission, is_barred) in [
        ("all devices", &all_devices, &before, true),
        ("all devices", &all_devices, &at_once, true),
        ("all devices", &all_devices, &later, false),
        ("all devices", &all_devices, &admin, false),
        ("this device", &this_device, &before, true),
        ("this device", &this_device, &later, false),
        ("the other", &the_other, &before, false),
        ("another user", &another_user, &before, false),
    ] {
        let decision = decide(&people, context, admission, Presence::Present);
        let barred = decision == Err(AdmissionError::Barred);
        assert_eq!(barred, is_barred, "{case} {decision:?}");
        assert!(is_barred || decision.is_ok(), "{case} {decision:?}");
    }
}

#[test]
fn a_committer_takes_out_whom_an_approval_let_in_again_once_it_has_ended_by_other_clocks() {
    let people = people();
    let policy = people.policy(Restrictions::AdminApproval);
    let context = changed(&people, &policy, &[people.barred()], None);
    let approval = approved(&people, |approval| {
        approval.issued = NOW.plus(1);
        approval.expires = NOW.plus(100);
    });
    let key = people.member.public();
    let claim = LeafClaim {
        user: &user(4),
        member_key: &key,
        admission: &approval,
    };
    for (seconds, others, own) in [
        (99, false, false),
        (100, true, false),
        (159, true, false),
        (160, true, true),
    ] {
        let now = NOW.plus(seconds);
        assert_eq!(context.is_barred(&claim, now), others, "{seconds}");
        assert_eq!(context.may_take_out(&claim, now), own, "{seconds}");
    }
    // Nobody waits where no approval stands against the entry.
    for admission in [Admission::None, approved(&people, |_| {})] {
        let claim = LeafClaim {
            admission: &admission,
            ..claim
        };
        assert!(context.may_take_out(&claim, NOW));
    }
}

#[test]
fn a_full_list_of_entries_makes_old_approvals_of_newcomers_void() {
    let people = people();
    let entries: Vec<_> = (0..MAX_BARRED as u64)
        .map(|number| BarredEntry {
            user: user(100 + number),
            time: NOW.plus(number),
            ..people.barred()
        })
        .collect();
    let policy = people.policy(Restrictions::AdminApproval);
    let context = changed(&people, &policy, &entries, None);
    let few = changed(&people, &policy, &entries[1..], None);
    let before = approved(&people, |_| {});
    let later = approved(&people, |approval| approval.issued = NOW.plus(1));
    let holds = Ok(AdmissionReason::Approval(Signer::Admin));
    let void = Err(AdmissionError::Void);
    for (admission, presence, expected) in [
        (&before, Presence::Present, holds),
        (&before, Presence::Returning, void),
        (&before, Presence::New, void),
        (&later, Presence::New, holds),
    ] {
        assert_eq!(decide(&people, &context, admission, presence), expected);
        assert_eq!(decide(&people, &few, admission, presence), holds);
    }
}

#[test]
fn under_a_lock_nobody_new_is_added() {
    let people = people();
    let approved = approved(&people, |_| {});
    let admin = Admission::Admin(AdminSignature::sign(
        &people.admin,
        &people.room,
        people.era,
        &people.member.public(),
    ));
    let context = |on| {
        changed(
            &people,
            &people.policy(Restrictions::AdminApproval),
            &[],
            Some(on),
        )
    };
    let (locked, unlocked) = (context(true), context(false));
    for (context, admission, presence, is_in) in [
        (&locked, &approved, Presence::New, false),
        (&locked, &approved, Presence::Returning, true),
        (&locked, &approved, Presence::Present, true),
        (&locked, &admin, Presence::New, true),
        (&unlocked, &approved, Presence::New, true),
    ] {
        let decision = decide(&people, context, admission, presence);
        assert_eq!(decision.is_ok(), is_in);
        assert!(is_in || decision == Err(AdmissionError::Locked));
    }
}

#[test]
fn an_admission_has_one_encoding() {
    let people = people();
    let approval = by_admin(&people, &people.approval());
    let key = people.member.public();
    let admin = AdminSignature::sign(&people.admin, &people.room, people.era, &key);
    for admission in [
        Admission::None,
        Admission::Approval(approval),
        Admission::Admin(admin),
    ] {
        let bytes = admission.to_bytes();
        assert!(bytes.len() <= Admission::MAX_LENGTH);
        assert_eq!(Admission::parse(&bytes).as_ref(), Ok(&admission));
        for length in 0..bytes.len() {
            assert!(Admission::parse(&bytes[..length]).is_err());
        }
        assert!(Admission::parse(&[&bytes[..], &[0]].concat()).is_err());
    }
    for kind in [2, 4] {
        assert!(Admission::parse(&[kind]).is_err());
    }
}
