//! Co-admins who have left, as leaves and rosters have shown them.

use super::*;
use crate::call::command::DeviceKey;

/// Returns the part of an admin's device that has seen these entries of one number, one after the other.
fn after(entries: &[Participant]) -> Encryption {
    let mut encryption = admin();
    for entry in entries {
        see(
            &mut encryption,
            &Roster {
                active: vec![admins(OWN, OWN), entry.clone()],
                ..Roster::default()
            },
        );
    }
    see(
        &mut encryption,
        &Roster {
            active: vec![admins(OWN, OWN)],
            ..Roster::default()
        },
    );
    encryption
}

fn show_leaf(encryption: &mut Encryption, number: u8, person: u8) {
    encryption.see_co_admins(&GroupState {
        members: vec![member_of(number, person, AdmissionReason::Open)],
        co_admins: vec![key(6), key(7)],
        ..GroupState::default()
    });
}

#[test]
fn the_key_of_a_co_admin_who_has_left_is_that_of_its_leaf_and_never_one_that_has_changed() {
    const NUMBER: u8 = 6;
    let key_of = |encryption: &Encryption| encryption.co_admin_key(demux(NUMBER));
    let unknown = GroupError::Command(CommandError::UnknownMember);
    // A room service that is honest in this has one key for a number.
    let steady = after(&[listed(NUMBER, 6), listed(NUMBER, 6)]);
    assert_eq!(key_of(&steady), Ok(key(6)));
    assert_eq!(key_of(&admin()), Err(unknown));
    let mut encryption = after(&[listed(NUMBER, 7), listed(NUMBER, 6)]);
    assert_eq!(key_of(&encryption), Err(GroupError::Changed));
    assert!(encryption.users_of(demux(NUMBER)).is_empty());
    // The leaf of a member that is no co-admin says nothing.
    show_leaf(&mut encryption, NUMBER, 5);
    assert_eq!(key_of(&encryption), Err(GroupError::Changed));
    show_leaf(&mut encryption, NUMBER, 6);
    assert_eq!(key_of(&encryption), Ok(key(6)));
    assert_eq!(encryption.users_of(demux(NUMBER)), [user(6)]);
    // Another co-admin takes the number.
    show_leaf(&mut encryption, NUMBER, 7);
    assert_eq!(key_of(&encryption), Err(GroupError::Changed));
    // The others have their numbers still.
    show_leaf(&mut encryption, 7, 7);
    assert_eq!(encryption.co_admin_key(demux(7)), Ok(key(7)));
}

/// This person has named the first one, and has read of the second one under the number.
#[test]
fn a_co_admin_who_has_left_is_the_one_that_was_read_of() {
    const NUMBER: u8 = 6;
    let of = |person| DeviceKey::Member(key(person));
    let mut encryption = admin();
    let co_admin = CoAdmin {
        user: user(6),
        member_key: key(6),
    };
    let keys = &mut encryption.lobby.co_admin_keys;
    keys.name(demux(NUMBER), co_admin);
    let is_read = |encryption: &Encryption, read| {
        assert_eq!(encryption.co_admin_key(demux(NUMBER)), Ok(key(6)));
        encryption.is_former_co_admin(demux(NUMBER), read)
    };
    show_leaf(&mut encryption, NUMBER, 6);
    // The room service may have stated another key of a device that alone has had the number.
    assert!(is_read(&encryption, of(6)) && is_read(&encryption, of(7)));
    show_leaf(&mut encryption, NUMBER, 7);
    assert!(is_read(&encryption, of(6)));
    for read in [of(7), DeviceKey::Unread, DeviceKey::Missing] {
        assert!(!is_read(&encryption, read), "{read:?}");
    }
}

#[test]
fn the_leaves_of_co_admins_are_of_one_era() {
    let mut encryption = admin();
    show_leaf(&mut encryption, 6, 6);
    for (era, expected) in [
        (ERA, Ok(key(6))),
        (
            EraId::from_bytes([8; 16]),
            Err(GroupError::Command(CommandError::UnknownMember)),
        ),
    ] {
        let seat = SeatInfo {
            era,
            ..seat(true, Roster::default())
        };
        let (time, rng) = (at(4), &mut rng());
        encryption.enter(&seat, (None, 0), Surroundings { time, rng });
        assert_eq!(encryption.co_admin_key(demux(6)), expected);
    }
}

/// The device is in no group, and the policy names this person as a co-admin with another key.
#[test]
fn a_user_keeps_its_right_while_another_key_of_it_is_a_co_admin_also_outside_of_the_group() {
    let mut encryption = co_admin(true, Roster::default());
    let own = Participant {
        user: Some(user(OWN)),
        ..listed(5, 5)
    };
    see(
        &mut encryption,
        &Roster {
            active: vec![own, listed(6, 6)],
            ..Roster::default()
        },
    );
    assert!(encryption.users_without(demux(5)).is_empty());
    assert_eq!(encryption.users_without(demux(6)), [user(6)]);
}
