//! A device beyond the limits of the room service, and of the texts that wait.

use super::{
    features::{answer, at, device, enter, entry, events, member_beside_another},
    *,
};
use crate::{
    CallEvent,
    call::{
        command::{CommandOrigin, DeviceKey},
        group::GroupCommand,
    },
};
use anteroom_protocol::GroupEpoch;

const GROUPS: [&str; 2] = ["member", "group"];

fn say(participation: &mut Participation, text: &str, time: SessionTime) {
    let say = Command::Say(text.to_owned());
    participation.perform(say, time, &mut rng()).unwrap();
}

/// Returns the texts that were not said, or perhaps not.
fn unsaid(participation: &mut Participation) -> Vec<(String, GroupError)> {
    let told = events(participation).into_iter();
    let texts = told.filter_map(|event| match event {
        CallEvent::NotSaid { text, error } => Some((text, error)),
        _ => None,
    });
    texts.collect()
}

fn receive(participation: &mut Participation, message: &Value, time: SessionTime) {
    participation
        .receive(&message.to_string(), time, &mut rng())
        .unwrap();
}

fn limited() -> Value {
    json!({"type": "error", "code": "rate_limited", "message": "Too many messages."})
}

fn pong() -> Value {
    json!({"type": "pong"})
}

fn ping(participation: &mut Participation) {
    participation
        .perform(Command::Ping, TIME, &mut rng())
        .unwrap();
    events(participation);
}

fn perhaps(text: &str) -> (String, GroupError) {
    (text.to_owned(), GroupError::Limited)
}

#[test]
fn a_text_that_the_room_service_may_have_dropped_and_nobody_asks_for_is_told() {
    for code in ["rate_limited", "too_large"] {
        let mut participation = inside(&[]);
        say(&mut participation, "one", TIME);
        assert!(unsaid(&mut participation).is_empty());
        let refused = json!({"type": "error", "code": code, "message": ""});
        receive(&mut participation, &refused, TIME);
        assert_eq!(unsaid(&mut participation), [perhaps("one")]);
        receive(&mut participation, &pong(), TIME);
        participation.give_up_texts();
        assert!(unsaid(&mut participation).is_empty());
    }
}

#[test]
fn members_ask_for_a_text_that_the_room_service_has_dropped_unless_its_author_leaves() {
    let dropped = || {
        let mut ann = member_beside_another();
        say(&mut ann, "one", at(5));
        assert!(unsaid(&mut ann).is_empty());
        receive(&mut ann, &limited(), at(5));
        receive(&mut ann, &pong(), at(5));
        assert!(unsaid(&mut ann).is_empty());
        ann
    };
    // The answers to pings show nothing of it.
    let mut ann = dropped();
    ann.give_up_texts();
    assert_eq!(unsaid(&mut ann), [perhaps("one")]);
    // The other one has had the time to ask.
    let mut ann = dropped();
    assert!(ann.next_tick().is_some_and(|tick| tick <= at(20).moment));
    ann.tick(at(20), &mut rng());
    ann.give_up_texts();
    assert!(unsaid(&mut ann).is_empty());
    // The other one is not there any more.
    let mut ann = dropped();
    ann.disconnect(at(6), &mut rng());
    let alone = [entry(16, true, true), entry(32, false, true)];
    enter(&mut ann, &answer(&GROUPS, &alone), at(8));
    ann.tick(at(22), &mut rng());
    assert!(unsaid(&mut ann).is_empty());
    ann.tick(at(23), &mut rng());
    assert_eq!(unsaid(&mut ann), [perhaps("one")]);
}

#[test]
fn relays_wait_while_the_room_service_takes_no_more() {
    let mut participation = inside(&[]);
    let mut count = 0;
    while participation.takes_relays() {
        say(&mut participation, "one", TIME);
        unsaid(&mut participation);
        ping(&mut participation);
        receive(&mut participation, &pong(), TIME);
        count += 1;
    }
    assert!((100..=128).contains(&count), "{count}");
    let next = participation.next_tick().unwrap();
    let time = SessionTime {
        moment: next,
        ..TIME
    };
    participation.tick(time, &mut rng());
    assert!(participation.takes_relays());
    receive(&mut participation, &limited(), time);
    assert!(!participation.takes_relays());
    let later = SessionTime {
        moment: next.plus(Duration::from_millis(2_100)),
        ..TIME
    };
    participation.tick(later, &mut rng());
    assert!(participation.takes_relays());
}

#[test]
fn relays_wait_while_many_texts_wait_for_a_listener() {
    let mut participation = device(16, true);
    let both = [entry(16, true, true), entry(32, true, true)];
    enter(&mut participation, &answer(&GROUPS, &both), at(1));
    for number in 0..64 {
        assert!(participation.takes_relays(), "{number}");
        say(&mut participation, &number.to_string(), at(1));
    }
    assert!(!participation.takes_relays());
    assert!(unsaid(&mut participation).is_empty());
    participation.tick(at(16), &mut rng());
    assert_eq!(unsaid(&mut participation).len(), 64);
    assert!(participation.takes_relays());
}

#[test]
fn relays_wait_while_it_is_unknown_of_many_texts_whether_the_room_service_has_them() {
    let mut participation = inside(&[]);
    let mut count = 0;
    let mut pings = 0;
    while participation.takes_relays() {
        say(&mut participation, "text", TIME);
        events(&mut participation);
        count += 1;
        if participation.wants_ping() {
            ping(&mut participation);
            pings += 1;
        }
    }
    // One ping at a time: the room service may answer two at once.
    assert_eq!((count, pings), (32, 1));
    ping(&mut participation);
    assert_eq!(participation.progress(), 0);
    receive(&mut participation, &pong(), TIME);
    assert_eq!(participation.progress(), 1);
    assert!(participation.takes_relays() && participation.wants_ping());
    ping(&mut participation);
    receive(&mut participation, &pong(), TIME);
    assert!(participation.is_settled() && !participation.awaits_pong());
}

#[test]
fn an_answer_to_a_ping_that_is_missing_for_long_is_a_lost_connection() {
    let mut participation = inside(&[]);
    let perform = |participation: &mut Participation, time| {
        participation
            .perform(Command::Ping, time, &mut rng())
            .unwrap();
        events(participation);
    };
    perform(&mut participation, at(1));
    // Nothing else counts, and another ping neither, which is not written.
    let roster = json!({
        "type": "participants", "eraId": "07".repeat(16), "active": [], "pending": [],
    });
    receive(&mut participation, &roster, at(20));
    perform(&mut participation, at(21));
    assert!(!participation.lacks_pong(at(26).moment));
    assert!(participation.lacks_pong(at(27).moment));
    let tick = participation.next_tick().unwrap();
    assert!(tick < at(27).moment && participation.lacks_pong(tick));
    receive(&mut participation, &pong(), at(27));
    assert!(!participation.lacks_pong(at(90).moment));
    perform(&mut participation, at(90));
    participation.disconnect(at(91), &mut rng());
    assert!(!participation.lacks_pong(at(190).moment));
}

/// The room service tells once that it drops something, until something passes or a ping is answered.
#[test]
fn a_ping_follows_each_word_of_the_room_service_that_it_has_dropped_something() {
    let mut participation = inside(&[]);
    say(&mut participation, "one", TIME);
    events(&mut participation);
    assert!(participation.wants_ping());
    ping(&mut participation);
    for text in ["two", "three"] {
        say(&mut participation, text, TIME);
    }
    assert!(unsaid(&mut participation).is_empty());
    receive(&mut participation, &limited(), TIME);
    assert_eq!(
        unsaid(&mut participation),
        ["one", "two", "three"].map(perhaps)
    );
    assert!(!participation.wants_ping());
    receive(&mut participation, &pong(), TIME);
    assert!(participation.wants_ping());
    ping(&mut participation);
    assert!(!participation.wants_ping());
    // The second text is refused too, and the third one without a word.
    receive(&mut participation, &limited(), TIME);
    for is_last in [false, true] {
        receive(&mut participation, &pong(), TIME);
        // The room service takes nothing.
        assert_eq!(participation.progress(), 0);
        assert_eq!(participation.wants_ping(), !is_last);
        ping(&mut participation);
    }
}

/// Returns the number of messages for one device that go out now, and the texts that were not said.
fn sent_and_unsaid(participation: &mut Participation) -> (usize, Vec<(String, GroupError)>) {
    let (mut count, mut unsaid) = (0, Vec::new());
    while let Some(effect) = participation.poll_effect().unwrap() {
        match effect {
            ParticipationEffect::Send(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                count += usize::from(message["to"].is_number());
            }
            ParticipationEffect::Event(CallEvent::NotSaid { text, error }) => {
                unsaid.push((text, error));
            }
            _ => {}
        }
    }
    (count, unsaid)
}

fn sent_now(participation: &mut Participation) -> usize {
    let (count, unsaid) = sent_and_unsaid(participation);
    assert!(unsaid.is_empty());
    count
}

/// An event in the midst of the copies of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Disturbance {
    Nothing,
    Limit,
    /// The connection is lost and comes back, at the same seat or at another one.
    Loss {
        same_seat: bool,
    },
    Departure,
}

#[test]
fn the_copies_of_a_text_for_devices_without_the_encryption_go_out_at_the_pace_of_the_room_service()
{
    const OUTSIDERS: usize = 40;
    const LENGTH: usize = 8 * 1024;
    let not_connected = GroupError::Command(crate::CommandError::NotConnected);
    for (disturbance, expected, is_whole) in [
        (Disturbance::Nothing, None, true),
        (Disturbance::Limit, Some(GroupError::Limited), true),
        (
            Disturbance::Loss { same_seat: true },
            Some(GroupError::Unconfirmed),
            true,
        ),
        (
            Disturbance::Loss { same_seat: false },
            Some(GroupError::Unconfirmed),
            false,
        ),
        (Disturbance::Departure, Some(not_connected), false),
    ] {
        let mut ann = device(16, false);
        let outsiders = (2..)
            .take(OUTSIDERS)
            .map(|one| entry(16 * one, true, false));
        let all: Vec<Value> = [entry(16, true, true)]
            .into_iter()
            .chain(outsiders)
            .collect();
        enter(&mut ann, &answer(&GROUPS, &all), at(1));
        events(&mut ann);
        say(&mut ann, &"a".repeat(LENGTH), at(1));
        let mut count = sent_now(&mut ann);
        assert!((1..20).contains(&count), "{count}");
        assert!(ann.has_copies() && !ann.takes_relays() && !ann.is_settled());
        let mut told = Vec::new();
        let mut ticks = 0;
        while ann.has_copies() {
            let progress = ann.progress();
            assert!(!ann.wants_ping() || ticks > 0);
            let moment = ann.next_tick().unwrap();
            let time = SessionTime { moment, ..at(1) };
            ann.tick(time, &mut rng());
            ticks += 1;
            if ticks == 1 {
                match disturbance {
                    Disturbance::Nothing => {}
                    Disturbance::Limit => receive(&mut ann, &limited(), time),
                    Disturbance::Loss { same_seat } => {
                        ann.disconnect(time, &mut rng());
                        let mut seat = answer(&GROUPS, &all);
                        if !same_seat {
                            seat["demuxId"] = json!(1600);
                        }
                        enter(&mut ann, &seat, time);
                    }
                    Disturbance::Departure => ann.give_up_texts(),
                }
            }
            let (sent, unsaid) = sent_and_unsaid(&mut ann);
            assert_eq!(ann.progress() > progress, sent > 0, "{disturbance:?}");
            count += sent;
            told.extend(unsaid.into_iter().map(|(_, error)| error));
        }
        assert_eq!(count == OUTSIDERS, is_whole, "{disturbance:?}: {count}");
        if disturbance == Disturbance::Nothing {
            assert!(ann.wants_ping());
            ping(&mut ann);
            receive(&mut ann, &pong(), at(90));
        }
        // It is told once.
        ann.give_up_texts();
        let (_, unsaid) = sent_and_unsaid(&mut ann);
        told.extend(unsaid.into_iter().map(|(_, error)| error));
        assert_eq!(told, Vec::from_iter(expected), "{disturbance:?}");
    }
}

/// Members ask for a text that was dropped, and devices without the encryption do not.
#[test]
fn a_text_that_was_said_outside_too_is_told_once_the_room_service_drops_something() {
    for has_outsider in [false, true] {
        let mut ann = member_beside_another();
        let mut all = vec![entry(16, true, true), entry(32, true, true)];
        all.extend(has_outsider.then(|| entry(48, true, false)));
        let roster = json!({
            "type": "participants", "eraId": "07".repeat(16), "active": all, "pending": [],
        });
        receive(&mut ann, &roster, at(5));
        events(&mut ann);
        say(&mut ann, "one", at(5));
        assert!(unsaid(&mut ann).is_empty());
        receive(&mut ann, &limited(), at(5));
        let expected: &[_] = match has_outsider {
            true => &[perhaps("one")],
            false => &[],
        };
        assert_eq!(unsaid(&mut ann), expected);
    }
}

/// The numbers of devices mean others in another era, and others hear.
#[test]
fn a_command_of_another_era_is_refused_unless_it_is_about_nobody() {
    const fn device() -> DemuxId {
        DemuxId::new(32).unwrap()
    }
    fn send(to: Recipient) -> Command {
        let message = Zeroizing::new(b"x".to_vec());
        Command::Send { to, message }
    }
    fn introduce(to: Recipient) -> Command {
        let name = "Ann".to_owned();
        Command::Introduce { to, name }
    }
    const EPOCH: GroupEpoch = GroupEpoch { group: 1, epoch: 1 };
    // Whether it is done in another era, and whether by who knows that the connection is lost.
    type Case = (fn() -> Command, bool, bool);
    let cases: [Case; 13] = [
        (|| Command::Ping, true, true),
        (|| introduce(Recipient::All), true, true),
        (|| introduce(Recipient::One(device())), false, false),
        (|| Command::Say("text".to_owned()), false, true),
        (|| send(Recipient::All), false, true),
        (|| send(Recipient::One(device())), false, false),
        (|| Command::RaiseHand(true), false, false),
        (|| Command::LowerHand(device()), false, false),
        (|| Command::SetApproval(true), false, false),
        (|| Command::Deny(device()), false, false),
        (|| Command::Block(device()), false, false),
        (
            || Command::Group(GroupCommand::AddCoAdmin(device())),
            false,
            false,
        ),
        (
            || Command::Group(GroupCommand::WordsMatch(EPOCH)),
            false,
            false,
        ),
    ];
    for (command, is_done, is_done_after_loss) in cases {
        for (era, knows_loss, is_done) in [
            ([8; 16], false, is_done),
            ([8; 16], true, is_done_after_loss),
            ([7; 16], false, true),
            ([7; 16], true, true),
        ] {
            let mut participation = inside(&["moderation"]);
            let era = EraId::from_bytes(era);
            let origin = CommandOrigin {
                era,
                knows_loss,
                device_key: DeviceKey::Unread,
            };
            let done = participation.perform_of(origin, command(), TIME, &mut rng());
            done.unwrap();
            let (mut is_refused, mut has_effect) = (false, false);
            while let Some(effect) = participation.poll_effect().unwrap() {
                match effect {
                    ParticipationEffect::Event(
                        CallEvent::NotSaid { error, .. } | CallEvent::GroupRefused(error),
                    ) if error == GroupError::CallChanged => is_refused = true,
                    _ => has_effect = true,
                }
            }
            let is_name = matches!(command(), Command::Introduce { .. });
            assert_eq!(is_refused, !is_done && !is_name, "{:?} {era:?}", command());
            assert_eq!(has_effect, is_done, "{:?} {era:?}", command());
        }
    }
}
