//! How a client shows who it is.

use anteroom_protocol::Aci;

use crate::{DeviceCredentials, DeviceId, LoginSession};

/// What a client signs its requests with.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// A device's password, in every request.
    Device(DeviceCredentials),
    /// The access token of a login, which is renewed when it is over.
    Login(LoginSession),
}

impl Authentication {
    /// The account.
    #[must_use]
    pub fn aci(&self) -> Aci {
        match self {
            Self::Device(device) => device.aci(),
            Self::Login(session) => session.aci(),
        }
    }

    /// The device.
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
