//! The account of a device.

use anteroom_protocol::{Aci, AuthSalt, Pni};
use anteroom_wire::{Base64, issuer::WhoamiResponse};
use http::Method;

use crate::{Answer, DeviceId, IssuerError, Request, TransportFailure};

/// An account as the issuer describes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountInfo {
    /// The account id.
    pub aci: Aci,
    /// The phone-number id; `None` if the account has none.
    pub pni: Option<Pni>,
    /// The device that sent the request.
    pub device: DeviceId,
    /// The salt that replaces the PNI in the group credentials of an account without one.
    pub auth_salt: Option<AuthSalt>,
}

/// Returns the request.
#[must_use]
pub fn request() -> Request {
    Request::new(Method::GET, &["v1", "accounts", "whoami"])
}

/// Reads the answer to this device of this account.
///
/// # Errors
/// The answer is malformed, or names another account or device.
pub fn read(answer: &Answer, aci: Aci, device: DeviceId) -> Result<AccountInfo, IssuerError> {
    let body: WhoamiResponse = answer.json()?;
    let named = Aci::parse(&body.uuid).map_err(|_| TransportFailure::Malformed("no account id"))?;
    if named != aci || body.device_id != device.as_u32() {
        return Err(TransportFailure::Malformed("it names another account or device").into());
    }
    let pni = body.pni.as_deref().map(parse_pni).transpose()?;
    let salt = body.auth_credential_salt.as_ref().map(Base64::as_bytes);
    Ok(AccountInfo {
        aci,
        pni,
        device,
        auth_salt: salt.map(parse_salt).transpose()?,
    })
}

/// Parses a PNI of an answer.
pub(super) fn parse_pni(text: &str) -> Result<Pni, TransportFailure> {
    Pni::parse(text).map_err(|_| TransportFailure::Malformed("no PNI"))
}

fn parse_salt(bytes: &[u8]) -> Result<AuthSalt, TransportFailure> {
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| TransportFailure::Malformed("a salt has another length"))?;
    Ok(AuthSalt::from_bytes(bytes))
}
