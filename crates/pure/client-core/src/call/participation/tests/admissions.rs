//! The statements of an admin about those whom it admits.

use anteroom_e2ee::{Approval, Policy, SignedStatement, StatementKey};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{
    features::{admin_secret, answer, at, call_member, device_secret, enter, entry},
    *,
};
use crate::{AdminRights, StatementOmission, call::event::CallEvent};

const GROUPS: [&str; 3] = ["member", "group", "statements"];

/// Returns the device of an admin in a call in which a device waits.
fn admin_beside_waiting(features: &[&str]) -> Participation {
    let rights = AdminRights::Secret(admin_secret());
    let mut participation = Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: Some(rights.passkey(&room().room_id())),
        name: None,
        member: Some(call_member(true).with_rights(&rights)),
    });
    let mut seat = answer(features, &[entry(16, true, true)]);
    seat["pending"] = json!([entry(32, true, true)]);
    seat["pendingCount"] = json!(1);
    enter(&mut participation, &seat, at(1));
    while participation.poll_effect().unwrap().is_some() {}
    participation
}

/// Returns a policy that makes all approvals void that were issued before a moment.
fn policy(void_before: Timestamp) -> Vec<u8> {
    let now = at(1).now;
    let policy = Policy {
        room: room().room_id(),
        restrictions: anteroom_protocol::Restrictions::AdminApproval,
        counter: now.as_secs(),
        since: now,
        until: now.plus(Policy::MAX_VALIDITY),
        void_before,
        void_here: Timestamp::from_secs(0),
        era: None,
        co_admins: Vec::new(),
    };
    let key = admin_secret().admin_key(&room().room_id());
    let signed = SignedStatement::sign(&policy, &StatementKey::Admin(&key)).unwrap();
    signed.as_bytes().to_vec()
}

/// Returns an approval that was signed when the command was given.
fn former(now: Timestamp) -> ApprovalStatement {
    let approval = Approval {
        room: room().room_id(),
        user: OpaqueUserId::of_ciphertext(&room().secret_params().encrypt(&ACI.into())),
        member_key: device_secret(32).member_key(&room().room_id()).public(),
        issued: now,
        expires: now.plus(Approval::DEFAULT_VALIDITY),
    };
    let key = admin_secret().admin_key(&room().room_id());
    let signed = SignedStatement::sign(&approval, &StatementKey::Admin(&key)).unwrap();
    ApprovalStatement::new(signed.as_bytes()).unwrap()
}

/// Admits a device, and returns the time of the statement in the message, and the reason for none that was told.
fn admit(
    participation: &mut Participation,
    number: u32,
    signed: Result<ApprovalStatement, StatementOmission>,
) -> (Option<Timestamp>, Option<StatementOmission>) {
    let command = Command::Approve {
        device: parse_demux(number).unwrap(),
        statement: Some(AdmissionStatement::Signed(signed)),
    };
    participation.perform(command, at(4), &mut rng()).unwrap();
    let (mut issued, mut omission, mut messages) = (None, None, 0);
    while let Some(effect) = participation.poll_effect().unwrap() {
        match effect {
            ParticipationEffect::Send(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] == "approve" {
                    messages += 1;
                    issued = message["statement"].as_str().map(|statement| {
                        let bytes = URL_SAFE_NO_PAD.decode(statement).unwrap();
                        let signed = SignedStatement::<Approval>::parse(&bytes).unwrap();
                        signed.claimed().issued
                    });
                }
            }
            ParticipationEffect::Event(CallEvent::StatementLeftOut { reason, .. }) => {
                omission = Some(reason);
            }
            _ => {}
        }
    }
    assert_eq!(messages, 1);
    (issued, omission)
}

/// The command waits behind texts, and a removal overtakes it.
#[test]
fn an_approval_is_signed_when_it_is_given_to_the_room_service_and_not_before() {
    let now = at(1).now;
    let void_before = now.plus(60);
    for (features, expected) in [(&GROUPS[..], void_before), (&GROUPS[2..], now)] {
        let mut participation = admin_beside_waiting(features);
        let link = link(&policy(void_before));
        let told = json!({"type": "link", "callLinkState": link}).to_string();
        participation.receive(&told, at(2), &mut rng()).unwrap();
        // Without a group there is no removal that could overtake it.
        let admitted = admit(&mut participation, 32, Ok(former(now)));
        assert_eq!(admitted, (Some(expected), None), "{features:?}");
    }
}

#[test]
fn the_reason_why_no_approval_is_signed_is_that_of_the_moment_of_the_admission() {
    let now = at(1).now;
    let mut participation = admin_beside_waiting(&GROUPS);
    let late = Err(StatementOmission::Early);
    let (issued, omission) = admit(&mut participation, 32, late.clone());
    assert!(issued.is_some_and(|issued| now <= issued));
    assert_eq!(omission, None);
    let gone = admit(&mut participation, 48, Ok(former(now)));
    assert_eq!(gone, (None, Some(StatementOmission::NoDevice)));
    let mut participation = admin_beside_waiting(&GROUPS[2..]);
    let told = admit(&mut participation, 32, late);
    assert_eq!(told, (None, Some(StatementOmission::Early)));
}
