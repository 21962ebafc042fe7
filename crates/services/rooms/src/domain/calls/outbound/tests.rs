use std::sync::Arc;

use anteroom_call::{
    CommitBody, DenialReason, Moderation, Moment, RelayBody, ResumeSecret, Roster, RosterChanges,
    RosterRevision, WelcomeBody,
};
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, EraId, GuestAdmission, Hello, MemberKey, OpaqueUserId,
    Restrictions, Timestamp,
    media::{Pause, SessionDescription, SlotReport, Wanted},
};
use serde_json::{Value, json};

use super::*;

const LOCKED: Moderation = Moderation {
    is_locked: true,
    asks_approval: true,
};

fn device(id: u32) -> DemuxId {
    DemuxId::new(id).unwrap()
}

fn roster() -> Roster {
    let user = |text| OpaqueUserId::parse(text).ok();
    Roster {
        active: Arc::new(vec![Participant {
            demux_id: device(16),
            opaque_user_id: user("aa"),
            hand_raised_at: Some(Moment::from_millis(1_700_000_000_123)),
            is_lost: false,
            has_guest_account: false,
            is_admin: true,
            is_co_admin: false,
            hello: Hello::new([0xfb, 0xff]).ok(),
            member: Some(MemberKey::from_bytes([0xfb; 32])),
            sends: PerSource {
                camera: true,
                ..PerSource::default()
            },
        }]),
        pending: Arc::new(vec![Participant {
            demux_id: device(32),
            opaque_user_id: None,
            hand_raised_at: None,
            is_lost: true,
            has_guest_account: false,
            is_admin: false,
            is_co_admin: false,
            hello: None,
            member: None,
            sends: PerSource::default(),
        }]),
        pending_count: 1,
    }
}

fn link() -> Arc<LinkState> {
    Arc::new(LinkState {
        restrictions: Restrictions::AdminApproval,
        guests: GuestAdmission::Wait,
        name: Arc::new([1, 2]),
        revoked: false,
        expiration: Timestamp::from_secs(1),
        delete_at: Timestamp::from_secs(2),
        admin_statement: AdminStatement::default(),
    })
}

#[test]
fn every_message_has_the_form_of_the_protocol() {
    let era = EraId::from_bytes([0xab; 16]);
    let era_text = "ab".repeat(16);
    let member = "-_v7".repeat(10) + "-_s";
    let media = json!({"audio": false, "camera": true, "screen": false, "screenAudio": false});
    let active = json!([
        {"demuxId": 16, "opaqueUserId": "aa", "handRaisedAt": 1_700_000_000_123_u64,
         "admin": true, "hello": "-_8", "member": member, "media": media}
    ]);
    let pending = json!([{"demuxId": 32, "lost": true}]);
    let state = json!({
        "restrictions": "adminApproval", "name": "AQI=", "revoked": false,
        "expiration": 1, "delete_at": 2,
    });
    let joined = Message::Joined(Box::new(JoinAnswer {
        demux_id: device(16),
        era_id: era,
        status: Status::Active,
        is_admin: true,
        resume: ResumeSecret::from_bytes([0; 32]),
        max_devices: 8,
        devices_per_user: 5,
        roster: roster(),
        roster_revision: RosterRevision::new(7),
        link: link(),
        present: GroupEpoch::default(),
        missed_commits: 0,
        statement: None,
        moderation: LOCKED,
    }));
    let participants = Message::Participants {
        era_id: era,
        revision: RosterRevision::new(7),
        roster: roster(),
    };
    let entry = |status, list: &[Participant]| RosterEntry {
        status,
        participant: list[0].clone(),
    };
    let changes = Message::Roster {
        era_id: era,
        since: RosterRevision::new(6),
        revision: RosterRevision::new(7),
        changes: Arc::new(RosterChanges {
            joined: vec![entry(Status::Active, &roster().active)],
            changed: vec![entry(Status::Pending, &roster().pending)],
            left: vec![device(48)],
            pending_count: 1,
        }),
    };
    let relay = Message::Relay {
        from: device(16),
        body: RelayBody::new(*b"hi").unwrap(),
    };
    let full = Message::Error(ErrorCode::Full);
    let denied = Message::Denied(DenialReason::Ended);
    for (message, expected) in [
        (
            joined,
            json!({
                "type": "joined", "demuxId": 16, "eraId": era_text, "status": "active",
                "isAdmin": true, "resume": STANDARD.encode([0; 32]), "maxDevices": 8,
                "maxDevicesPerUser": 5, "participants": active, "pending": pending, "pendingCount": 1,
                "rosterRevision": 7, "callLinkState": state, "features": FEATURES, "locked": true,
                "approval": true,
            }),
        ),
        (
            participants,
            json!({
                "type": "participants", "eraId": era_text, "active": active,
                "pending": pending, "pendingCount": 1, "revision": 7,
            }),
        ),
        (
            changes,
            json!({
                "type": "roster", "eraId": era_text,
                "joined": [{
                    "status": "active", "demuxId": 16, "opaqueUserId": "aa",
                    "handRaisedAt": 1_700_000_000_123_u64, "admin": true, "hello": "-_8",
                    "member": member, "media": media,
                }],
                "changed": [{"status": "pending", "demuxId": 32, "lost": true}],
                "left": [48], "pendingCount": 1, "since": 6, "revision": 7,
            }),
        ),
        (
            Message::Admitted {
                present: GroupEpoch::default(),
                statement: None,
            },
            json!({"type": "admitted"}),
        ),
        (
            Message::Admitted {
                present: GroupEpoch::default(),
                statement: ApprovalStatement::new([0xfb, 0xff]).ok(),
            },
            json!({"type": "admitted", "statement": "-_8"}),
        ),
        (
            Message::NewStatement {
                present: GroupEpoch::default(),
                statement: ApprovalStatement::new([0xfb, 0xff]).unwrap(),
            },
            json!({"type": "admitted", "statement": "-_8"}),
        ),
        (denied, json!({"type": "denied", "reason": "ended"})),
        (Message::Removed, json!({"type": "removed"})),
        (Message::Blocked, json!({"type": "blocked"})),
        (
            Message::Link(link()),
            json!({"type": "link", "callLinkState": state}),
        ),
        (
            Message::Moderation {
                moderation: LOCKED,
                is_admin: false,
            },
            json!({"type": "moderation", "locked": true, "approval": true, "isAdmin": false}),
        ),
        (relay, json!({"type": "relay", "from": 16, "body": "aGk="})),
        (
            full,
            json!({"type": "error", "code": "full", "message": "The call is full."}),
        ),
        (
            Message::Pong {
                roster_revision: RosterRevision::new(7),
            },
            json!({"type": "pong", "rosterRevision": 7}),
        ),
    ] {
        let text = OutboundMessage::of_call(&message).text;
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), expected);
    }
    for (order, hold) in [
        (MuteOrder::Mute, None),
        (MuteOrder::Hold, Some(true)),
        (MuteOrder::Release, Some(false)),
    ] {
        let muted = OutboundMessage::of_call(&Message::Muted {
            by: device(16),
            source: Source::ScreenAudio,
            order,
        });
        assert_eq!(muted.kind, QueueKind::Muted(Source::ScreenAudio, order));
        let muted: Value = serde_json::from_slice(&muted.text).unwrap();
        let told = (&muted["type"], &muted["by"], &muted["source"]);
        assert_eq!(told, (&json!("muted"), &json!(16), &json!("screenAudio")));
        assert_eq!(muted.get("hold").and_then(Value::as_bool), hold);
    }
    let redirect = OutboundMessage::redirect("wss://other").text;
    assert_eq!(&redirect[..], br#"{"type":"redirect","url":"wss://other"}"#);
}

#[test]
fn messages_of_the_media_server_have_the_form_of_the_protocol() {
    let report = |pause, height| SlotReport {
        mid: "4".to_owned(),
        device: device(16),
        source: Source::Screen,
        pause,
        height,
    };
    let slot = |more: Value| {
        let mut slot = json!({"mid": "4", "demuxId": 16, "source": "screen"});
        let members = slot.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        slot
    };
    let paused = [
        (Pause::Bandwidth, "bandwidth"),
        (Pause::Muted, "muted"),
        (Pause::Codec, "codec"),
        (Pause::Gone, "gone"),
    ];
    let reports = paused.map(|(pause, _)| report(Some(pause), None));
    let slots = paused.map(|(_, word)| slot(json!({"paused": word})));
    for (message, kind, expected) in [
        (
            OutboundMessage::media_answer(7, SessionDescription::new("v=0".to_owned())),
            QueueKind::Answer,
            json!({"type": "media", "session": 7, "answer": "v=0"}),
        ),
        (
            OutboundMessage::slots(&[report(None, Some(720))]),
            QueueKind::Slots,
            json!({"type": "slots", "slots": [slot(json!({"height": 720}))]}),
        ),
        (
            OutboundMessage::slots(&reports),
            QueueKind::Slots,
            json!({"type": "slots", "slots": slots}),
        ),
        (
            OutboundMessage::wanted(Wanted {
                camera_layers: 2,
                screen: true,
                screen_audio: false,
                audio: true,
            }),
            QueueKind::Wanted,
            json!({
                "type": "send", "camera": {"layers": 2}, "screen": true, "screenAudio": false,
                "audio": true,
            }),
        ),
        (
            OutboundMessage::speakers(&[device(32), device(16)]),
            QueueKind::Speakers,
            json!({"type": "speakers", "speakers": [32, 16]}),
        ),
    ] {
        assert_eq!(message.kind, kind);
        let text: Value = serde_json::from_slice(&message.text).unwrap();
        assert_eq!(text, expected);
    }
}

#[test]
fn messages_of_the_group_name_its_epochs() {
    let at = GroupEpoch { group: 1, epoch: 7 };
    let from = device(16);
    let number = json!({"group": 1, "epoch": 7});
    let joined = JoinAnswer {
        demux_id: from,
        era_id: EraId::from_bytes([0xab; 16]),
        status: Status::Active,
        is_admin: false,
        resume: ResumeSecret::from_bytes([0; 32]),
        max_devices: 8,
        devices_per_user: 5,
        roster: roster(),
        roster_revision: RosterRevision::new(7),
        link: link(),
        present: at,
        missed_commits: 2,
        statement: None,
        moderation: Moderation::default(),
    };
    let config = MediaConfig {
        audio_slots: 4,
        video_slots: 49,
        max_bitrate: 3_000_000,
        codecs: vec!["opus", "VP8"],
    };
    for (config, has_media) in [(None, false), (Some(&config), true)] {
        let joined = OutboundMessage::joined(&joined, config);
        let joined: Value = serde_json::from_slice(&joined.text).unwrap();
        let features = joined["features"].as_array().unwrap();
        assert_eq!(features.contains(&json!("media")), has_media);
        let shown = has_media.then(|| {
            json!({
                "audioSlots": 4, "videoSlots": 49, "maxBitrate": 3_000_000,
                "codecs": ["opus", "VP8"],
            })
        });
        assert_eq!(joined.get("mediaConfig"), shown.as_ref());
    }
    let joined = OutboundMessage::of_call(&Message::Joined(Box::new(joined)));
    let joined: Value = serde_json::from_slice(&joined.text).unwrap();
    assert_eq!(
        (&joined["present"], &joined["missed"]),
        (&number, &json!(2))
    );
    let commit = Message::Commit {
        at,
        from,
        body: CommitBody::new(*b"hi").unwrap(),
    };
    let welcome = Message::Welcome {
        at: at.next(),
        from,
        body: WelcomeBody::new(*b"hi").unwrap(),
    };
    for (message, kind, expected) in [
        (
            commit,
            QueueKind::Group,
            json!({"type": "commit", "group": 1, "epoch": 7, "from": 16, "body": "aGk="}),
        ),
        (
            welcome,
            QueueKind::Group,
            json!({"type": "welcome", "group": 1, "epoch": 8, "from": 16, "body": "aGk="}),
        ),
        (
            Message::Refuse { at, from },
            QueueKind::Group,
            json!({"type": "refuse", "group": 1, "epoch": 7, "from": 16}),
        ),
        (
            Message::Admitted {
                present: at,
                statement: None,
            },
            QueueKind::Answer,
            json!({"type": "admitted", "present": number}),
        ),
        (
            Message::GroupError {
                of: GroupRequest::Commit,
                code: ErrorCode::StaleCommit,
                present: at,
            },
            QueueKind::Answer,
            json!({
                "type": "error", "code": "stale_commit", "of": "commit", "present": number,
                "message": "The commit is not for the present epoch of the group.",
            }),
        ),
        (
            Message::GroupError {
                of: GroupRequest::Commit,
                code: ErrorCode::StaleCommit,
                present: GroupEpoch::default(),
            },
            QueueKind::Answer,
            json!({
                "type": "error", "code": "stale_commit", "of": "commit", "present": {"group": 0, "epoch": 0},
                "message": "The commit is not for the present epoch of the group.",
            }),
        ),
        (
            Message::GroupError {
                of: GroupRequest::Refuse,
                code: ErrorCode::Forbidden,
                present: at,
            },
            QueueKind::Answer,
            json!({
                "type": "error", "code": "forbidden", "of": "refuse", "present": number,
                "message": "Only devices of the group can refuse its commits.",
            }),
        ),
        (
            Message::GroupError {
                of: GroupRequest::Commit,
                code: ErrorCode::Forbidden,
                present: at,
            },
            QueueKind::Answer,
            json!({
                "type": "error", "code": "forbidden", "of": "commit", "present": number,
                "message": "Only devices of the group can commit to it, and only an admin can start the next one now.",
            }),
        ),
        (
            Message::GroupError {
                of: GroupRequest::Refuse,
                code: ErrorCode::RateLimited,
                present: at,
            },
            QueueKind::Answer,
            json!({
                "type": "error", "code": "rate_limited", "of": "refuse", "present": number,
                "message": "Too many messages. Please slow down.",
            }),
        ),
    ] {
        let sent = OutboundMessage::of_call(&message);
        assert_eq!(sent.kind, kind);
        assert_eq!(
            serde_json::from_slice::<Value>(&sent.text).unwrap(),
            expected
        );
    }
}

#[test]
fn a_full_call_and_a_full_lobby_of_the_longest_hellos_wait_in_a_quarter_of_a_mebibyte() {
    let hello = Hello::new([0xfb; Hello::MAX_LENGTH]).ok();
    let list = |first: u32| -> Arc<Vec<Participant>> {
        let participant = |number: u32| Participant {
            demux_id: device((first + number) << 24),
            opaque_user_id: OpaqueUserId::parse(&"ab".repeat(65)).ok(),
            hand_raised_at: Some(Moment::from_millis(1_700_000_000_123)),
            is_lost: true,
            has_guest_account: false,
            is_admin: true,
            is_co_admin: false,
            hello: hello.clone(),
            member: Some(MemberKey::from_bytes([0xfb; 32])),
            sends: PerSource::from_fn(|_| true),
        };
        Arc::new((0..75).map(participant).collect())
    };
    let whole = Message::Participants {
        era_id: EraId::from_bytes([0xab; 16]),
        revision: RosterRevision::new(u64::MAX),
        roster: Roster {
            active: list(1),
            pending: list(101),
            pending_count: 75,
        },
    };
    let text = OutboundMessage::of_call(&whole).text;
    let hellos = str::from_utf8(&text).unwrap().matches("hello").count();
    assert_eq!(hellos, 150);
    assert!(text.len() < 256 * 1024, "{} bytes", text.len());
}
