//! Credentials in answers.

use anteroom_protocol::Timestamp;
use anteroom_wire::issuer::DayCredential;

/// Returns a credential and its day.
pub(crate) fn day_credential((credential, day): &(Vec<u8>, Timestamp)) -> DayCredential {
    DayCredential {
        credential: credential.as_slice().into(),
        redemption_time: day.as_secs(),
    }
}
