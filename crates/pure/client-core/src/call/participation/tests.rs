//! A device at room services without optional functions, and at ones that lie.

mod admissions;
mod departures;
mod features;
mod limits;
mod media;
mod moderation;
mod renumbered;
mod rosters;
mod unsaid;

use std::time::Duration;

use anteroom_e2ee::Moment;
use anteroom_protocol::{
    Aci, ApprovalStatement, AuthCredentialResponse, CallLink, DAY, GenericSecretParams, Mode,
    OpaqueUserId, ParamsId, Randomness, RootKey, Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::{Value, json};

use super::*;
use crate::{
    AdminSecret, DeviceSecret, IssuedCredential, ListedParams, MemoryPins, ParamsKind, Pass,
    PublishedParams, Trust, Validity,
    call::{
        command::{AdmissionStatement, Command, Recipient},
        group::GroupError,
    },
};

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY);
const TIME: SessionTime = SessionTime {
    now: NOW,
    moment: Moment::new(Duration::from_secs(1)),
};
const ACI: Aci = Aci::from_bytes([1; 16]);

fn pass() -> Pass {
    let randomness = Randomness::from_bytes([1; 32]);
    let secret = GenericSecretParams::generate(Mode::Standard, randomness);
    let params = secret.public_params().clone();
    let id: ParamsId = params.id();
    let response =
        AuthCredentialResponse::issue(&ACI, NOW, &secret, Randomness::from_bytes([2; 32]));
    let issued = IssuedCredential {
        credential: response.unwrap().receive(&ACI, NOW, &params).unwrap(),
        redemption: NOW,
        params: id,
    };
    let mut listing = PublishedParams::default();
    listing.generic.push(ListedParams {
        kind: ParamsKind::Generic,
        params,
        id,
        validity: Validity {
            not_before: Timestamp::from_secs(0),
            not_after: None,
        },
    });
    let trusted = listing.trusted(&MemoryPins::default(), Trust::FirstUse, NOW);
    Pass::new(ACI, &issued, &trusted.unwrap()).unwrap()
}

fn joined(features: &[&str], link: &Value) -> String {
    json!({
        "type": "joined", "demuxId": 16, "eraId": "07".repeat(16), "status": "active",
        "isAdmin": true, "resume": "AA==", "maxDevices": 8,
        "participants": [{"demuxId": 16}, {"demuxId": 32}], "pending": [],
        "pendingCount": 0, "callLinkState": link, "features": features,
    })
    .to_string()
}

fn link(admin_statement: &[u8]) -> Value {
    json!({
        "restrictions": "none", "name": "", "revoked": false, "expiration": 1, "delete_at": 2,
        "epoch": null, "adminStatement": STANDARD.encode(admin_statement),
    })
}

fn room() -> RootKey {
    RootKey::from_bytes(&[0x13; 16]).unwrap()
}

/// Returns a device that is in a call of a room service with these features.
fn inside(features: &[&str]) -> Participation {
    inside_as(None, features)
}

fn inside_as(member: Option<CallMember>, features: &[&str]) -> Participation {
    let mut participation = Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: None,
        name: None,
        member,
    });
    let answer = participation.read_join_answer(&joined(features, &link(b"signed")), true, None);
    let Some(JoinAnswer::Joined(seat)) = answer.unwrap() else {
        panic!("no seat");
    };
    let counters = SenderCounters::default();
    participation.enter(*seat, counters, TIME, &mut rng());
    participation
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([1; 32])
}

/// Returns the next message and the event after it.
fn sent(participation: &mut Participation) -> (Value, Option<CallEvent>) {
    let Some(ParticipationEffect::Send(text)) = participation.poll_effect().unwrap() else {
        panic!("no message");
    };
    let event = match participation.poll_effect().unwrap() {
        Some(ParticipationEffect::Event(event)) => Some(event),
        None => None,
        other => panic!("{other:?}"),
    };
    (serde_json::from_str(&text).unwrap(), event)
}

#[test]
fn a_decision_goes_without_its_statement_where_the_room_service_delivers_none() {
    let device = parse_demux(32).unwrap();
    let approve = |statement| Command::Approve { device, statement };
    let statement = ApprovalStatement::new(*b"Ann").ok();
    for (features, is_delivered) in [(&["hello"][..], false), (&["hello", "statements"], true)] {
        let mut participation = inside(features);
        let with = approve(statement.clone().map(AdmissionStatement::Given));
        participation.perform(with, TIME, &mut rng()).unwrap();
        let (message, event) = sent(&mut participation);
        assert_eq!(message["type"], "approve");
        assert_eq!(message["demuxId"], 32);
        assert_eq!(message.get("statement").is_some(), is_delivered);
        assert_eq!(event.is_none(), is_delivered, "{event:?}");
        let without = approve(None);
        participation.perform(without, TIME, &mut rng()).unwrap();
        assert!(sent(&mut participation).1.is_none());
    }
}

#[test]
fn an_admin_statement_that_no_admin_can_make_is_malformed() {
    let mut participation = inside(&[]);
    for (length, is_read) in [(1_024, true), (1_025, false), (60_000, false)] {
        let link = link(&vec![7; length]);
        let told = json!({"type": "link", "callLinkState": link}).to_string();
        let received = participation.receive(&told, TIME, &mut rng());
        assert_eq!(received.is_ok(), is_read, "{length}");
        let answer = participation.read_join_answer(&joined(&[], &link), true, None);
        assert_eq!(answer.is_ok(), is_read, "{length}");
    }
}

#[test]
fn a_room_service_that_states_no_groups_makes_no_member_talk_under_the_key_of_the_link() {
    let secret = AdminSecret::from_bytes([3; 32]);
    let admin = secret.admin_key(&room().room_id()).public().named();
    for (admin, is_said) in [(Some(admin), false), (None, true)] {
        let link = CallLink {
            host: String::new(),
            is_plain: false,
            root_key: room(),
            params: None,
            without_certificates: false,
            admin,
        };
        let member = CallMember::new(&DeviceSecret::from_bytes([4; 32]), &link).unwrap();
        let mut participation = inside_as(Some(member), &["member"]);
        let told = participation.poll_effect().unwrap();
        let Some(ParticipationEffect::Event(CallEvent::GroupRefused(told))) = told else {
            panic!("{told:?}");
        };
        assert_eq!(told, GroupError::Unsupported);
        let to = Recipient::All;
        let name = "Ann".to_owned();
        let introduction = Command::Introduce { to, name };
        let say = Command::Say("hello".to_owned());
        let message = Zeroizing::new(b"x".to_vec());
        let send = Command::Send { to, message };
        for command in [introduction, say, send] {
            participation.perform(command, TIME, &mut rng()).unwrap();
        }
        let mut messages = 0;
        let mut events = 0;
        while let Some(effect) = participation.poll_effect().unwrap() {
            match effect {
                ParticipationEffect::Send(_) => messages += 1,
                _ => events += 1,
            }
        }
        // One of the events is the state without a group, by which messages are marked as from outside.
        let expected = if is_said { (3, 0) } else { (0, 3) };
        assert_eq!((messages, events), expected);
    }
}
