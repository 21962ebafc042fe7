//! A device whose connection is lost, or that leaves.

use super::{
    features::{answer, at, device, enter, entry, events},
    *,
};
use crate::{CallEvent, call::group::GroupCommand};

const GROUPS: [&str; 2] = ["member", "group"];

fn perform(participation: &mut Participation, command: Command) {
    participation.perform(command, TIME, &mut rng()).unwrap();
    events(participation);
}

fn say(text: &str) -> Command {
    Command::Say(text.to_owned())
}

fn pong(participation: &mut Participation) {
    let pong = json!({"type": "pong"}).to_string();
    participation.receive(&pong, TIME, &mut rng()).unwrap();
}

#[test]
fn everything_is_settled_once_the_last_ping_is_answered() {
    let mut participation = inside(&[]);
    assert!(participation.is_settled() && !participation.awaits_pong());
    perform(&mut participation, say("one"));
    assert!(!participation.is_settled());
    perform(&mut participation, Command::Ping);
    perform(&mut participation, say("two"));
    pong(&mut participation);
    assert!(!participation.is_settled() && !participation.awaits_pong());
    perform(&mut participation, Command::Ping);
    assert!(participation.awaits_pong());
    pong(&mut participation);
    assert!(participation.is_settled() && !participation.awaits_pong());
    // An answer too many counts for nothing.
    pong(&mut participation);
    perform(&mut participation, Command::Ping);
    assert!(participation.awaits_pong());
}

#[test]
fn a_request_is_unanswered_until_a_ping_after_it_is_answered() {
    let device = parse_demux(32).unwrap();
    let requests = || {
        [
            Command::RaiseHand(true),
            Command::Group(GroupCommand::Lock(true)),
            Command::Group(GroupCommand::AddCoAdmin(device)),
            Command::Group(GroupCommand::RemoveCoAdmin(device)),
            Command::Deny(device),
            Command::Remove(device),
            Command::Block(device),
            Command::Approve {
                device,
                statement: None,
            },
        ]
    };
    for (request, is_answered) in requests()
        .into_iter()
        .map(|request| (request, true))
        .chain(requests().into_iter().map(|request| (request, false)))
    {
        let mut participation = inside(&[]);
        perform(&mut participation, Command::Ping);
        perform(&mut participation, request);
        pong(&mut participation);
        assert!(participation.has_unanswered());
        if is_answered {
            perform(&mut participation, Command::Ping);
            pong(&mut participation);
        } else {
            // That is told with the loss.
            participation.disconnect(TIME, &mut rng());
        }
        assert!(!participation.has_unanswered());
    }
    let mut participation = inside(&[]);
    perform(&mut participation, say("one"));
    assert!(!participation.has_unanswered());
}

#[test]
fn events_of_before_a_loss_do_not_wait_for_the_next_connection() {
    let mut participation = inside(&[]);
    for text in ["one", "two"] {
        participation.perform(say(text), TIME, &mut rng()).unwrap();
    }
    let first = participation.poll_effect().unwrap();
    assert!(matches!(first, Some(ParticipationEffect::Send(_))));
    participation.disconnect(TIME, &mut rng());
    let told = participation.take_events();
    assert!(
        matches!(&told[..], [CallEvent::NotSaid { text, .. }] if text == "one"),
        "{told:?}"
    );
    // The other one goes out when the connection is back.
    let sent = participation.poll_effect().unwrap();
    assert!(matches!(sent, Some(ParticipationEffect::Send(_))));
}

#[test]
fn a_text_waits_for_members_who_come_back_later_than_somebody_without_the_encryption() {
    let mut participation = device(16, true);
    let both = [entry(16, true, true), entry(32, true, true)];
    let outsider = [entry(16, true, true), entry(48, true, false)];
    enter(&mut participation, &answer(&GROUPS, &both), at(1));
    participation.disconnect(at(2), &mut rng());
    let mut back = answer(&GROUPS, &outsider);
    back["eraId"] = json!("08".repeat(16));
    enter(&mut participation, &back, at(3));
    events(&mut participation);
    let errors = |participation: &mut Participation| {
        let told = events(participation).into_iter();
        let errors = told.filter_map(|event| match event {
            CallEvent::NotSaid { error, .. } => Some(error),
            _ => None,
        });
        errors.collect::<Vec<_>>()
    };
    let text = || say("hello");
    participation.perform(text(), at(4), &mut rng()).unwrap();
    assert!(errors(&mut participation).is_empty());
    participation.tick(at(18), &mut rng());
    assert_eq!(errors(&mut participation).len(), 1);
    participation.perform(text(), at(19), &mut rng()).unwrap();
    assert_eq!(errors(&mut participation), [GroupError::NobodyHears]);
}
