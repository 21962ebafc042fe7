//! Everything at once: losses, lost connections, people who come and go, and inputs that no service sends.

use anteroom_call::Message as Told;
use anteroom_e2ee::{CommitError, MemberPublicKey};
use anteroom_e2ee_session::{
    BarScope, Command, CommitRejection, Event, Input, JoinedSeat, Message, RosterDevice, SeatStatus,
};
use anteroom_protocol::{DemuxId, EraId, GroupEpoch};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;

use crate::{
    harness::{Harness, Hop},
    people::{ERA, admin, member_key, person, rng, user},
};

fn below(rng: &mut ChaCha20Rng, most: u32) -> u32 {
    rng.next_u32() % most
}

#[test]
fn after_a_minute_of_losses_all_who_are_in_are_together() {
    for seed in 0..4 {
        let mut rng = rng(1_000 + seed);
        let mut call = Harness::of([admin(1), person(2), person(3), admin(4), person(5)]);
        let mut inside = vec![0, 1, 2, 3, 4];
        let mut losses = self::rng(2_000 + seed);
        // One of fifty messages is lost.
        call.filter(move |_, hop| {
            matches!(hop, Hop::ToSession(anteroom_call::Message::Joined(_)))
                || below(&mut losses, 50) > 0
        });
        let mut disconnected: Vec<usize> = Vec::new();
        for number in 6..46 {
            call.run(u64::from(200 + below(&mut rng, 2_500)));
            match below(&mut rng, 5) {
                0 if inside.len() > 3 => {
                    let index = 1 + usize::try_from(below(&mut rng, 2)).unwrap();
                    let device = inside.remove(index);
                    disconnected.retain(|one| *one != device);
                    call.leave(device);
                }
                1 => inside.push(call.join(person(number))),
                2 => {
                    let index = usize::try_from(below(&mut rng, 3)).unwrap();
                    call.disconnect(inside[index]);
                    disconnected.push(inside[index]);
                }
                3 => {
                    for device in disconnected.drain(..) {
                        call.connect(device);
                    }
                }
                _ => {
                    let is_on = below(&mut rng, 2) == 0;
                    let _may_fail = call.try_command(0, Command::Lock(is_on && number % 7 == 0));
                }
            }
        }
        for device in disconnected.drain(..) {
            call.connect(device);
        }
        call.filter(|_, _| true);
        call.run(2_000);
        let _may_fail = call.try_command(0, Command::Lock(false));
        call.run(90_000);
        let _may_fail = call.try_command(0, Command::Lock(false));
        call.run(30_000);
        call.agree(&inside);
    }
}

/// A body, and numbers, as nobody sends them.
fn nonsense(rng: &mut ChaCha20Rng, devices: &[DemuxId]) -> Input {
    let mut body = vec![0; usize::try_from(below(rng, 80)).unwrap()];
    rng.fill_bytes(&mut body);
    if let Some(class) = body.first_mut() {
        *class %= 4;
    }
    let from = devices[usize::try_from(below(rng, 3)).unwrap()];
    let at = GroupEpoch {
        group: [0, 1, 2, u32::MAX][usize::try_from(below(rng, 4)).unwrap()],
        epoch: [0, 1, 3, u64::MAX][usize::try_from(below(rng, 4)).unwrap()],
    };
    match below(rng, 12) {
        0 => Input::Commit { at, from, body },
        1 => Input::Welcome { at, from, body },
        2 => Input::Refuse { at, from },
        3 => Input::Relay { from, body },
        4 => Input::StaleCommit { present: Some(at) },
        5 if from == devices[0] => Input::RefusalRejected(CommitRejection::RateLimited),
        5 => Input::CommitRejected(CommitRejection::Other),
        6 => Input::CommitsDropped,
        7 => Input::Policy(body),
        8 => Input::Admitted {
            present: Some(at),
            statement: Some(body),
        },
        9 => Input::TimePassed,
        10 => Input::Roster(vec![RosterDevice {
            demux_id: from,
            user: Some(user(9)),
            member_key: MemberPublicKey::from_bytes(&body).ok(),
            status: SeatStatus::Lost,
            is_admin: true,
        }]),
        _ => Input::Joined(JoinedSeat {
            demux_id: from,
            era: [ERA, EraId::from_bytes([9; 16])][usize::try_from(below(rng, 2)).unwrap()],
            is_active: below(rng, 2) == 0,
            present: Some(at),
            missed: usize::try_from(below(rng, 2)).unwrap(),
            statement: Some(body),
            roster: Vec::new(),
        }),
    }
}

#[test]
fn no_input_makes_a_session_panic_or_put_anybody_strange_in() {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let devices = [0, 1, 2].map(|device: usize| call.devices[device].demux.unwrap());
    let mut rng = rng(5);
    for _ in 0..2_000 {
        call.session(1, nonsense(&mut rng, &devices));
        call.advance(u64::from(below(&mut rng, 400)));
        let members = call.devices[1].session.members();
        let mut keys = members.iter().map(|member| member.claims.member_key);
        assert!(keys.all(|key| (1..=3).any(|number| member_key(number).public() == key)));
        if below(&mut rng, 9) == 0 {
            let (device, scope) = (devices[2], BarScope::Device);
            let _may_fail = call.try_command(1, Command::Say("so what".to_owned()));
            let _may_fail = call.try_command(1, Command::Bar { device, scope });
            let time = call.time();
            let _may_fail = call.devices[1].session.show_words(time);
        }
    }
}

#[test]
fn garbage_in_the_place_of_a_commit_is_refused_once() {
    let mut call = Harness::of([person(1), person(2), person(3)]);
    call.run(1_000);
    let (at, from) = (call.epoch(0).unwrap(), call.devices[1].demux.unwrap());
    for _ in 0..2 {
        let body = b"garbage".to_vec();
        call.session(0, Input::Commit { at, from, body });
    }
    let events = call.take_events(0);
    let refused = events.iter().filter(|event| {
        matches!(
            event,
            Event::CommitRefused {
                error: CommitError::Malformed,
                ..
            }
        )
    });
    assert_eq!(refused.count(), 1);
}

/// Lets the room service tell the last of four devices garbage in the place of a commit, and loses the first
/// refusals.
fn of_one_who_refuses(lost: usize) -> Harness {
    let mut call = Harness::of([person(1), person(2), person(3)]);
    call.run(1_000);
    let (at, from) = (call.epoch(0).unwrap(), call.devices[0].demux.unwrap());
    call.filter(|device, hop| device != 2 || !matches!(hop, Hop::ToSession(Told::Commit { .. })));
    call.join(person(4));
    call.run(1_000);
    assert_eq!(call.epoch(0), Some(at.next()));
    let mut sent = 0;
    call.filter(move |_, hop| {
        sent += usize::from(matches!(hop, Hop::ToService(Message::Refuse(_))));
        sent > lost || !matches!(hop, Hop::ToService(Message::Refuse(_)))
    });
    let body = b"garbage".to_vec();
    call.session(2, Input::Commit { at, from, body });
    call
}

/// Returns how many refusals a device was told of.
fn refusals(call: &mut Harness, device: usize) -> usize {
    let events = call.take_events(device);
    let is_refusal = |event: &&Event| matches!(event, Event::RefusedByOther { .. });
    events.iter().filter(is_refusal).count()
}

#[test]
fn a_refusal_is_sent_again_until_it_comes_back() {
    let mut call = of_one_who_refuses(2);
    call.run(3_900);
    assert_eq!(refusals(&mut call, 0), 0);
    call.run(200);
    assert_eq!(refusals(&mut call, 0), 1);
    let mut call = of_one_who_refuses(1);
    call.run(100);
    call.session(2, Input::RefusalRejected(CommitRejection::RateLimited));
    call.run(1_100);
    assert_eq!(refusals(&mut call, 0), 1);
    let mut call = of_one_who_refuses(1);
    call.session(2, Input::RefusalRejected(CommitRejection::Other));
    call.run(5_000);
    assert_eq!(refusals(&mut call, 0), 0);
}
