//! A text is said, or told as not said.

use super::{
    features::{answer, at, device, enter, entry, events, member_beside_another, member_of_two},
    *,
};
use crate::CallEvent;

const GROUPS: [&str; 2] = ["member", "group"];

/// Returns the errors of the texts that were not said, and the number of relays under the key of the link.
fn outcome(participation: &mut Participation) -> (Vec<GroupError>, usize) {
    let (mut unsaid, mut relays) = (Vec::new(), 0);
    while let Some(effect) = participation.poll_effect().unwrap() {
        match effect {
            ParticipationEffect::Event(CallEvent::NotSaid { error, .. }) => unsaid.push(error),
            ParticipationEffect::Send(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                let body = message["body"]
                    .as_str()
                    .map(|body| STANDARD.decode(body).unwrap());
                relays += usize::from(body.is_some_and(|body| body.first() == Some(&1)));
            }
            _ => {}
        }
    }
    (unsaid, relays)
}

#[test]
fn a_text_is_said_or_told_as_not_said_and_never_both() {
    use GroupError::{Alone, NobodyHears, NotLetIn, OutsideAlone};
    let member = |number| entry(number, true, true);
    let lost = |number| entry(number, false, true);
    let outsider = |number| entry(number, true, false);
    let lost_outsider = |number| entry(number, false, false);
    for (name, has_admin, others, at_once, later) in [
        ("alone", true, vec![], (Some(Alone), 0), None),
        ("open, alone", false, vec![], (Some(Alone), 0), None),
        (
            "a member",
            true,
            vec![member(32)],
            (None, 0),
            Some(NotLetIn),
        ),
        ("lost", true, vec![lost(32)], (None, 0), Some(NotLetIn)),
        (
            "outsider",
            true,
            vec![outsider(32)],
            (Some(NobodyHears), 0),
            None,
        ),
        (
            "lost outsider",
            true,
            vec![lost_outsider(32)],
            (Some(NobodyHears), 0),
            None,
        ),
        ("open, outsider", false, vec![outsider(32)], (None, 1), None),
        (
            "open, lost outsider",
            false,
            vec![lost_outsider(32)],
            (Some(NobodyHears), 0),
            None,
        ),
        (
            "open, both",
            false,
            vec![outsider(32), member(48)],
            (None, 1),
            Some(OutsideAlone),
        ),
    ] {
        let mut participation = device(16, has_admin);
        let mut devices = vec![entry(16, true, true)];
        devices.extend(others);
        enter(&mut participation, &answer(&GROUPS, &devices), at(1));
        events(&mut participation);
        let say = Command::Say("hello".to_owned());
        participation.perform(say, at(1), &mut rng()).unwrap();
        let (unsaid, relays) = outcome(&mut participation);
        assert_eq!((unsaid.first().copied(), relays), at_once, "{name}");
        participation.tick(at(30), &mut rng());
        let (unsaid, relays) = outcome(&mut participation);
        assert_eq!((unsaid.first().copied(), relays), (later, 0), "{name}");
    }
}

#[test]
fn texts_that_wait_are_given_up_when_their_device_leaves() {
    let mut participation = device(16, true);
    let devices = [entry(16, true, true), entry(32, true, true)];
    enter(&mut participation, &answer(&GROUPS, &devices), at(1));
    let say = Command::Say("hello".to_owned());
    participation.perform(say, at(1), &mut rng()).unwrap();
    assert!(outcome(&mut participation).0.is_empty());
    participation.give_up_texts();
    assert_eq!(outcome(&mut participation).0, [GroupError::NotLetIn]);
    assert!(!participation.has_texts());
}

#[test]
fn a_device_without_a_member_key_says_nothing_where_the_link_names_an_admin_key() {
    for names_admin in [false, true] {
        let mut participation = inside(&GROUPS);
        if names_admin {
            participation.name_admin();
        }
        let say = Command::Say("hello".to_owned());
        participation.perform(say, TIME, &mut rng()).unwrap();
        let (to, message) = (Recipient::All, Zeroizing::new(b"x".to_vec()));
        let send = Command::Send { to, message };
        participation.perform(send, TIME, &mut rng()).unwrap();
        let (unsaid, relays) = outcome(&mut participation);
        let expected: (&[_], _) = match names_admin {
            true => (&[GroupError::NoGroup], 0),
            false => (&[], 2),
        };
        assert_eq!((&unsaid[..], relays), expected);
    }
}

#[test]
fn a_text_whose_message_did_not_go_out_is_told_as_not_said() {
    let unsaid = |participation: &mut Participation| {
        let mut texts = Vec::new();
        while let Some(effect) = participation.poll_effect().unwrap() {
            if let ParticipationEffect::Event(CallEvent::NotSaid { text, .. }) = effect {
                texts.push(text);
            }
        }
        texts
    };
    let said = || {
        let mut participation = inside(&[]);
        for text in ["one", "two"] {
            let say = Command::Say(text.to_owned());
            participation.perform(say, TIME, &mut rng()).unwrap();
        }
        participation
    };
    // The call ends before anything is written.
    let mut participation = said();
    participation.give_up_texts();
    assert_eq!(unsaid(&mut participation), ["one", "two"]);
    // The connection breaks as the first one is written; the second one goes out when it is back.
    let mut participation = said();
    sent_message(&mut participation);
    participation.disconnect(TIME, &mut rng());
    assert_eq!(unsaid(&mut participation), ["one"]);
    // Everything went out, and the room service has read it.
    let mut participation = said();
    assert!(unsaid(&mut participation).is_empty());
    ping(&mut participation, TIME);
    pong(&mut participation, TIME);
    participation.give_up_texts();
    assert!(unsaid(&mut participation).is_empty());
}

fn say(participation: &mut Participation, text: &str, time: SessionTime) {
    let say = Command::Say(text.to_owned());
    participation.perform(say, time, &mut rng()).unwrap();
}

fn pong(participation: &mut Participation, time: SessionTime) {
    let pong = json!({"type": "pong"}).to_string();
    participation.receive(&pong, time, &mut rng()).unwrap();
}

#[test]
fn a_text_without_a_member_key_is_for_somebody_who_is_connected() {
    for (others, expected) in [
        (vec![], Some(GroupError::Alone)),
        (vec![entry(32, false, false)], Some(GroupError::NoListener)),
        (vec![entry(32, false, false), entry(48, true, false)], None),
    ] {
        let mut participation = inside(&[]);
        let mut devices = vec![entry(16, true, false)];
        devices.extend(others);
        enter(&mut participation, &answer(&[], &devices), at(1));
        say(&mut participation, "hello", at(1));
        let (unsaid, relays) = outcome(&mut participation);
        assert_eq!(unsaid.first().copied(), expected);
        assert_eq!(relays, usize::from(expected.is_none()));
    }
}

#[test]
fn a_text_that_the_room_service_may_not_have_is_told_at_the_end() {
    let unconfirmed = |count| vec![GroupError::Unconfirmed; count];
    for (answered, expected) in [(false, unconfirmed(3)), (true, unconfirmed(1))] {
        let mut participation = inside(&[]);
        say(&mut participation, "one", TIME);
        say(&mut participation, "two", TIME);
        assert!(outcome(&mut participation).0.is_empty());
        assert!(participation.wants_ping());
        participation
            .perform(Command::Ping, TIME, &mut rng())
            .unwrap();
        assert!(outcome(&mut participation).0.is_empty());
        // One ping at a time.
        assert!(!participation.wants_ping());
        say(&mut participation, "three", TIME);
        outcome(&mut participation);
        if answered {
            pong(&mut participation, TIME);
            assert!(participation.wants_ping());
        }
        participation.give_up_texts();
        assert_eq!(outcome(&mut participation).0, expected);
    }
    // Nobody asks for it again after a lost connection.
    let mut participation = inside(&[]);
    say(&mut participation, "one", TIME);
    outcome(&mut participation);
    participation.disconnect(TIME, &mut rng());
    assert_eq!(outcome(&mut participation).0, unconfirmed(1));
}

#[test]
fn texts_without_an_answer_are_told_beyond_their_bound_and_let_no_pings_be_written_without_end() {
    const TEXTS: usize = 3_000;
    for answers in [0, 1] {
        let mut ann = inside(&[]);
        let (mut told, mut pings) = (Vec::new(), 0);
        for _ in 0..TEXTS {
            say(&mut ann, "hello", TIME);
            told.extend(outcome(&mut ann).0);
            if ann.wants_ping() {
                pings += 1;
                ann.perform(Command::Ping, TIME, &mut rng()).unwrap();
                told.extend(outcome(&mut ann).0);
            }
            assert!(!ann.wants_ping());
        }
        assert!(pings < 5, "{pings}");
        // The first answer is to a ping whose texts are told already.
        for _ in 0..answers {
            pong(&mut ann, TIME);
        }
        ann.give_up_texts();
        told.extend(outcome(&mut ann).0);
        assert_eq!(told, [GroupError::Unconfirmed; TEXTS]);
    }
}

fn ping(participation: &mut Participation, time: SessionTime) {
    participation
        .perform(Command::Ping, time, &mut rng())
        .unwrap();
    outcome(participation);
}

/// Returns the answer to a join that resumes the seat in the first epoch.
fn resumed(other_is_connected: bool) -> Value {
    let devices = [entry(16, true, true), entry(32, other_is_connected, true)];
    let mut back = answer(&GROUPS, &devices);
    back["present"] = json!({"group": 1, "epoch": 1});
    back["missed"] = json!(0);
    back
}

#[test]
fn a_text_of_a_lost_connection_waits_for_those_who_were_there_and_no_ping_is_written_meanwhile() {
    let mut ann = member_beside_another();
    say(&mut ann, "hello", at(5));
    assert!(outcome(&mut ann).0.is_empty());
    assert!(ann.wants_ping());
    ann.disconnect(at(6), &mut rng());
    enter(&mut ann, &resumed(false), at(7));
    assert!(outcome(&mut ann).0.is_empty());
    assert!(!ann.wants_ping());
    // The answers to other pings change nothing.
    ping(&mut ann, at(8));
    pong(&mut ann, at(8));
    assert!(!ann.wants_ping());
    let roster = json!({
        "type": "participants", "eraId": "07".repeat(16), "pending": [],
        "active": [entry(16, true, true), entry(32, true, true)],
    });
    ann.receive(&roster.to_string(), at(9), &mut rng()).unwrap();
    outcome(&mut ann);
    assert!(ann.wants_ping());
    ping(&mut ann, at(9));
    pong(&mut ann, at(9));
    assert!(!ann.wants_ping());
    ann.give_up_texts();
    assert!(outcome(&mut ann).0.is_empty());
}

#[test]
fn texts_of_a_lost_connection_that_nobody_can_ask_for_are_told_at_once() {
    let unsaid = |ann: &mut Participation| {
        let told = events(ann).into_iter();
        let texts = told.filter_map(|event| match event {
            CallEvent::NotSaid { text, error } => Some((text, error)),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    // A device says the last 64 again.
    let mut ann = member_beside_another();
    for number in 0..66 {
        say(&mut ann, &number.to_string(), at(5));
    }
    assert!(unsaid(&mut ann).is_empty());
    ann.disconnect(at(6), &mut rng());
    let perhaps = |text: &str| (text.to_owned(), GroupError::Unconfirmed);
    assert_eq!(unsaid(&mut ann), [perhaps("0"), perhaps("1")]);
    // Those that are pushed out meanwhile are told at the next answer.
    enter(&mut ann, &resumed(true), at(7));
    say(&mut ann, "66", at(7));
    assert!(unsaid(&mut ann).is_empty());
    ping(&mut ann, at(7));
    pong(&mut ann, at(7));
    assert_eq!(unsaid(&mut ann), [perhaps("2")]);
    assert!(!ann.wants_ping());
    // Nobody asks for a text under the key of the link.
    let mut ann = device(16, false);
    let both = [entry(16, true, true), entry(32, true, false)];
    enter(&mut ann, &answer(&GROUPS, &both), at(1));
    say(&mut ann, "outside", at(2));
    assert!(unsaid(&mut ann).is_empty());
    ann.disconnect(at(3), &mut rng());
    assert_eq!(unsaid(&mut ann), [perhaps("outside")]);
    enter(&mut ann, &answer(&GROUPS, &both), at(4));
    assert!(!ann.wants_ping());
}

/// The members learn of the text by its number once the connection is back, and can ask for it as long as it is kept.
#[test]
fn a_text_whose_message_did_not_go_out_is_told_for_certain_only_without_another_connection() {
    let not_connected = GroupError::Command(crate::CommandError::NotConnected);
    for (is_back, leaves, expected) in [
        (false, true, not_connected),
        (true, true, GroupError::Unconfirmed),
        (true, false, GroupError::Unconfirmed),
    ] {
        let mut ann = member_beside_another();
        say(&mut ann, "hello", at(5));
        sent_message(&mut ann);
        ann.disconnect(at(6), &mut rng());
        if is_back {
            enter(&mut ann, &resumed(false), at(7));
        }
        assert!(outcome(&mut ann).0.is_empty());
        if leaves {
            ann.give_up_texts();
        } else {
            ann.tick(at(22), &mut rng());
        }
        assert_eq!(outcome(&mut ann).0, [expected], "{is_back} {leaves}");
    }
}

#[test]
fn who_comes_back_alone_waits_for_the_others_before_a_text_is_told_as_not_said() {
    let mut participation = device(16, true);
    let both = [entry(16, true, true), entry(32, true, true)];
    let alone = [entry(16, true, true)];
    enter(&mut participation, &answer(&GROUPS, &both), at(1));
    participation.disconnect(at(2), &mut rng());
    let mut back = answer(&GROUPS, &alone);
    back["eraId"] = json!("08".repeat(16));
    enter(&mut participation, &back, at(3));
    outcome(&mut participation);
    say(&mut participation, "hello", at(4));
    assert!(outcome(&mut participation).0.is_empty());
    assert!(participation.has_texts());
    participation.tick(at(18), &mut rng());
    assert_eq!(outcome(&mut participation).0, [GroupError::Alone]);
    say(&mut participation, "hello", at(19));
    assert_eq!(outcome(&mut participation).0, [GroupError::Alone]);
}

#[test]
fn a_text_to_a_group_from_which_nothing_has_come_waits_and_is_told_as_not_said() {
    for (has_admin, has_key) in [(true, true), (true, false), (false, true)] {
        let mut ann = member_of_two(has_admin);
        let listed = [entry(16, true, true), entry(32, true, has_key)];
        let roster = json!({
            "type": "participants", "eraId": "07".repeat(16), "active": listed, "pending": [],
        });
        ann.receive(&roster.to_string(), at(4), &mut rng()).unwrap();
        outcome(&mut ann);
        say(&mut ann, "hello", at(4));
        assert!(outcome(&mut ann).0.is_empty());
        assert!(ann.has_texts());
        ann.tick(at(19), &mut rng());
        assert_eq!(outcome(&mut ann).0, [GroupError::NoListener]);
        assert!(!ann.has_texts());
    }
}

fn sent_message(participation: &mut Participation) {
    let effect = participation.poll_effect().unwrap();
    assert!(matches!(effect, Some(ParticipationEffect::Send(_))));
}
