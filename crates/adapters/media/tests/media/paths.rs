//! Paths: restarts of ICE, and paths that are lost.

use anteroom_media::MediaEvent;
use anteroom_media_device::{credentials, nomination};
use str0m::ice::TransId;

use crate::meeting::{Meeting, id, server};

#[test]
fn a_restart_of_ice_stops_nothing() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    meeting.say_until_heard(0, &[1]);
    let before = meeting.clients[1].answer.clone();
    meeting.restart(1);
    let name = |answer: &str| {
        let mut lines = answer.lines();
        lines
            .find(|line| line.starts_with("a=ice-ufrag:"))
            .map(str::to_owned)
    };
    assert_ne!(name(&before), name(&meeting.clients[1].answer));
    meeting.say_until_heard(0, &[1]);
    meeting.say_until_heard(1, &[0]);
    assert_eq!(server.counts().ended_connections, 0);
}

#[test]
fn a_path_without_answers_is_sent_nothing_after_a_while() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    meeting.say_until_heard(0, &[1, 2]);
    meeting.clients[2].is_silent = true;
    let disconnected = MediaEvent::Disconnected { device: id(2) };
    meeting.until("the end of the path", |meeting| {
        meeting.clients[0].say(b"is anybody there");
        meeting.log.contains(&disconnected)
    });
    assert!(meeting.clients[2].datagrams > 0);
    meeting.clients[2].pump();
    meeting.clients[2].datagrams = 0;
    for _ in 0..20 {
        meeting.say_until_heard(0, &[1]);
    }
    assert_eq!(meeting.clients[2].datagrams, 0);
    // It comes back with a new connection.
    meeting.connect_again(2, 2);
    meeting.say_until_heard(0, &[1, 2]);
}

#[test]
fn a_device_without_the_answer_to_its_restart_goes_on_with_the_former_credentials() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    meeting.say_until_heard(0, &[1]);
    let (name, password) = credentials(&meeting.clients[1].answer);
    let own = meeting.clients[1].rtc.direct_api().local_ice_credentials();
    meeting.keeps_answers = true;
    let offer = meeting.clients[1].restart_offer();
    meeting.call.offer(id(1), 1, offer).unwrap();
    let mut answer = None;
    meeting.until("the answer", |meeting| {
        answer = meeting.log.iter().find_map(|event| match event {
            MediaEvent::Answer { answer, .. } => Some(answer.clone()),
            _ => None,
        });
        answer.is_some()
    });
    assert_ne!(credentials(&answer.unwrap().into_text()).0, name);
    let check = TransId::new();
    let bytes = nomination(check, &name, &own.ufrag, &password);
    meeting.clients[1].send_raw(&bytes);
    meeting.until("an answer to the check", |meeting| {
        meeting.clients[1].answered_checks.contains(&check)
    });
    meeting.say_until_heard(0, &[1]);
    meeting.say_until_heard(1, &[0]);
}
