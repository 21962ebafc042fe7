//! Media at room services that have some, and at others.

use anteroom_protocol::media::{
    MuteOrder, MuteTarget, Pause, PerSource, SessionDescription, SlotWish, Source, Subject,
    ViewRequest,
};

use super::{features::call_link, *};
use crate::{
    DeviceSecret, MediaCommand, MediaNotice,
    call::{media::MediaEffect, member::CallMember},
};

const FEATURES: [&str; 2] = ["hello", "media"];

fn member() -> CallMember {
    CallMember::new(&DeviceSecret::from_bytes([3; 32]), &call_link(false)).unwrap()
}

/// Returns a device in a call, by the answer to its join.
fn inside_of(member: Option<CallMember>, answer: &Value) -> Participation {
    let mut participation = Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: None,
        name: None,
        member,
    });
    enter(&mut participation, answer);
    participation
}

fn enter(participation: &mut Participation, answer: &Value) {
    let answer = participation.read_join_answer(&answer.to_string(), true, None);
    let Some(JoinAnswer::Joined(seat)) = answer.unwrap() else {
        panic!("no seat");
    };
    let counters = SenderCounters::default();
    participation.enter(*seat, counters, TIME, &mut rng());
}

fn answer(number: u32) -> Value {
    let mut answer: Value = serde_json::from_str(&joined(&FEATURES, &link(b""))).unwrap();
    answer["demuxId"] = json!(number);
    answer["mediaConfig"] =
        json!({"audioSlots": 4, "videoSlots": 25, "maxBitrate": 3_000_000, "codecs": ["VP8"]});
    answer
}

/// Returns the messages that go out.
fn messages(participation: &mut Participation) -> Vec<Value> {
    let mut messages = Vec::new();
    while let Some(effect) = participation.poll_effect().unwrap() {
        if let ParticipationEffect::Send(text) = effect {
            messages.push(serde_json::from_str(&text).unwrap());
        }
    }
    messages
}

fn perform(participation: &mut Participation, command: MediaCommand) {
    let command = Command::Media(command);
    participation.perform(command, TIME, &mut rng()).unwrap();
}

const CAMERA: PerSource<bool> = PerSource {
    audio: false,
    camera: true,
    screen: false,
    screen_audio: false,
};

#[test]
fn commands_about_media_have_their_messages() {
    let mut device = inside_of(Some(member()), &answer(16));
    messages(&mut device);
    let other = parse_demux(32).unwrap();
    let wish = |subject| SlotWish {
        mid: "v".to_owned(),
        subject,
        source: Source::Camera,
        height: 180,
    };
    let view = ViewRequest {
        slots: vec![wish(Subject::Device(other)), wish(Subject::Speaker(1))],
        audio_without: vec![other],
    };
    let mute = |target, order| MediaCommand::Mute {
        target,
        source: Source::Screen,
        order,
    };
    for (command, expected) in [
        (
            MediaCommand::Offer {
                session: 2,
                offer: SessionDescription::new("v=0".to_owned()),
                slots: Vec::new(),
            },
            json!({"type": "media", "session": 2, "offer": "v=0"}),
        ),
        (
            MediaCommand::Publish(CAMERA),
            json!({"type": "publish", "audio": false, "camera": true, "screen": false, "screenAudio": false}),
        ),
        (
            MediaCommand::View(view),
            json!({"type": "view", "slots": [
                {"mid": "v", "demuxId": 32, "source": "camera", "height": 180},
                {"mid": "v", "speaker": 1, "source": "camera", "height": 180},
            ], "audioWithout": [32]}),
        ),
        (
            mute(MuteTarget::One(other), MuteOrder::Mute),
            json!({"type": "mute", "demuxId": 32, "source": "screen"}),
        ),
        (
            mute(MuteTarget::AllBut(vec![other]), MuteOrder::Hold),
            json!({"type": "mute", "demuxId": "all", "but": [32], "source": "screen", "hold": true}),
        ),
        (
            mute(MuteTarget::One(other), MuteOrder::Release),
            json!({"type": "mute", "demuxId": 32, "source": "screen", "hold": false}),
        ),
    ] {
        perform(&mut device, command);
        assert_eq!(messages(&mut device), [expected]);
    }
}

#[test]
fn a_call_without_media_for_the_device_is_sent_nothing_about_them() {
    let without: Value = serde_json::from_str(&joined(&["hello"], &link(b""))).unwrap();
    for mut device in [
        inside_of(Some(member()), &without),
        // There are no media without the end-to-end encryption.
        inside_of(None, &answer(16)),
    ] {
        while device.poll_effect().unwrap().is_some() {}
        perform(&mut device, MediaCommand::Publish(CAMERA));
        let told = device.poll_effect().unwrap();
        let expected = ParticipationEffect::Event(CallEvent::Media(MediaNotice::Unsupported));
        assert_eq!(format!("{told:?}"), format!("{:?}", Some(expected)));
        assert!(device.poll_effect().unwrap().is_none());
    }
}

#[test]
fn what_a_device_sends_is_said_again_at_a_new_seat_alone() {
    let mut device = inside_of(Some(member()), &answer(16));
    perform(&mut device, MediaCommand::Publish(CAMERA));
    messages(&mut device);
    for (number, expected) in [(16, 0), (48, 1)] {
        device.disconnect(TIME, &mut rng());
        device.continues_era(EraId::from_bytes([7; 16]));
        enter(&mut device, &answer(number));
        let sent = messages(&mut device);
        let published = sent.iter().filter(|message| message["type"] == "publish");
        assert_eq!(published.count(), expected, "{number}");
    }
}

#[test]
fn what_a_device_wants_to_see_is_said_again_for_the_slots_of_another_connection() {
    let mut device = inside_of(Some(member()), &answer(16));
    messages(&mut device);
    let view = |mids: [&str; 2]| {
        let wish = |mid: &str| SlotWish {
            mid: mid.to_owned(),
            subject: Subject::Speaker(0),
            source: Source::Camera,
            height: 180,
        };
        MediaCommand::View(ViewRequest {
            slots: mids.map(wish).to_vec(),
            audio_without: Vec::new(),
        })
    };
    let offer = |session, slots: [&str; 2]| MediaCommand::Offer {
        session,
        offer: SessionDescription::new("v=0".to_owned()),
        slots: slots.map(str::to_owned).to_vec(),
    };
    let viewed = |device: &mut Participation| -> Vec<String> {
        let sent = messages(device);
        let mut views = sent.iter().filter(|message| message["type"] == "view");
        let slots = views.next().map(|view| view["slots"].as_array().unwrap());
        assert!(views.next().is_none());
        let slots = slots.into_iter().flatten();
        let mids = slots.map(|wish| wish["mid"].as_str().unwrap().to_owned());
        mids.collect()
    };
    for (command, expected) in [
        (offer(1, ["a", "b"]), &[][..]),
        (view(["b", "a"]), &["b", "a"]),
        // A restart of ICE.
        (offer(1, ["a", "b"]), &[]),
        (offer(2, ["c", "d"]), &["d", "c"]),
        // The application knows the former connection alone.
        (view(["a", "b"]), &["c", "d"]),
        (view(["c", "d"]), &["c", "d"]),
        (offer(3, ["e", "f"]), &["e", "f"]),
        // Offers that lead to nothing, before and behind a view with the names of a connection that worked.
        (offer(4, ["g", "h"]), &["g", "h"]),
        (offer(5, ["i", "j"]), &["i", "j"]),
        (view(["d", "c"]), &["j", "i"]),
        (offer(6, ["k", "l"]), &["l", "k"]),
        (offer(7, ["m", "n"]), &["n", "m"]),
    ] {
        perform(&mut device, command);
        assert_eq!(viewed(&mut device), expected);
    }
    // Numbers of devices are others at another seat.
    device.disconnect(TIME, &mut rng());
    device.continues_era(EraId::from_bytes([7; 16]));
    enter(&mut device, &answer(48));
    messages(&mut device);
    perform(&mut device, offer(8, ["o", "p"]));
    assert_eq!(viewed(&mut device), [""; 0]);
}

#[test]
fn what_a_device_in_the_lobby_sends_is_said_once_it_is_let_in() {
    let mut waiting = answer(16);
    waiting["status"] = json!("pending");
    let mut device = inside_of(Some(member()), &waiting);
    perform(&mut device, MediaCommand::Publish(CAMERA));
    let published = |device: &mut Participation| {
        let sent = messages(device);
        let published = sent.iter().filter(|message| message["type"] == "publish");
        published.count()
    };
    assert_eq!(published(&mut device), 0);
    // The second one brings a newer statement.
    for expected in [1, 0] {
        let admitted = json!({"type": "admitted"}).to_string();
        device.receive(&admitted, TIME, &mut rng()).unwrap();
        assert_eq!(published(&mut device), expected);
    }
}

#[test]
fn messages_about_media_are_told() {
    let mut device = inside_of(Some(member()), &answer(16));
    let mut receive = |message: Value| {
        device
            .receive(&message.to_string(), TIME, &mut rng())
            .unwrap()
    };
    let sent = receive(json!({"type": "media", "session": 2, "answer": "v=0"}));
    let MessageEffect::Media(MediaEffect::Answer { session, answer }) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!((session, answer.as_str()), (2, "v=0"));
    let sent = receive(
        json!({"type": "send", "camera": {"layers": 2}, "screen": false, "screenAudio": false, "audio": true}),
    );
    let MessageEffect::Media(MediaEffect::Wanted(wanted)) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!((wanted.camera_layers, wanted.audio), (2, true));
    let slots = json!({"type": "slots", "slots": [
        {"mid": "a", "demuxId": 32, "source": "screenAudio"},
        {"mid": "b", "demuxId": 48, "source": "camera", "paused": "muted", "height": 180},
        {"mid": "c", "demuxId": 48, "source": "camera", "paused": "asleep"},
    ]});
    let MessageEffect::Event(CallEvent::Media(MediaNotice::Slots(slots))) = receive(slots) else {
        panic!("no slots");
    };
    let pauses: Vec<Option<Pause>> = slots.iter().map(|slot| slot.pause).collect();
    assert_eq!(pauses, [None, Some(Pause::Muted), Some(Pause::Gone)]);
    let notice = |effect| match effect {
        MessageEffect::Event(CallEvent::Media(notice)) => notice,
        effect => panic!("{effect:?}"),
    };
    let speakers = receive(json!({"type": "speakers", "speakers": [48, 32]}));
    let expected = [48, 32].map(|number| parse_demux(number).unwrap());
    assert_eq!(notice(speakers), MediaNotice::Speakers(expected.to_vec()));
    for (hold, order) in [
        (json!(null), MuteOrder::Mute),
        (json!(true), MuteOrder::Hold),
        (json!(false), MuteOrder::Release),
    ] {
        let muted = receive(json!({"type": "muted", "by": 32, "source": "audio", "hold": hold}));
        let (by, source) = (parse_demux(32).unwrap(), Source::Audio);
        assert_eq!(notice(muted), MediaNotice::Muted { by, source, order });
    }
}

#[test]
fn a_roster_says_what_a_device_sends() {
    let mut body = answer(16);
    body["participants"][1]["media"] =
        json!({"audio": true, "camera": false, "screen": false, "screenAudio": false});
    let mut device = inside_of(Some(member()), &body);
    let sends = |device: &mut Participation| {
        let state = device.resume_state.as_ref().unwrap();
        let active = state.roster.active.iter();
        active.map(|one| one.media.audio).collect::<Vec<bool>>()
    };
    assert_eq!(sends(&mut device), [false, true]);
}
