//! The decisions of co-admins, and the lobby that they are told.

mod former_co_admins;
mod users_of_admins;
mod words_of_others;

use std::time::Duration;

use anteroom_e2ee::{
    AdminSecret, Admission, DeviceSecret, MemberPublicKey, Moment, Policy, SignedStatement,
    StatementKey,
};
use anteroom_e2ee_session::{BarScope, CertificateStatus, MemberStatus, Session, SessionOptions};
use anteroom_protocol::{
    Aci, AdminStatement, CallLink, DAY, EraId, GroupEpoch, OpaqueUserId, Restrictions, RootKey,
    Timestamp,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::{
    super::{STATEMENTS, SessionEvent},
    *,
};
use crate::{
    AdminRights, LinkState, RoomName,
    call::{
        encryption::shared_lobby::{SharedLobby, ToldLobby},
        event::{SeatInfo, SeatStatus},
        group::GroupState,
        member::CallMember,
    },
};

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY);
const ERA: EraId = EraId::from_bytes([7; 16]);
/// The device of this person.
const OWN: u8 = 1;
/// The number of a device that waits.
const CARL: u8 = 3;

fn at(seconds: u64) -> SessionTime {
    SessionTime {
        now: NOW,
        moment: Moment::new(Duration::from_secs(seconds)),
    }
}

fn room() -> RootKey {
    RootKey::from_bytes(&[0x13; 16]).unwrap()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([1; 32])
}

fn demux(number: u8) -> DemuxId {
    DemuxId::new(16 * u32::from(number)).unwrap()
}

fn key(number: u8) -> MemberPublicKey {
    let secret = DeviceSecret::from_bytes([number; 32]);
    secret.member_key(&room().room_id()).public()
}

fn user(number: u8) -> OpaqueUserId {
    let params = room().secret_params();
    OpaqueUserId::of_ciphertext(&params.encrypt(&Aci::from_bytes([number; 16]).into()))
}

/// Returns the device of a person, with the number of one.
fn listed(number: u8, person: u8) -> Participant {
    Participant {
        demux: demux(number),
        user: Some(user(person)),
        hand_raised_at: None,
        is_lost: false,
        is_admin: false,
        is_co_admin: false,
        is_guest: false,
        media: anteroom_protocol::media::PerSource::default(),
        name: None,
        member: Some(key(person).named()),
        stated_key: Some(key(person)),
    }
}

fn lobby_of(pending: Vec<Participant>) -> Roster {
    Roster {
        active: vec![listed(OWN, OWN)],
        pending_count: pending.len(),
        pending,
    }
}

fn policy() -> AdminStatement {
    let secret = AdminSecret::from_bytes([9; 32]);
    let admin_key = secret.admin_key(&room().room_id());
    let policy = Policy {
        room: room().room_id(),
        restrictions: Restrictions::AdminApproval,
        counter: 1,
        since: NOW,
        until: NOW.plus(Policy::MAX_VALIDITY),
        void_before: Timestamp::from_secs(0),
        void_here: Timestamp::from_secs(0),
        era: Some(ERA),
        co_admins: vec![CoAdmin {
            user: user(OWN),
            member_key: key(OWN),
        }],
    };
    let signed = SignedStatement::sign(&policy, &StatementKey::Admin(&admin_key));
    AdminStatement::new(signed.unwrap().as_bytes()).unwrap()
}

/// Returns the part of a co-admin's device, which sees this roster.
fn co_admin(has_passkey: bool, roster: Roster) -> Encryption {
    let encryption = part(has_passkey, roster, |_| {});
    assert!(encryption.session.is_co_admin());
    encryption
}

/// Returns the part of a device with these options, which sees this roster.
fn part(has_passkey: bool, roster: Roster, change: impl FnOnce(&mut SessionOptions)) -> Encryption {
    let rights = AdminRights::Secret(AdminSecret::from_bytes([9; 32]));
    let link = CallLink {
        host: String::new(),
        is_plain: false,
        root_key: room(),
        params: None,
        without_certificates: false,
        admin: rights.link_key(&room().room_id()),
    };
    let member = CallMember::new(&DeviceSecret::from_bytes([OWN; 32]), &link).unwrap();
    let mut options = member.session_options(&room(), Aci::from_bytes([OWN; 16]), None);
    change(&mut options);
    let mut encryption = Encryption {
        session: Session::new(options),
        has_admin: true,
        is_on: false,
        told_unsupported: false,
        tells_rosters: false,
        has_other_admin_key: false,
        is_active: false,
        name: None,
        awaits_commit: false,
        texts: [].into(),
        returned_at: None,
        effects: [].into(),
        told: None,
        published_again: None,
        lobby: SharedLobby {
            has_passkey,
            ..SharedLobby::default()
        },
    };
    let seat = seat(has_passkey, roster);
    let (time, rng) = (at(1), &mut rng());
    encryption.enter(&seat, (None, 0), Surroundings { time, rng });
    encryption
}

fn seat(is_admin: bool, roster: Roster) -> SeatInfo {
    let features = ["member", "group", STATEMENTS];
    SeatInfo {
        demux: demux(OWN),
        era: ERA,
        status: SeatStatus::Active,
        is_admin,
        max_devices: 8,
        roster,
        link: LinkState {
            approval: crate::Approval::Required,
            name: RoomName::None,
            revoked: false,
            guests: anteroom_protocol::GuestAdmission::Wait,
            expiration: NOW,
            deletion: NOW,
            admin_statement: policy(),
        },
        media: None,
        features: features.map(ToOwned::to_owned).to_vec(),
        statement: None,
    }
}

fn see(encryption: &mut Encryption, roster: &Roster) {
    let (time, rng) = (at(2), &mut rng());
    encryption.take_roster(roster, Surroundings { time, rng });
}

fn refusals(encryption: &mut Encryption) -> Vec<GroupError> {
    let effects = std::iter::from_fn(|| encryption.poll_effect());
    effects
        .filter_map(|effect| match effect {
            Effect::Event(CallEvent::GroupRefused(error)) => Some(error),
            _ => None,
        })
        .collect()
}

#[test]
fn a_co_admin_with_the_passkey_signs_for_the_device_alone_that_was_shown_first() {
    let carl = lobby_of(vec![listed(CARL, CARL)]);
    let shown = |encryption: &mut Encryption| encryption.approval(demux(CARL), at(3));
    let mut encryption = co_admin(true, carl.clone());
    assert!(shown(&mut encryption).unwrap().is_some());
    see(&mut encryption, &lobby_of(vec![listed(CARL, 4)]));
    assert_eq!(shown(&mut encryption), Err(StatementOmission::Changed));
    // It does not help that the first one is back.
    see(&mut encryption, &carl);
    assert_eq!(shown(&mut encryption), Err(StatementOmission::Changed));
}

#[test]
fn nothing_is_signed_for_whoever_waits_with_the_number_of_a_device_in_the_call() {
    let mut roster = lobby_of(Vec::new());
    roster.active.push(listed(CARL, CARL));
    let mut encryption = co_admin(true, roster);
    see(&mut encryption, &lobby_of(vec![listed(CARL, 4)]));
    let signed = encryption.approval(demux(CARL), at(3));
    assert_eq!(signed, Err(StatementOmission::Changed));
}

#[test]
fn a_co_admin_without_the_passkey_signs_for_the_device_alone_that_was_told_first() {
    let mut encryption = co_admin(false, lobby_of(Vec::new()));
    let told = |person| vec![waiting(&listed(CARL, person)).unwrap()];
    let admit = |encryption: &mut Encryption| {
        let (time, rng) = (at(3), &mut rng());
        let surroundings = Surroundings { time, rng };
        encryption.decide(demux(CARL), CoAdminVerdict::Admit, surroundings);
        refusals(encryption)
    };
    encryption.take_lobby(told(CARL));
    // Nothing speaks against it but that no admin is there.
    assert_eq!(admit(&mut encryption), [GroupError::NoAdminDevice]);
    encryption.take_lobby(told(4));
    assert_eq!(admit(&mut encryption), [GroupError::Changed]);
}

fn member_of(number: u8, person: u8, reason: AdmissionReason) -> MemberStatus {
    MemberStatus {
        leaf: u32::from(number),
        claims: MemberLeaf {
            user: user(person),
            demux_id: demux(number),
            member_key: key(person),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        },
        name: None,
        reason,
        is_own: number == OWN,
        is_confirmed: true,
        is_compared: false,
        certificate: CertificateStatus::Missing,
        listing: Listing::Listed,
    }
}

fn admins(number: u8, person: u8) -> Participant {
    Participant {
        is_admin: true,
        ..listed(number, person)
    }
}

/// Returns the part of an admin's device, beside the co-admin with number 2; Carl waits, and 5 is in the call.
fn admin() -> Encryption {
    let mut encryption = co_admin(true, Roster::default());
    encryption.lobby.roster = Roster {
        active: vec![admins(OWN, OWN), listed(2, 2), listed(5, 5)],
        pending: vec![listed(CARL, CARL)],
        pending_count: 1,
    };
    encryption.told = Some(GroupState {
        members: vec![
            member_of(OWN, OWN, AdmissionReason::Admin),
            member_of(2, 2, AdmissionReason::Open),
            member_of(5, 5, AdmissionReason::Open),
        ],
        may_send: true,
        has_admin: true,
        has_admin_device: true,
        ..GroupState::default()
    });
    encryption
}

#[test]
fn a_co_admin_signs_and_asks_nothing_about_an_admin() {
    for (number, scope, verdict) in [
        (6, BarScope::Device, CoAdminVerdict::Remove),
        (6, BarScope::User, CoAdminVerdict::Block),
        // Another device of the admin's account.
        (5, BarScope::Device, CoAdminVerdict::Remove),
    ] {
        let mut encryption = co_admin(false, Roster::default());
        encryption.lobby.roster.active = vec![admins(6, 6), listed(OWN, OWN), listed(5, 6)];
        encryption.told = Some(GroupState {
            members: vec![
                member_of(6, 6, AdmissionReason::Admin),
                member_of(OWN, OWN, AdmissionReason::Open),
                member_of(5, 6, AdmissionReason::Open),
            ],
            may_send: true,
            has_admin: true,
            is_co_admin: true,
            has_admin_device: true,
            ..GroupState::default()
        });
        while encryption.poll_effect().is_some() {}
        let (time, rng) = (at(3), &mut rng());
        let _ = encryption.bar(demux(number), scope, Surroundings { time, rng });
        encryption.decide(demux(number), verdict, Surroundings { time, rng });
        assert_eq!(refusals(&mut encryption), [GroupError::OfAdmin], "{number}");
    }
}

#[test]
fn a_co_admin_signs_about_a_member_whom_the_room_service_alone_calls_an_admin() {
    type Lie = fn(&mut Participant);
    let cases: [(&str, Lie, GroupError); 3] = [
        (
            "the mark of an admin",
            |one| one.is_admin = true,
            GroupError::ListedAsAdmin,
        ),
        (
            "the user of an admin",
            |one| one.user = Some(user(6)),
            GroupError::ListedAsAdmin,
        ),
        (
            "no key",
            |one| (one.member, one.stated_key) = (None, None),
            GroupError::NotWaiting,
        ),
    ];
    for (name, lie, expected) in cases {
        for (scope, verdict) in [
            (BarScope::Device, CoAdminVerdict::Remove),
            (BarScope::User, CoAdminVerdict::Block),
        ] {
            let mut encryption = co_admin(false, Roster::default());
            encryption.lobby.roster.active = vec![admins(6, 6), listed(OWN, OWN), listed(5, 5)];
            lie(&mut encryption.lobby.roster.active[2]);
            encryption.told = Some(GroupState {
                members: vec![
                    member_of(6, 6, AdmissionReason::Admin),
                    member_of(OWN, OWN, AdmissionReason::Open),
                    member_of(5, 5, AdmissionReason::Open),
                ],
                may_send: true,
                has_admin: true,
                is_co_admin: true,
                has_admin_device: true,
                ..GroupState::default()
            });
            let told = encryption.told.clone();
            while encryption.poll_effect().is_some() {}
            let (time, rng) = (at(3), &mut rng());
            let _ = encryption.bar(demux(5), scope, Surroundings { time, rng });
            // The session was asked to sign, which has no group here.
            let asked = refusals(&mut encryption);
            assert!(matches!(asked[..], [GroupError::Command(_)]), "{name}");
            encryption.told = told;
            encryption.decide(demux(5), verdict, Surroundings { time, rng });
            assert_eq!(refusals(&mut encryption), [expected], "{name}");
        }
    }
}

fn admission(person: u8) -> Verdict {
    let approval = anteroom_e2ee::Approval {
        room: room().room_id(),
        user: user(person),
        member_key: key(CARL),
        issued: NOW,
        expires: NOW.plus(DAY),
    };
    let member_key = DeviceSecret::from_bytes([2; 32]).member_key(&room().room_id());
    let signer = StatementKey::CoAdmin(&member_key);
    Verdict::Admit(Box::new(SignedStatement::sign(&approval, &signer).unwrap()))
}

/// Returns the message that goes to the room service for a decision, and what is told of it.
fn handled(encryption: &mut Encryption, decision: CoAdminDecision) -> (bool, DecisionHandling) {
    while encryption.poll_effect().is_some() {}
    let claims = member_of(2, 2, AdmissionReason::Open).claims;
    encryption.take_decision(claims, decision, at(3).moment);
    let mut is_sent = false;
    while let Some(effect) = encryption.poll_effect() {
        match effect {
            Effect::Send(_) => is_sent = true,
            Effect::Event(CallEvent::Decision { handling, .. }) => return (is_sent, handling),
            _ => {}
        }
    }
    panic!("nothing is told");
}

#[test]
fn an_admins_device_passes_on_what_is_about_the_device_that_is_meant_and_about_no_admin() {
    use DecisionHandling::{Dropped, OfOther, PassedOn};
    type Change = fn(&mut Encryption);
    let about = |number, person, verdict| CoAdminDecision {
        device: demux(number),
        member_key: key(person),
        verdict,
    };
    let same: Change = |_| {};
    let waits_as_admin: Change = |one| one.lobby.roster.pending[0].user = Some(user(OWN));
    let cases: [(&str, CoAdminDecision, Change, DecisionHandling); 19] = [
        ("admit", about(CARL, CARL, admission(CARL)), same, PassedOn),
        ("deny", about(CARL, CARL, Verdict::Deny), same, PassedOn),
        ("remove", about(5, 5, Verdict::Remove), same, PassedOn),
        ("block", about(5, 5, Verdict::Block), same, PassedOn),
        ("other key", about(CARL, 4, Verdict::Deny), same, Dropped),
        (
            "other key in the call",
            about(5, 4, Verdict::Remove),
            same,
            Dropped,
        ),
        ("other user", about(CARL, CARL, admission(4)), same, Dropped),
        ("admit who is in", about(5, 5, admission(5)), same, PassedOn),
        (
            "admit another one who is in",
            about(5, 4, admission(5)),
            same,
            Dropped,
        ),
        (
            "remove who waits",
            about(CARL, CARL, Verdict::Remove),
            same,
            Dropped,
        ),
        ("an admin", about(OWN, OWN, Verdict::Remove), same, Dropped),
        (
            "no longer pending",
            about(CARL, CARL, admission(CARL)),
            |one| one.lobby.roster.pending.clear(),
            Dropped,
        ),
        (
            "an admin by the group alone",
            about(5, 5, Verdict::Block),
            |one| {
                let told = one.told.as_mut().unwrap();
                told.members[2].reason = AdmissionReason::Admin;
            },
            Dropped,
        ),
        (
            "another device of an admin in the call",
            about(5, 5, Verdict::Block),
            |one| one.lobby.roster.active[2].user = Some(user(OWN)),
            Dropped,
        ),
        (
            "another device of an admin in the lobby",
            about(CARL, CARL, Verdict::Deny),
            waits_as_admin,
            Dropped,
        ),
        (
            "another device of an admin comes in",
            about(CARL, CARL, admission(OWN)),
            waits_as_admin,
            PassedOn,
        ),
        (
            "another admin is longer in the call",
            about(CARL, CARL, Verdict::Deny),
            |one| {
                one.lobby.roster.active.insert(0, admins(6, 6));
                let told = one.told.as_mut().unwrap();
                told.members.push(member_of(6, 6, AdmissionReason::Admin));
            },
            OfOther,
        ),
        (
            "an admin by the room service's word is longer in the call",
            about(CARL, CARL, Verdict::Deny),
            |one| {
                one.lobby.roster.active.insert(0, admins(6, 6));
                let told = one.told.as_mut().unwrap();
                told.members.push(member_of(6, 6, AdmissionReason::Open));
            },
            PassedOn,
        ),
        (
            "this device is no admin's",
            about(CARL, CARL, Verdict::Deny),
            |one| one.lobby.has_passkey = false,
            OfOther,
        ),
    ];
    for (name, decision, change, expected) in cases {
        let mut encryption = admin();
        change(&mut encryption);
        let is_sent = expected == PassedOn;
        let handled = handled(&mut encryption, decision);
        assert_eq!(handled, (is_sent, expected), "{name}");
    }
}

#[test]
fn a_lobby_is_told_at_once_then_seldom_and_again_while_somebody_waits() {
    let mut lobby = SharedLobby::default();
    let lobby_of = |numbers: &[u8]| {
        let devices = numbers.iter().map(|one| waiting(&listed(*one, *one)));
        ToldLobby {
            devices: devices.map(Option::unwrap).collect(),
            co_admins: vec![(1, 1)],
        }
    };
    for (second, numbers, is_told, due) in [
        (1, &[][..], false, None),
        (2, &[3], true, Some(12)),
        (3, &[3, 4], false, Some(4)),
        (4, &[3, 4], true, Some(14)),
        (5, &[3, 4], false, Some(14)),
        (14, &[3, 4], true, Some(24)),
        (15, &[], false, Some(16)),
        (16, &[], true, None),
        (40, &[], false, None),
    ] {
        lobby.due = None;
        let told = lobby.due_lobby(lobby_of(numbers), at(second).moment);
        assert_eq!(told.is_some(), is_told, "{second}");
        assert_eq!(lobby.due, due.map(|due| at(due).moment), "{second}");
    }
}

#[test]
fn the_lobby_that_a_co_admin_was_told_outlives_a_lost_connection_and_no_seat() {
    let rosters = |encryption: &mut Encryption| {
        let effects = std::iter::from_fn(|| encryption.poll_effect());
        effects
            .filter_map(|effect| match effect {
                Effect::Event(CallEvent::Roster(roster)) => Some(roster.pending.len()),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    // It is forgotten then, since no admin is in the group here.
    for (same_seat, expected) in [(true, &[1, 0][..]), (false, &[])] {
        let mut encryption = co_admin(false, lobby_of(Vec::new()));
        let told = vec![waiting(&listed(CARL, CARL)).unwrap()];
        encryption.take_lobby(told.clone());
        // One that is told again changes nothing.
        encryption.take_lobby(told);
        assert_eq!(rosters(&mut encryption), [1]);
        let mut seat = seat(false, lobby_of(Vec::new()));
        if !same_seat {
            seat.demux = demux(8);
        }
        let (time, rng) = (at(3), &mut rng());
        encryption.enter(&seat, (None, 0), Surroundings { time, rng });
        assert_eq!(rosters(&mut encryption), expected, "{same_seat}");
    }
}
