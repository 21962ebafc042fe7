//! The row types of the issuer.

use anteroom_protocol::{DAY, ParamsId, Timestamp};
use anteroom_store::{
    Device, DeviceId, DeviceIdError, DeviceName, PasswordHash, ServerParamsKind, ServerParamsRecord,
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
fn a_new_device_was_seen_when_it_was_added() {
    let created = Timestamp::from_secs(10 * DAY + 5);
    let name = DeviceName::parse("name").unwrap();
    let device = Device::new(
        DeviceId::PRIMARY,
        name,
        PasswordHash::from_bytes([0; 32]),
        created,
    );
    assert_eq!((device.last_seen, device.last_address), (created, None));
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
