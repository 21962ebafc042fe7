//! The row types of the issuer.

use anteroom_protocol::{DAY, ParamsId, Timestamp};
use anteroom_store::{
    Device, DeviceId, DeviceName, PasswordHash, ServerParamsKind, ServerParamsRecord,
};
use zeroize::Zeroizing;

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
