mod approvals;
mod members;

use anteroom_e2ee::{
    AdminSecret, Approval, BarredList, CLOCK_TOLERANCE, CoAdmin, DeviceSecret, MemberKey,
    MemberPublicKey, Policy, SignedStatement, Statement, StatementKey,
};
use anteroom_e2ee_session::Event as GroupEvent;
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, CallLink, DAY, DemuxId, EraId, OpaqueUserId, Restrictions,
    RoomId, RootKey, Timestamp,
};

use super::*;
use crate::{
    AdminRights, CallEvent, Error, LinkState, Participant, RoomName, Roster, SeatInfo, SeatStatus,
    StatementOmission, StatementStoreError,
};

const NOW: Timestamp = Timestamp::from_secs(1_796_000_000);
const ERA: EraId = EraId::from_bytes([9; 16]);
const ALLOW: crate::Approval = crate::Approval::Off;
const ASK: crate::Approval = crate::Approval::Required;

fn root_key() -> RootKey {
    RootKey::parse("mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt").unwrap()
}

fn room() -> RoomId {
    root_key().room_id()
}

fn secret(number: u8) -> AdminSecret {
    AdminSecret::from_bytes([number; 32])
}

fn signer() -> StatementSigner {
    StatementSigner::new(&secret(1), &room())
}

fn link(admin: u8) -> CallLink {
    let rights = AdminRights::Secret(secret(admin));
    CallLink {
        host: "rooms.example".to_owned(),
        is_plain: false,
        root_key: root_key(),
        params: None,
        without_certificates: false,
        admin: rights.link_key(&room()),
    }
}

fn statements() -> RoomStatements {
    RoomStatements::new(room(), signer().public())
}

fn device(number: u8) -> MemberKey {
    DeviceSecret::from_bytes([number; 32]).member_key(&room())
}

fn user(id: &str) -> OpaqueUserId {
    OpaqueUserId::parse(id).unwrap()
}

fn participant(number: u8, id: &str) -> Participant {
    Participant {
        demux: DemuxId::new(u32::from(number) * 16).unwrap(),
        user: Some(user(id)),
        hand_raised_at: None,
        is_lost: false,
        is_admin: false,
        is_co_admin: false,
        is_guest: false,
        media: anteroom_protocol::media::PerSource::default(),
        name: None,
        member: Some(device(number).public().named()),
        stated_key: Some(device(number).public()),
    }
}

fn sign<S: Statement>(statement: &S, key: &StatementKey<'_>) -> SignedStatement<S> {
    SignedStatement::sign(statement, key).unwrap()
}

fn shown(approval: &SignedStatement<Approval>) -> ApprovalStatement {
    ApprovalStatement::new(approval.as_bytes()).unwrap()
}

fn claimed(statement: &AdminStatement) -> Policy {
    let policy = SignedStatement::<Policy>::parse(statement.as_bytes()).unwrap();
    policy.claimed().clone()
}

fn approvals(statements: &RoomStatements, key: &MemberPublicKey, now: Timestamp) -> Vec<u64> {
    let approvals = statements.approvals(key, now);
    approvals
        .map(|approval| approval.claimed().issued.as_secs())
        .collect()
}

#[test]
fn the_highest_policy_is_kept_whatever_the_room_service_shows_then() {
    let (signer, mut kept) = (signer(), statements());
    assert_eq!(kept.restrictions_at(NOW), Restrictions::AdminApproval);
    assert_eq!(
        kept.see_policy(&AdminStatement::default()),
        PolicyComparison::Equal
    );
    let first = signer.policy(ALLOW, None, NOW).unwrap();
    assert_eq!(kept.see_policy(&first), PolicyComparison::Newer);
    assert_eq!(kept.see_policy(&first), PolicyComparison::Equal);
    assert_eq!(kept.restrictions_at(NOW), Restrictions::None);
    let later = NOW.plus(Policy::MAX_VALIDITY);
    assert_eq!(kept.restrictions_at(later), Restrictions::AdminApproval);

    let second = signer.policy(ASK, kept.policy(), NOW).unwrap();
    assert_eq!(kept.see_policy(&second), PolicyComparison::Newer);
    assert_eq!(claimed(&first).counter, NOW.as_secs());
    assert_eq!(claimed(&second).counter, NOW.as_secs() + 1);
    // Withheld, replaced by an older one, by one of another admin, and by noise.
    let others = StatementSigner::new(&secret(2), &room());
    let other_room = StatementSigner::new(&secret(1), &RoomId::from_bytes([7; 32]));
    for (statement, expected) in [
        (AdminStatement::default(), PolicyComparison::Older),
        (first, PolicyComparison::Older),
        (
            others.policy(ALLOW, kept.policy(), NOW).unwrap(),
            PolicyComparison::Invalid,
        ),
        (
            other_room.policy(ALLOW, kept.policy(), NOW).unwrap(),
            PolicyComparison::Invalid,
        ),
        (
            AdminStatement::new(*b"policy").unwrap(),
            PolicyComparison::Invalid,
        ),
    ] {
        assert_eq!(kept.see_policy(&statement), expected);
        assert!(kept.admin_statement() == second);
        assert_eq!(kept.restrictions_at(NOW), Restrictions::AdminApproval);
    }
}

#[test]
fn a_policy_that_lets_everybody_in_is_renewed_and_never_counts_rather_than_a_later_one() {
    let (signer, mut kept) = (signer(), statements());
    kept.see_policy(&signer.policy(ALLOW, None, NOW).unwrap());
    let half = NOW.plus(Policy::MAX_VALIDITY / 2);
    for (now, is_due) in [
        (NOW, false),
        (half, false),
        (half.plus(1), true),
        (NOW.plus(Policy::MAX_VALIDITY - 1), true),
        (NOW.plus(Policy::MAX_VALIDITY), false),
        (NOW.plus(Policy::MAX_VALIDITY + DAY), false),
    ] {
        assert_eq!(kept.is_renewal_due(now), is_due);
        let renewal = signer.renewal(kept.policy().unwrap(), now).unwrap();
        assert_eq!(renewal.is_some(), is_due);
    }
    let old = kept.clone();
    let renewal = |kept: &RoomStatements, now| {
        let renewal = signer.renewal(kept.policy().unwrap(), now);
        renewal.unwrap().unwrap()
    };
    let later = NOW.plus(60 * DAY);
    let renewed = renewal(&kept, later);
    assert_eq!(kept.see_policy(&renewed), PolicyComparison::Newer);
    let policy = claimed(&renewed);
    assert_eq!((policy.counter, policy.since), (NOW.as_secs(), later));
    assert_eq!(policy.until, later.plus(Policy::MAX_VALIDITY));

    // An admin's client that was shown the old policy alone renews it, after another admin has decided.
    let asking = signer.policy(ASK, kept.policy(), later).unwrap();
    kept.see_policy(&asking);
    let fooled = renewal(&old, later.plus(DAY));
    assert_eq!(kept.see_policy(&fooled), PolicyComparison::Older);
    // A policy that asks for approvals asks for them after its end too.
    assert!(!kept.is_renewal_due(later.plus(2 * Policy::MAX_VALIDITY)));
}

#[test]
fn a_policy_keeps_what_the_one_before_said_of_approvals_and_co_admins() {
    let before = Policy {
        room: room(),
        restrictions: Restrictions::AdminApproval,
        counter: 7,
        since: NOW,
        until: NOW.plus(1),
        void_before: Timestamp::from_secs(5),
        void_here: Timestamp::from_secs(3),
        era: Some(ERA),
        co_admins: vec![CoAdmin {
            user: user("0a"),
            member_key: device(1).public(),
        }],
    };
    let key = secret(1).admin_key(&room());
    let signed = sign(&before, &StatementKey::Admin(&key));
    let next = claimed(&signer().policy(ALLOW, Some(&signed), NOW).unwrap());
    assert_eq!(next.counter, NOW.as_secs());
    assert_eq!(next.void_before, before.void_before);
    assert_eq!(next.void_here, before.void_here);
    assert_eq!((next.era, &next.co_admins), (before.era, &before.co_admins));

    let last = Policy {
        counter: u64::MAX,
        ..before
    };
    let last = sign(&last, &StatementKey::Admin(&key));
    assert!(signer().policy(ALLOW, Some(&last), NOW).is_err());
}

#[test]
fn a_decision_of_a_device_that_was_shown_an_old_policy_counts_rather_than_withheld_ones() {
    let (signer, mut members) = (signer(), statements());
    let old = signer.policy(ASK, None, NOW).unwrap();
    members.see_policy(&old);
    let withheld = {
        let mut shown_all = members.clone();
        for minute in 1..=3 {
            let decided = signer.policy(ALLOW, shown_all.policy(), NOW.plus(60 * minute));
            shown_all.see_policy(&decided.unwrap());
        }
        shown_all
    };
    let later = NOW.plus(DAY);
    let decided = signer.policy(ASK, members.policy(), later).unwrap();
    let mut all = withheld;
    assert_eq!(all.see_policy(&decided), PolicyComparison::Newer);
    // A clock that is behind counts on.
    let behind = signer.policy(ALLOW, all.policy(), NOW).unwrap();
    assert_eq!(claimed(&behind).counter, later.as_secs() + 1);
}

#[test]
fn what_two_processes_have_seen_is_kept_together_and_apart_from_other_keys() {
    let (store, signer) = (MemoryStatements::default(), signer());
    let load = |link: &CallLink| RoomStatements::load(link, &store).unwrap();
    let mut one = load(&link(1)).unwrap();
    let mut other = load(&link(1)).unwrap();
    let first = signer.policy(ALLOW, None, NOW).unwrap();
    one.see_policy(&first);
    let second = signer.policy(ASK, one.policy(), NOW).unwrap();
    one.see_policy(&second);
    other.see_policy(&first);
    let bob = signer
        .approval(&participant(2, "0b"), None, &BarredList::default(), NOW)
        .unwrap();
    other.see_approval(&bob, &user("0b"), &device(2).public(), ERA, NOW);
    one.keep(&store);
    other.keep(&store);
    let found = load(&link(1)).unwrap();
    assert!(found.admin_statement() == second);
    let approvals = approvals(&found, &device(2).public(), NOW);
    assert_eq!(approvals, [NOW.as_secs()]);

    // Somebody changes the admin key of a link: that has no effect on what the true one has.
    assert!(load(&link(2)).unwrap().policy().is_none());
    let without = CallLink {
        admin: None,
        ..link(1)
    };
    assert!(load(&without).is_none());
    let no_key = CallLink {
        admin: Some(anteroom_protocol::LinkAdminKey::from_bytes([0xff; 32])),
        ..link(1)
    };
    let refused = RoomStatements::load(&no_key, &store);
    assert!(matches!(refused, Err(Error::LinkAdmin)));
}

#[test]
fn a_damaged_store_is_an_error_and_is_not_written_over() {
    let kept = {
        let mut kept = statements();
        kept.see_policy(&signer().policy(ASK, None, NOW).unwrap());
        kept
    };
    let others = StatementSigner::new(&secret(2), &room());
    let forged = others.policy(ALLOW, None, NOW).unwrap();
    let forged = crate::wire::encode(forged.as_bytes());
    for stored in [
        "{".to_owned(),
        r#"{"policy":"AA==","approvals":[]}"#.to_owned(),
        r#"{"approvals":["AA=="]}"#.to_owned(),
        format!(r#"{{"policy":"{forged}","approvals":[]}}"#),
    ] {
        let store = MemoryStatements::default();
        store.update(&kept.mark(), &mut |_| Ok(stored.clone().into_bytes()));
        let refused = RoomStatements::load(&link(1), &store);
        assert!(matches!(refused, Err(Error::Statements(_))), "{stored}");
        kept.keep(&store);
        let found = store.load(&kept.mark()).unwrap();
        assert_eq!(found.as_deref(), Some(stored.as_bytes()));
    }
    let shown = StatementStoreError::new("it is damaged").to_string();
    assert_eq!(
        shown,
        "the kept statements of rooms cannot be used: it is damaged"
    );
}

fn seat(features: &[&str], policy: &AdminStatement, pending: Vec<Participant>) -> CallEvent {
    CallEvent::Joined(Box::new(SeatInfo {
        demux: DemuxId::new(16).unwrap(),
        era: ERA,
        status: SeatStatus::Active,
        is_admin: true,
        max_devices: 8,
        roster: Roster {
            active: Vec::new(),
            pending_count: pending.len(),
            pending,
        },
        link: state(policy),
        media: None,
        features: features.iter().map(|name| (*name).to_owned()).collect(),
        statement: None,
    }))
}

fn state(policy: &AdminStatement) -> LinkState {
    LinkState {
        approval: ASK,
        name: RoomName::None,
        revoked: false,
        guests: anteroom_protocol::GuestAdmission::Wait,
        expiration: NOW,
        deletion: NOW,
        admin_statement: policy.clone(),
    }
}

#[test]
fn the_events_of_a_call_bring_policies_and_the_own_approval() {
    let signer = signer();
    let own = OwnDevice {
        user: user("0b"),
        member_key: device(2).public(),
    };
    let mut call = CallStatements::new(&link(1), statements(), Some(own), None);
    let first = signer.policy(ALLOW, None, NOW).unwrap();
    assert!(call.observe(&seat(&["statements"], &first, Vec::new()), NOW));
    assert!(!call.observe(&CallEvent::Link(state(&first)), NOW));
    let second = signer.policy(ASK, call.statements().policy(), NOW).unwrap();
    assert!(call.observe(&CallEvent::Link(state(&second)), NOW));
    assert!(!call.observe(&CallEvent::Link(state(&first)), NOW));

    let statement = signer
        .approval(&participant(2, "0b"), None, &BarredList::default(), NOW)
        .ok();
    assert!(statement.is_some());
    let others = signer
        .approval(&participant(3, "0c"), None, &BarredList::default(), NOW)
        .ok();
    for (statement, is_new) in [(None, false), (others, false), (statement, true)] {
        let admitted = CallEvent::Admitted {
            statement: statement.clone(),
        };
        assert_eq!(call.observe(&admitted, NOW), is_new);
        let restored = CallEvent::Restored {
            roster: Roster::default(),
            statement,
        };
        assert!(!call.observe(&restored, NOW), "it is known");
    }
    let kept = approvals(call.statements(), &device(2).public(), NOW);
    assert_eq!(kept, [NOW.as_secs()]);
}

#[test]
fn an_admin_signs_the_approval_of_who_waits_where_the_link_and_the_service_take_it() {
    let [right, other] = [1, 2].map(|number| AdminRights::Secret(secret(number)));
    let passkey = AdminRights::Passkey(secret(1).passkey(&room()));
    let (with, without) = (&["hello", "statements"][..], &["hello"][..]);
    for (rights, features, waiting, is_signed) in [
        (Some(&right), with, 2, true),
        (Some(&right), without, 2, false),
        (Some(&right), with, 3, false),
        (Some(&other), with, 2, false),
        (Some(&passkey), with, 2, false),
        (None, with, 2, false),
    ] {
        let mut call = CallStatements::new(&link(1), statements(), None, rights);
        let bob = participant(2, "0b");
        let policy = AdminStatement::default();
        call.observe(&seat(features, &policy, vec![bob.clone()]), NOW);
        let demux = participant(waiting, "0b").demux;
        assert_eq!(call.approval(demux, NOW).is_some(), is_signed);
        let omission = call.omission(demux, NOW);
        let signs = rights.is_some_and(|rights| rights.link_key(&room()) == link(1).admin);
        assert_eq!(omission.is_some(), signs && !is_signed);
        // One that is in gets an approval too.
        let active = Roster {
            active: vec![bob],
            ..Roster::default()
        };
        call.observe(&CallEvent::Roster(active), NOW);
        assert_eq!(call.approval(demux, NOW).is_some(), is_signed);
        // A device that has left gets no approval.
        call.observe(&CallEvent::Roster(Roster::default()), NOW);
        assert!(call.approval(demux, NOW).is_none());
    }
}

#[test]
fn nothing_is_signed_for_a_number_behind_which_the_room_service_has_put_somebody_else() {
    let rights = AdminRights::Secret(secret(1));
    let bob = participant(2, "0b");
    let mallory = Participant {
        demux: bob.demux,
        ..participant(3, "0c")
    };
    let same_user = Participant {
        user: bob.user.clone(),
        ..mallory.clone()
    };
    let waiting = |device: &Participant| Roster {
        active: Vec::new(),
        pending: vec![device.clone()],
        pending_count: 1,
    };
    let policy = AdminStatement::default();
    let features = &["statements"];
    for other in [mallory, same_user] {
        let mut call = CallStatements::new(&link(1), statements(), None, Some(&rights));
        call.observe(&seat(features, &policy, vec![bob.clone()]), NOW);
        assert!(call.approval(bob.demux, NOW).is_some());
        call.observe(&CallEvent::Roster(waiting(&other)), NOW);
        assert!(call.approval(bob.demux, NOW).is_none());
        // Neither for the first one again, nor after an absence.
        call.observe(&CallEvent::Roster(Roster::default()), NOW);
        call.observe(&CallEvent::Roster(waiting(&bob)), NOW);
        assert!(call.approval(bob.demux, NOW).is_none());
        let omission = call.omission(bob.demux, NOW);
        assert_eq!(omission, Some(StatementOmission::Changed));
        // A new seat in the same era changes nothing; a new era has devices of its own.
        call.observe(&seat(features, &policy, vec![bob.clone()]), NOW);
        assert!(call.approval(bob.demux, NOW).is_none());
        let mut next = seat(features, &policy, vec![other.clone()]);
        if let CallEvent::Joined(seat) = &mut next {
            seat.era = EraId::from_bytes([8; 16]);
        }
        call.observe(&next, NOW);
        assert!(call.approval(other.demux, NOW).is_some());
    }
}

#[test]
fn the_approval_of_a_device_that_ends_with_the_call_is_used_and_not_stored() {
    let signer = signer();
    let statement = signer
        .approval(&participant(2, "0b"), None, &BarredList::default(), NOW)
        .ok();
    for is_passing in [false, true] {
        let store = MemoryStatements::default();
        let own = OwnDevice {
            user: user("0b"),
            member_key: device(2).public(),
        };
        let mut call = CallStatements::new(&link(1), statements(), Some(own), None);
        if is_passing {
            call = call.with_passing_device();
        }
        let policy = signer.policy(ASK, None, NOW).unwrap();
        call.observe(&seat(&["statements"], &policy, Vec::new()), NOW);
        let statement = statement.clone();
        assert!(call.observe(&CallEvent::Admitted { statement }, NOW));
        call.keep(&store);
        let key = device(2).public();
        assert_eq!(approvals(call.statements(), &key, NOW).len(), 1);
        let stored = RoomStatements::load(&link(1), &store).unwrap().unwrap();
        assert!(stored.admin_statement() == policy);
        assert_eq!(approvals(&stored, &key, NOW).is_empty(), is_passing);
    }
}

#[test]
fn of_too_many_approvals_those_go_that_end_first() {
    let mut kept = statements();
    let admin = secret(1).admin_key(&room());
    let mut approve = |number: u8, issued: u64, expires: u64| {
        let approval = Approval {
            room: room(),
            user: user("0b"),
            member_key: device(number).public(),
            issued: NOW.plus(issued),
            expires: NOW.plus(expires),
        };
        let approval = shown(&sign(&approval, &StatementKey::Admin(&admin)));
        let key = device(number).public();
        assert!(kept.see_approval(&approval, &user("0b"), &key, ERA, NOW));
    };
    approve(1, 0, 30 * DAY);
    for number in 2..=20 {
        approve(number, u64::from(number), DAY);
    }
    let is_kept = |number: u8| !approvals(&kept, &device(number).public(), NOW).is_empty();
    assert!(is_kept(1) && is_kept(20));
    assert_eq!((1..=20).filter(|number| is_kept(*number)).count(), 16);
}
