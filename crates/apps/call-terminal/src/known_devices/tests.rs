use super::*;
use crate::view::tests::{participant_with, room_params};

fn device(number: u32) -> DemuxId {
    DemuxId::new(number).unwrap()
}

fn prefix(text: &str) -> TagPrefix {
    TagPrefix::parse(text).unwrap()
}

#[test]
fn a_guest_is_marked_where_no_name_can_imitate_it() {
    let mut known_devices = KnownDevices::of_era(device(16));
    for (name, is_guest, label) in [
        ("Zoe", true, "guest #2000 \"Zoe\""),
        ("guest #2000", false, "#2000 \"guest 2000\""),
    ] {
        let participant = Participant {
            is_guest,
            ..participant_with(32, Some(name), None)
        };
        known_devices.introduce(&participant, None);
        assert_eq!(known_devices.label(device(32)), label);
    }
    known_devices.set_present(&[(device(32), Role::Admin)]);
    let participant = Participant {
        is_guest: true,
        media: anteroom_protocol::media::PerSource::default(),
        ..participant_with(32, Some("Zoe"), None)
    };
    known_devices.introduce(&participant, None);
    assert_eq!(known_devices.label(device(32)), "admin guest #2000 \"Zoe\"");
}

#[test]
fn a_name_imitates_no_tag_and_hides_none() {
    let mut known_devices = KnownDevices::of_era(device(16));
    known_devices.set_present(&[
        (device(16), Role::Member),
        (device(32), Role::Member),
        (device(48), Role::Admin),
    ]);
    for (name, label) in [
        ("Ann#1", "#2000 \"Ann1\""),
        ("#3000 Ann", "#2000 \"3000 Ann\""),
        ("\u{ff03}3000\u{fe5f}", "#2000 \"3000\""),
        ("admin #3000", "#2000 \"admin 3000\""),
        (
            "Zed\" left. admin \u{201c}Boss",
            "#2000 \"Zed' left. admin 'Boss\"",
        ),
        ("a \u{30e} b", "#2000 \"a b\""),
        ("\u{266f}3000 \u{a78c}\u{a78c}", "#2000 \"3000 \u{a78c}\""),
        ("a   b", "#2000 \"a b\""),
        (&"x".repeat(60), &format!("#2000 \"{}…\"", "x".repeat(31))),
    ] {
        known_devices.set_name(device(32), name);
        assert_eq!(known_devices.label(device(32)), label);
    }
    known_devices.set_name(device(48), "Bob");
    assert_eq!(known_devices.label(device(48)), "admin #3000 \"Bob\"");
    assert_eq!(known_devices.label(device(16)), "You");
    assert!(!known_devices.set_name(device(48), "Bob"));
    assert!(!known_devices.set_name(device(48), "##"), "no name");
}

fn joined(number: u32, name: Option<&str>, account: u8) -> Participant {
    participant_with(number, name, Some(account))
}

#[test]
fn a_device_is_called_as_it_said_else_as_it_joined_else_by_its_account() {
    let room = room_params();
    let mut known_devices = KnownDevices::of_era(device(16));
    known_devices.set_present(&[(device(32), Role::Admin)]);
    let introduce = |known_devices: &mut KnownDevices, name, account| {
        known_devices.introduce(&joined(32, name, account), Some(&room))
    };
    assert!(!introduce(&mut known_devices, None, 1));
    assert_eq!(known_devices.label(device(32)), "admin #2000 id#01010101");
    assert!(introduce(&mut known_devices, Some("Bob"), 1));
    assert!(!introduce(&mut known_devices, Some("Bob"), 1));
    assert_eq!(known_devices.label(device(32)), "admin #2000 \"Bob\"");
    assert!(!known_devices.set_name(device(32), "Bob"), "no news");
    assert!(known_devices.set_name(device(32), "Robert"));
    assert!(!introduce(&mut known_devices, Some("Bob"), 1));
    assert_eq!(known_devices.label(device(32)), "admin #2000 \"Robert\"");
    // No name looks like an account, and another account of the same device shows.
    assert!(known_devices.set_name(device(32), "id#01010101"));
    assert_eq!(
        known_devices.label(device(32)),
        "admin #2000 \"id01010101\""
    );
    introduce(&mut known_devices, None, 2);
    let account = known_devices.account(device(32)).unwrap();
    assert_eq!(account.short(), "id#02020202");
    let untold = participant_with(32, None, None);
    known_devices.introduce(&untold, Some(&room));
    assert!(known_devices.account(device(32)).is_none());
}

#[test]
fn a_tag_means_one_device_that_is_there_or_nobody() {
    let mut known_devices = KnownDevices::of_era(device(16));
    // The two ids agree in the twenty bits above the four zero bits.
    let twin = 32 + (1 << 24);
    let all = [16, 32, 48].map(|number| (device(number), Role::Member));
    known_devices.set_present(&all);
    assert_eq!(
        known_devices.find(&prefix("2000")),
        TagLookup::Device(device(32))
    );
    assert_eq!(known_devices.find(&prefix("1000")), TagLookup::Own);
    assert_eq!(known_devices.find(&prefix("4000")), TagLookup::Unknown);
    known_devices.set_present(&all[..2]);
    assert_eq!(
        known_devices.find(&prefix("3000")),
        TagLookup::Gone("#3000".to_owned())
    );
    let gone = |tag: &str| known_devices.find_gone(&prefix(tag));
    assert_eq!(gone("3000"), Some(device(48)));
    assert_eq!([gone("2000"), gone("1000"), gone("4000")], [None; 3]);

    known_devices.set_present(&[all[0], all[1], (device(twin), Role::Member)]);
    let tags = ["#2000000".to_owned(), "#2000100".to_owned()];
    assert_eq!(
        known_devices.find(&prefix("2000")),
        TagLookup::Several(tags.to_vec())
    );
    assert_eq!(
        known_devices.find(&prefix("20001")),
        TagLookup::Device(device(twin))
    );
    assert_eq!(known_devices.label(device(32)), "#2000000");
    // The short tag stays ambiguous after the other device has left.
    known_devices.set_present(&all[..2]);
    assert_eq!(
        known_devices.find(&prefix("2000")),
        TagLookup::Several(tags.to_vec())
    );
}

#[test]
fn those_who_left_are_not_remembered_without_end() {
    let mut known_devices = KnownDevices::of_era(device(16));
    for number in 2..=u32::try_from(3 * MAX_GONE).unwrap() {
        known_devices.set_present(&[(device(number * 16), Role::Member)]);
        assert!(known_devices.known.len() <= MAX_GONE + 2);
    }
    assert!(known_devices.is_own(device(16)));
    assert_eq!(known_devices.find(&prefix("1000")), TagLookup::Own);
}
