//! A text is said, or told as not said.

use super::{
    features::{answer, at, device, enter, entry, events},
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
    use GroupError::{NobodyHears, NotLetIn, OutsideAlone};
    let member = |number| entry(number, true, true);
    let lost = |number| entry(number, false, true);
    let outsider = |number| entry(number, true, false);
    let lost_outsider = |number| entry(number, false, false);
    for (name, has_admin, others, at_once, later) in [
        ("alone", true, vec![], (None, 0), None),
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
    // Everything went out.
    let mut participation = said();
    assert!(unsaid(&mut participation).is_empty());
    participation.give_up_texts();
    assert!(unsaid(&mut participation).is_empty());
}

fn sent_message(participation: &mut Participation) {
    let effect = participation.poll_effect().unwrap();
    assert!(matches!(effect, Some(ParticipationEffect::Send(_))));
}
