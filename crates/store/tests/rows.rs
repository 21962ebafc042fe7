//! Row types and their parts.

use anteroom_protocol::{DAY, ParamsId, Timestamp};
use anteroom_store::{
    Device, DeviceId, DeviceIdError, DeviceName, DeviceNameError, PasswordHash, ServerParamsKind,
    ServerParamsRecord,
};
use zeroize::Zeroizing;

#[test]
fn device_ids_are_plain_decimal_numbers_from_1() {
    for (text, number) in [("1", 1), ("127", 127), ("4294967295", u32::MAX)] {
        let id = DeviceId::parse(text).unwrap();
        assert_eq!(id.as_u32(), number);
        assert_eq!(id.to_string(), text);
        assert_eq!(DeviceId::new(number), Some(id));
    }
    for text in [
        "",
        "0",
        "01",
        "+1",
        "-1",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "4294967296",
        "\u{661}",
    ] {
        assert_eq!(DeviceId::parse(text), Err(DeviceIdError), "{text:?}");
    }
    assert_eq!(DeviceId::new(0), None);
    assert_eq!(DeviceId::PRIMARY.as_u32(), 1);
}

#[test]
fn device_names_have_at_most_100_characters() {
    for text in [String::new(), "a".repeat(100), "\u{1F4F1}".repeat(100)] {
        assert_eq!(DeviceName::parse(&text).unwrap().as_str(), text);
    }
    for text in ["a".repeat(101), "\u{1F4F1}".repeat(101)] {
        assert_eq!(DeviceName::parse(&text), Err(DeviceNameError));
    }
}

#[test]
fn a_new_device_was_seen_on_its_first_day() {
    let created = Timestamp::from_secs(10 * DAY + 5);
    let name = DeviceName::parse("name").unwrap();
    let device = Device::new(
        DeviceId::PRIMARY,
        name,
        PasswordHash::from_bytes([0; 32]),
        created,
    );
    assert_eq!(device.last_seen, Timestamp::from_secs(10 * DAY));
    assert!(device.was_seen_on_day_of(created));
    assert!(device.was_seen_on_day_of(Timestamp::from_secs(11 * DAY - 1)));
    assert!(!device.was_seen_on_day_of(Timestamp::from_secs(11 * DAY)));
}

#[test]
fn debug_output_shows_no_secret() {
    let record = ServerParamsRecord {
        id: ParamsId::from_bytes([1; 8]),
        kind: ServerParamsKind::Generic,
        not_before: Timestamp::from_secs(0),
        not_after: None,
        secret: Zeroizing::new(b"SECRET".to_vec()),
    };
    let shown = format!("{record:?}");
    assert!(
        !shown.contains("SECRET") && !shown.contains("83"),
        "{shown}"
    );
    let name = DeviceName::parse("SECRET").unwrap();
    assert_eq!(format!("{name:?}"), "DeviceName(..)");
}
