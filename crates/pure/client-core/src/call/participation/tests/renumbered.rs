//! Commands about a device whose number the room service has given to another one.

use super::{
    features::{admin_of_two, answer, at, enter, entry, member_beside_another},
    *,
};
use crate::{
    CallEvent, MemberPublicKey,
    call::{
        command::{CommandOrigin, DeviceKey},
        group::GroupCommand,
    },
};

fn bob() -> DemuxId {
    parse_demux(32).unwrap()
}

fn key(number: u8) -> MemberPublicKey {
    let secret = DeviceSecret::from_bytes([number; 32]);
    secret.member_key(&room().room_id()).public()
}

/// Returns whether a command about the device that has this key, for the person, is refused, and whether it does
/// anything else.
fn outcome(
    participation: &mut Participation,
    command: Command,
    device_key: DeviceKey,
) -> (bool, bool) {
    let origin = CommandOrigin {
        era: EraId::from_bytes([7; 16]),
        knows_loss: false,
        device_key,
    };
    let done = participation.perform_of(origin, command, at(5), &mut rng());
    done.unwrap();
    let (mut is_refused, mut is_done) = (false, false);
    while let Some(effect) = participation.poll_effect().unwrap() {
        match effect {
            ParticipationEffect::Event(CallEvent::GroupRefused(GroupError::CallChanged)) => {
                is_refused = true;
            }
            _ => is_done = true,
        }
    }
    (is_refused, is_done)
}

#[test]
fn a_decision_about_another_device_with_the_number_is_refused_and_signs_nothing() {
    let commands: [fn() -> Command; 4] = [
        || Command::Remove(bob()),
        || Command::Block(bob()),
        || Command::Group(GroupCommand::AddCoAdmin(bob())),
        || Command::Group(GroupCommand::RemoveCoAdmin(bob())),
    ];
    for command in commands {
        for (device_key, is_done) in [
            (DeviceKey::Member(key(32)), true),
            (DeviceKey::Unread, true),
            (DeviceKey::Member(key(33)), false),
            (DeviceKey::Missing, false),
        ] {
            let mut ann = admin_of_two();
            let outcome = outcome(&mut ann, command(), device_key);
            assert_eq!(
                outcome,
                (!is_done, is_done),
                "{:?} {device_key:?}",
                command()
            );
        }
    }
}

#[test]
fn the_key_of_a_device_outside_of_the_group_is_that_of_the_roster() {
    let commands: [fn() -> Command; 3] = [
        || Command::Deny(bob()),
        || Command::Remove(bob()),
        || Command::LowerHand(bob()),
    ];
    for command in commands {
        for (has_key, device_key, is_done) in [
            (true, DeviceKey::Member(key(32)), true),
            (true, DeviceKey::Member(key(33)), false),
            (true, DeviceKey::Missing, false),
            (false, DeviceKey::Missing, true),
            // The room service does not list the key any more.
            (false, DeviceKey::Member(key(32)), true),
        ] {
            for takes_part in [true, false] {
                let mut ann = match takes_part {
                    true => features::device(16, true),
                    false => inside(&[]),
                };
                let both = [entry(16, true, true), entry(32, true, has_key)];
                enter(&mut ann, &answer(&["member", "group"], &both), at(1));
                while ann.poll_effect().unwrap().is_some() {}
                let outcome = outcome(&mut ann, command(), device_key);
                assert_eq!(
                    outcome,
                    (!is_done, is_done),
                    "{:?} {device_key:?}",
                    command()
                );
            }
        }
    }
}

#[test]
fn who_has_left_is_nobody_else() {
    let mut ann = member_beside_another();
    let alone = json!({
        "type": "participants", "eraId": "07".repeat(16), "active": [entry(16, true, true)],
        "pending": [],
    });
    ann.receive(&alone.to_string(), at(5), &mut rng()).unwrap();
    while ann.poll_effect().unwrap().is_some() {}
    let outcome = outcome(&mut ann, Command::Remove(bob()), DeviceKey::Member(key(32)));
    assert_eq!(outcome, (false, true));
}
