//! The account of a guest, for somebody without a login.

use anteroom_protocol::Aci;
use anteroom_wire::issuer::{GuestRequest, GuestResponse};
use http::Method;
use secrecy::SecretString;

use crate::{Answer, DeviceCredentials, DeviceId, IssuerError, Request, TransportFailure};

/// Returns the request, which nobody authenticates.
#[must_use]
pub fn request() -> Request {
    Request::new(Method::POST, &["v1", "guests"]).with_json(&GuestRequest {})
}

/// Reads the answer: the credentials of the account's device.
///
/// # Errors
/// The answer is malformed.
pub fn read(answer: &Answer) -> Result<DeviceCredentials, IssuerError> {
    let body: GuestResponse = answer.json()?;
    let malformed = TransportFailure::Malformed("the account of a guest does not parse");
    let (Ok(aci), Some(device)) = (Aci::parse(&body.uuid), DeviceId::new(body.device_id)) else {
        return Err(malformed.into());
    };
    let password = SecretString::from(body.password.as_str());
    Ok(DeviceCredentials::new(aci, device, password))
}
