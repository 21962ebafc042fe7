//! Rosters with revisions, of which some do not arrive.

use super::{
    features::{answer, call_member, enter},
    *,
};

fn at(seconds: u64) -> SessionTime {
    SessionTime {
        now: NOW,
        moment: Moment::new(Duration::from_secs(seconds)),
    }
}

/// Returns a device with a roster of revision 7.
fn device(features: &[&str]) -> Participation {
    let mut participation = Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: None,
        name: None,
        member: None,
    });
    let mut answer = answer(features, &[]);
    answer["rosterRevision"] = json!(7);
    enter(&mut participation, &answer, at(1));
    participation
}

fn roster(since: u64, revision: u64) -> Value {
    json!({
        "type": "roster", "eraId": "07".repeat(16), "joined": [], "changed": [], "left": [],
        "pendingCount": 0, "since": since, "revision": revision,
    })
}

fn whole(revision: u64) -> Value {
    json!({
        "type": "participants", "eraId": "07".repeat(16), "active": [], "pending": [],
        "pendingCount": 0, "revision": revision,
    })
}

fn pong(revision: u64) -> Value {
    json!({"type": "pong", "rosterRevision": revision})
}

/// Gives a message to the device. Returns the number of requests for the roster that it makes.
fn requests_after(participation: &mut Participation, message: &Value, seconds: u64) -> usize {
    let received = participation.receive(&message.to_string(), at(seconds), &mut rng());
    received.unwrap();
    requests(participation)
}

fn requests(participation: &mut Participation) -> usize {
    let mut count = 0;
    while let Some(effect) = participation.poll_effect().unwrap() {
        let ParticipationEffect::Send(text) = effect else {
            panic!("{effect:?}");
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message, json!({"type": "participants"}));
        count += 1;
    }
    count
}

#[test]
fn a_device_that_has_missed_a_roster_change_requests_the_whole_roster() {
    let mut one = device(&["roster_delta"]);
    for (message, expected) in [
        (roster(7, 8), 0),
        (pong(8), 0),
        (roster(9, 10), 1),
        (whole(10), 0),
        (roster(10, 11), 0),
        (pong(12), 1),
        (whole(12), 0),
        (pong(12), 0),
    ] {
        assert_eq!(requests_after(&mut one, &message, 2), expected, "{message}");
    }
    assert_eq!(one.next_tick(), None);
}

#[test]
fn a_request_is_repeated_until_it_is_answered() {
    let mut one = device(&["roster_delta"]);
    assert_eq!(requests_after(&mut one, &roster(8, 9), 2), 1);
    assert_eq!(requests_after(&mut one, &roster(9, 10), 3), 0);
    assert_eq!(one.next_tick(), Some(at(5).moment));
    one.tick(at(5), &mut rng());
    assert_eq!(requests(&mut one), 1);
    one.disconnect(at(6), &mut rng());
    assert_eq!(one.next_tick(), None, "a join brings the whole roster");
    let mut answer = answer(&["roster_delta"], &[]);
    answer["rosterRevision"] = json!(10);
    enter(&mut one, &answer, at(7));
    assert_eq!(requests_after(&mut one, &pong(10), 8), 0);
}

#[test]
fn a_room_service_that_tells_no_rosters_is_asked_for_none() {
    let mut one = device(&[]);
    assert_eq!(requests_after(&mut one, &roster(8, 9), 2), 0);
    assert_eq!(one.next_tick(), None);
    let mut member = inside_as(Some(call_member(false)), &["roster_delta"]);
    while member.poll_effect().unwrap().is_some() {}
    let message = json!({
        "type": "roster", "eraId": "07".repeat(16), "joined": [], "changed": [], "left": [],
        "pendingCount": 0,
    });
    assert_eq!(requests_after(&mut member, &message, 2), 0, "no revisions");
}
