//! The report of a device of the issuer's database.

use anteroom_console::device_report::DeviceReport;
use anteroom_protocol::Timestamp;
use anteroom_store::{Device, DeviceRetention};

/// Returns the report of a row of the database.
pub(crate) fn report_of<'a>(
    device: &'a Device,
    retention: DeviceRetention,
    now: Timestamp,
) -> DeviceReport<'a> {
    DeviceReport {
        id: device.id.as_u32(),
        name: device.name.as_str(),
        created: device.created.as_secs(),
        last_seen: device.last_seen.as_secs(),
        last_address: device.last_address.map(|address| address.to_string()),
        state: retention.state(Some(device), now).as_str(),
        current: None,
    }
}
