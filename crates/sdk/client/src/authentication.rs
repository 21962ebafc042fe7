//! The authentication of a client at the issuer.

use anteroom_protocol::Aci;

use crate::{DeviceCredentials, DeviceId, LoginSession};

/// The secret that authenticates the requests of a client to the issuer.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// A device's password, sent in every request.
    Device(DeviceCredentials),
    /// The access token of a login. It is renewed after the issuer has refused it.
    Login(LoginSession),
}

impl Authentication {
    /// Returns the id of the account.
    #[must_use]
    pub fn aci(&self) -> Aci {
        match self {
            Self::Device(device) => device.aci(),
            Self::Login(session) => session.aci(),
        }
    }

    /// Returns the number of the device within the account.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        match self {
            Self::Device(device) => device.device(),
            Self::Login(session) => session.device(),
        }
    }
}

impl From<DeviceCredentials> for Authentication {
    fn from(device: DeviceCredentials) -> Self {
        Self::Device(device)
    }
}

impl From<LoginSession> for Authentication {
    fn from(session: LoginSession) -> Self {
        Self::Login(session)
    }
}
