//! A room service that has groups at first, and says then that it has none.

use super::*;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{CallEvent, Chat, CommandError, GroupState};

const GROUPS: [&str; 3] = ["member", "group", "statements"];

pub(super) fn admin_secret() -> AdminSecret {
    AdminSecret::from_bytes([3; 32])
}

pub(super) fn call_link(has_admin: bool) -> CallLink {
    let admin = admin_secret().admin_key(&room().room_id()).public().named();
    CallLink {
        host: String::new(),
        is_plain: false,
        root_key: room(),
        params: None,
        without_certificates: false,
        admin: has_admin.then_some(admin),
    }
}

pub(super) fn call_member(has_admin: bool) -> CallMember {
    CallMember::new(&DeviceSecret::from_bytes([4; 32]), &call_link(has_admin)).unwrap()
}

/// Returns the events so far.
pub(super) fn events(participation: &mut Participation) -> Vec<CallEvent> {
    let mut events = Vec::new();
    while let Some(effect) = participation.poll_effect().unwrap() {
        if let ParticipationEffect::Event(event) = effect {
            events.push(event);
        }
    }
    events
}

/// Returns a time. The group takes the lifetimes of key packages by the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "openmls compares lifetimes of key packages with the system's clock"
)]
pub(super) fn at(seconds: u64) -> SessionTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    SessionTime {
        now: Timestamp::from_secs(since.unwrap().as_secs()),
        moment: Moment::new(Duration::from_secs(seconds)),
    }
}

/// Takes the answer to a join.
pub(super) fn enter(participation: &mut Participation, answer: &Value, time: SessionTime) {
    enter_with(participation, answer, time, &mut rng());
}

fn enter_with(
    participation: &mut Participation,
    answer: &Value,
    time: SessionTime,
    rng: &mut ChaCha20Rng,
) {
    let read = participation.read_join_answer(&answer.to_string(), true, None);
    let Some(JoinAnswer::Joined(seat)) = read.unwrap() else {
        panic!("no seat");
    };
    participation.continues_era(seat.era());
    participation.enter(*seat, SenderCounters::default(), time, rng);
}

/// Returns the answer to a join, with these devices in the call.
pub(super) fn answer(features: &[&str], devices: &[Value]) -> Value {
    let mut answer: Value = serde_json::from_str(&joined(features, &link(b"signed"))).unwrap();
    answer["participants"] = json!(devices);
    answer
}

/// Returns the entry of a device, which can be in a group if it has a key.
pub(super) fn entry(number: u32, is_connected: bool, has_key: bool) -> Value {
    let user = room().secret_params().encrypt(&ACI.into()).to_bytes();
    let mut entry =
        json!({"demuxId": number, "opaqueUserId": hex::encode(user), "lost": !is_connected});
    if has_key {
        let key = device_secret(number).member_key(&room().room_id()).public();
        let hello = HelloCodec::new(&room(), ACI).seal(Some("Bob"), Some(key), &mut rng());
        entry["hello"] = json!(URL_SAFE_NO_PAD.encode(hello.unwrap().unwrap().as_bytes()));
        entry["member"] = json!(URL_SAFE_NO_PAD.encode(key.as_bytes()));
    }
    entry
}

pub(super) fn device_secret(number: u32) -> DeviceSecret {
    DeviceSecret::from_bytes([u8::try_from(number).unwrap(); 32])
}

/// Returns a device that takes part in the encryption.
pub(super) fn device(number: u32, has_admin: bool) -> Participation {
    let member = CallMember::new(&device_secret(number), &call_link(has_admin));
    Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: None,
        name: None,
        member: Some(member.unwrap()),
    })
}

/// Returns the messages so far.
fn messages(participation: &mut Participation) -> Vec<Value> {
    let mut messages = Vec::new();
    while let Some(effect) = participation.poll_effect().unwrap() {
        if let ParticipationEffect::Send(text) = effect {
            messages.push(serde_json::from_str(&text).unwrap());
        }
    }
    messages
}

/// Returns a device that a policy of the admins lets in without an approval.
fn open_device(number: u32, is_admin: bool) -> Participation {
    let rights = crate::AdminRights::Secret(admin_secret());
    let signer = rights.signer(&room().room_id()).unwrap();
    let now = at(1).now;
    let policy = signer.policy(crate::Approval::Off, None, now).unwrap();
    let store = crate::MemoryStatements::default();
    let known = crate::RoomStatements::load(&call_link(true), &store);
    let mut known = known.unwrap().unwrap();
    known.see_policy(&policy);
    let member = CallMember::new(&device_secret(number), &call_link(true)).unwrap();
    let member = match is_admin {
        true => member.with_rights(&rights),
        false => member,
    };
    Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: None,
        name: None,
        member: Some(member.with_statements(&known, now)),
    })
}

/// Returns a device whose commit is under way, and the commit.
fn committer(has_admin: bool) -> (Participation, Value) {
    let device = |number| match has_admin {
        true => open_device(number, false),
        false => device(number, false),
    };
    let (ann, _, commit) = committer_beside(device);
    (ann, commit)
}

/// Returns a device whose commit is under way, the device that the commit adds, and the commit.
fn committer_beside(
    device: impl Fn(u32) -> Participation,
) -> (Participation, Participation, Value) {
    let both = [entry(16, true, true), entry(32, true, true)];
    let mut ann = device(16);
    enter(&mut ann, &answer(&GROUPS, &both), at(1));
    let mut bob = device(32);
    let mut seat = answer(&GROUPS, &both);
    seat["demuxId"] = json!(32);
    // Two members of a group have keys of their own.
    let mut rng_of_bob = ChaCha20Rng::from_seed([2; 32]);
    enter_with(&mut bob, &seat, at(1), &mut rng_of_bob);
    for message in messages(&mut bob) {
        if message["type"] == "relay" {
            let relay = json!({"type": "relay", "from": 32, "body": message["body"]});
            ann.receive(&relay.to_string(), at(1), &mut rng()).unwrap();
        }
    }
    ann.tick(at(3), &mut rng());
    let (mut sent, mut told) = (Vec::new(), Vec::new());
    while let Some(effect) = ann.poll_effect().unwrap() {
        match effect {
            ParticipationEffect::Send(text) => {
                sent.push(serde_json::from_str::<Value>(&text).unwrap());
            }
            other => told.push(format!("{other:?}")),
        }
    }
    let commit = sent.iter().find(|message| message["type"] == "commit");
    let commit = commit
        .unwrap_or_else(|| panic!("no commit: {told:?}"))
        .clone();
    (ann, bob, commit)
}

/// Returns a device in a group of two that has heard the other one, in the first epoch of the first group.
pub(super) fn member_beside_another() -> Participation {
    let (mut ann, mut bob, commit) = committer_beside(|number| device(number, false));
    let back = json!({
        "type": "commit", "group": commit["group"], "epoch": commit["epoch"], "from": 16,
        "body": commit["body"],
    });
    ann.receive(&back.to_string(), at(3), &mut rng()).unwrap();
    let welcome = json!({
        "type": "welcome", "group": 1, "epoch": 1, "from": 16,
        "body": commit["welcome"]["body"],
    });
    let mut rng_of_bob = ChaCha20Rng::from_seed([2; 32]);
    bob.receive(&welcome.to_string(), at(3), &mut rng_of_bob)
        .unwrap();
    bob.tick(at(4), &mut rng_of_bob);
    for message in messages(&mut bob) {
        if message["type"] == "relay" {
            let relay = json!({"type": "relay", "from": 32, "body": message["body"]});
            ann.receive(&relay.to_string(), at(4), &mut rng()).unwrap();
        }
    }
    events(&mut ann);
    ann
}

/// Returns a device in a group of two, whose state it has not told yet.
pub(super) fn member_of_two(has_admin: bool) -> Participation {
    let (ann, commit) = committer(has_admin);
    with_own_commit(ann, &commit)
}

/// Returns an admin's device in a group of two.
pub(super) fn admin_of_two() -> Participation {
    let (ann, _, commit) = committer_beside(|number| open_device(number, number == 16));
    let mut ann = with_own_commit(ann, &commit);
    events(&mut ann);
    ann
}

/// Returns an admin's device in a group of three.
pub(super) fn admin_of_three() -> Participation {
    let all = [16, 32, 48].map(|number| entry(number, true, true));
    let mut ann = open_device(16, true);
    enter(&mut ann, &answer(&GROUPS, &all), at(1));
    for number in [32_u8, 48] {
        let mut other = open_device(number.into(), false);
        let mut seat = answer(&GROUPS, &all);
        seat["demuxId"] = json!(number);
        let mut rng_of_other = ChaCha20Rng::from_seed([number; 32]);
        enter_with(&mut other, &seat, at(1), &mut rng_of_other);
        for message in messages(&mut other) {
            if message["type"] == "relay" {
                let relay = json!({"type": "relay", "from": number, "body": message["body"]});
                ann.receive(&relay.to_string(), at(1), &mut rng()).unwrap();
            }
        }
    }
    ann.tick(at(3), &mut rng());
    let sent = messages(&mut ann);
    let commit = sent.iter().find(|message| message["type"] == "commit");
    let mut ann = with_own_commit(ann, commit.unwrap());
    let told = events(&mut ann);
    let is_whole = |event: &CallEvent| matches!(event, CallEvent::GroupChanged(state) if state.members.len() == 3);
    assert!(told.iter().any(is_whole), "{told:?}");
    ann
}

/// Returns a device whose commit has come back to it.
pub(super) fn with_own_commit(mut ann: Participation, commit: &Value) -> Participation {
    let back = json!({
        "type": "commit", "group": commit["group"], "epoch": commit["epoch"], "from": 16,
        "body": commit["body"],
    });
    ann.receive(&back.to_string(), at(3), &mut rng()).unwrap();
    ann
}

#[test]
fn an_admin_without_the_secret_is_told_that_the_group_keeps_who_was_sent_away() {
    for (has_admin, expected) in [
        (true, Some(GroupError::Command(CommandError::NotAdmin))),
        // The room service decides who is in.
        (false, None),
    ] {
        let mut ann = member_of_two(has_admin);
        events(&mut ann);
        let device = parse_demux(32).unwrap();
        let remove = Command::Remove(device);
        ann.perform(remove, at(3), &mut rng()).unwrap();
        let (mut refused, mut is_sent) = (None, false);
        while let Some(effect) = ann.poll_effect().unwrap() {
            match effect {
                ParticipationEffect::Event(CallEvent::GroupRefused(error)) => refused = Some(error),
                ParticipationEffect::Send(text) => is_sent |= text.contains("\"remove\""),
                _ => {}
            }
        }
        assert_eq!((refused, is_sent), (expected, true));
    }
}

#[test]
fn a_room_service_that_drops_its_groups_at_a_reconnection_leaves_no_text_waiting() {
    let mut participation = device(16, true);
    let both = [entry(16, true, true), entry(32, true, true)];
    enter(&mut participation, &answer(&GROUPS, &both), at(1));
    let say = Command::Say("hello".to_owned());
    participation.perform(say, at(1), &mut rng()).unwrap();
    assert!(participation.has_texts());
    participation.disconnect(at(2), &mut rng());
    events(&mut participation);
    let without = answer(&["statements"], &both);
    enter(&mut participation, &without, at(3));
    let told = events(&mut participation);
    let mut unsaid = told.iter().filter_map(|event| match event {
        CallEvent::NotSaid { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(unsaid.next(), Some(GroupError::Unsupported), "{told:?}");
    assert!(!participation.has_texts());
    assert_eq!(participation.next_tick(), None);
    // The same once more tells nothing.
    participation.tick(at(60), &mut rng());
    enter(&mut participation, &without, at(61));
    assert!(events(&mut participation).is_empty());
}

#[test]
fn a_room_service_that_drops_its_groups_at_a_reconnection_leaves_no_group_shown() {
    let mut ann = member_of_two(false);
    let last_state = |ann: &mut Participation| {
        let told = events(ann).into_iter();
        let mut states = told.filter_map(|event| match event {
            CallEvent::GroupChanged(state) => Some(*state),
            _ => None,
        });
        states.next_back()
    };
    assert_eq!(last_state(&mut ann).unwrap().members.len(), 2);
    ann.disconnect(at(4), &mut rng());
    let both = [entry(16, true, true), entry(32, true, true)];
    enter(&mut ann, &answer(&["member"], &both), at(5));
    assert_eq!(last_state(&mut ann), Some(GroupState::default()));
    assert_eq!(ann.next_tick(), None);
}

#[test]
fn each_call_is_told_that_the_link_names_an_admin_key_also_from_outside_of_the_group() {
    let mut ann = device(16, true);
    let both = [entry(16, true, true), entry(32, true, true)];
    let answer = answer(&GROUPS, &both);
    for era in ["07", "08", "09"] {
        let mut answer = answer.clone();
        answer["eraId"] = json!(era.repeat(16));
        enter(&mut ann, &answer, at(1));
        let told = events(&mut ann);
        let is_state =
            |event: &CallEvent| matches!(event, CallEvent::GroupChanged(state) if state.has_admin);
        assert!(told.iter().any(is_state), "{era}: {told:?}");
        ann.disconnect(at(2), &mut rng());
        events(&mut ann);
    }
}

#[test]
fn a_text_under_the_key_of_the_link_is_not_taken_for_a_members_where_the_service_states_no_groups()
{
    for has_admin in [true, false] {
        let mut participation = inside_as(Some(call_member(has_admin)), &["member"]);
        let devices = [
            entry(16, true, true),
            entry(32, true, true),
            entry(48, true, false),
        ];
        let roster = json!({
            "type": "participants", "eraId": "07".repeat(16), "active": devices, "pending": [],
            "pendingCount": 0,
        });
        let mut receive = |message: &Value| {
            let message = message.to_string();
            participation.receive(&message, TIME, &mut rng()).unwrap()
        };
        receive(&roster);
        for (from, is_member) in [(32, true), (48, false)] {
            let demux = parse_demux(from).unwrap();
            let era = parse_era(&"07".repeat(16)).unwrap();
            let mut sealer = MessageSealer::new(EraKey::derive(&room(), era), demux);
            let text = Chat::Text {
                text: "I am Bob".to_owned(),
            };
            let body = sealer.seal(&text.to_bytes().unwrap(), &mut rng()).unwrap();
            let relay = json!({"type": "relay", "from": from, "body": STANDARD.encode(body)});
            let MessageEffect::Event(event) = receive(&relay) else {
                panic!("no event");
            };
            let is_shown = matches!(event, CallEvent::Message { .. });
            assert_eq!(is_shown, !(has_admin && is_member), "{event:?}");
        }
        // The view marks what comes from outside of the group.
        let told = events(&mut participation);
        let is_state =
            |event: &CallEvent| matches!(event, CallEvent::GroupChanged(state) if state.has_admin);
        assert_eq!(told.iter().any(is_state), has_admin, "{told:?}");
    }
}

#[test]
fn errors_about_other_messages_are_no_answers_to_a_commit() {
    let present = json!({"group": 0, "epoch": 0});
    let error = |code: &str, of: Option<&str>, has_present: bool| {
        let mut error = json!({"type": "error", "code": code, "message": "no"});
        if let Some(of) = of {
            error["of"] = json!(of);
        }
        if has_present {
            error["present"] = present.clone();
        }
        error.to_string()
    };
    for (message, is_about_the_commit) in [
        (error("rate_limited", None, false), false),
        (error("forbidden", None, false), false),
        (error("not_active", None, false), false),
        (error("unknown_device", None, false), false),
        (error("target_is_admin", None, false), false),
        (error("rate_limited", None, true), true),
        (error("forbidden", Some("commit"), true), true),
        (error("not_active", Some("commit"), true), true),
        (error("unknown_device", Some("commit"), true), true),
        (error("too_large", None, false), true),
    ] {
        let (mut ann, _) = committer(false);
        let mut is_taken = |message: &str| {
            let effect = ann.receive(message, at(3), &mut rng()).unwrap();
            matches!(effect, MessageEffect::Nothing)
        };
        assert_eq!(is_taken(&message), is_about_the_commit, "{message}");
        // The commit is still awaited if that was not the answer to it.
        let answer = error("too_large", None, false);
        assert_eq!(is_taken(&answer), !is_about_the_commit, "{message}");
    }
}

fn published(participation: &mut Participation) -> Vec<anteroom_protocol::AdminStatement> {
    let mut published = Vec::new();
    while let Some(effect) = participation.poll_effect().unwrap() {
        if let ParticipationEffect::Publish(change) = effect {
            published.extend(change.admin_statement);
        }
    }
    published
}

#[test]
fn an_admin_whose_policy_the_room_service_lacks_publishes_it_again_at_every_seat_and_when_told() {
    let rights = crate::AdminRights::Secret(admin_secret());
    let signer = rights.signer(&room().room_id()).unwrap();
    let first = signer.policy(crate::Approval::Off, None, NOW).unwrap();
    let mut known =
        crate::RoomStatements::load(&call_link(true), &crate::MemoryStatements::default())
            .unwrap()
            .unwrap();
    known.see_policy(&first);
    let second = signer
        .policy(crate::Approval::Required, known.policy(), NOW)
        .unwrap();
    known.see_policy(&second);
    for (has_rights, features, shown, is_published) in [
        (true, &GROUPS[..], first.as_bytes(), true),
        (true, &GROUPS[..], &b""[..], true),
        (true, &GROUPS[2..], first.as_bytes(), true),
        (true, &GROUPS[..], second.as_bytes(), false),
        (true, &GROUPS[..2], first.as_bytes(), false),
        (false, &GROUPS[..], first.as_bytes(), false),
    ] {
        let mut member = call_member(true).with_statements(&known, NOW);
        if has_rights {
            member = member.with_rights(&rights);
        }
        let mut participation = Participation::new(JoinOptions {
            room: room(),
            pass: pass(),
            passkey: has_rights.then(|| rights.passkey(&room().room_id())),
            name: None,
            member: Some(member),
        });
        let mut answer: Value = serde_json::from_str(&joined(features, &link(shown))).unwrap();
        answer["participants"] = json!([entry(16, true, true)]);
        let expected = |is_published| match is_published {
            true => std::slice::from_ref(&second),
            false => &[],
        };
        for is_first_seat in [true, false] {
            enter(&mut participation, &answer, TIME);
            assert_eq!(published(&mut participation), expected(is_published));
            // It comes last during the call too: once for each counter.
            let told = json!({"type": "link", "callLinkState": link(shown)}).to_string();
            for is_first in [true, false] {
                participation.receive(&told, TIME, &mut rng()).unwrap();
                let is_published = is_published && is_first_seat && is_first;
                assert_eq!(published(&mut participation), expected(is_published));
            }
        }
    }
}

#[test]
fn what_was_sealed_for_one_seat_is_not_relayed_at_another() {
    let mut participation = inside(&[]);
    let say = || Command::Say("hello".to_owned());
    for (number, era, is_kept) in [(16, "07", true), (32, "07", false), (32, "08", false)] {
        participation.perform(say(), TIME, &mut rng()).unwrap();
        participation.disconnect(TIME, &mut rng());
        let mut next: Value = serde_json::from_str(&joined(&[], &link(b"signed"))).unwrap();
        next["demuxId"] = json!(number);
        next["eraId"] = json!(era.repeat(16));
        enter(&mut participation, &next, TIME);
        let effect = participation.poll_effect().unwrap();
        let is_relay = matches!(effect, Some(ParticipationEffect::Send(_)));
        assert_eq!(is_relay, is_kept, "{number} {era}");
    }
}
