//! The client of the issuer's login over HTTP.

use anteroom_client_core::{Answer, Request, login::requests};
use secrecy::SecretString;
use url::Url;

use crate::{
    IssuerError, ServiceAddress, SessionGrant, SignIn, Timeouts,
    transport::{MAX_ISSUER_ANSWER, Transport},
};

/// The client for signing in at an issuer and signing out.
#[derive(Clone, Debug)]
pub struct LoginClient {
    transport: Transport,
}

impl LoginClient {
    /// Creates a client of the issuer at `base_url`, such as `https://issuer.example`.
    ///
    /// # Errors
    /// The URL cannot be used, or the TLS certificates of the system cannot be read.
    pub fn new(
        base_url: impl Into<ServiceAddress>,
        timeouts: Timeouts,
    ) -> Result<Self, IssuerError> {
        Ok(Self {
            transport: Transport::new(&base_url.into(), timeouts, MAX_ISSUER_ANSWER)?,
        })
    }

    /// Returns the issuer's address.
    #[must_use]
    pub const fn base_url(&self) -> &Url {
        &self.transport.base
    }

    /// Returns whether passwords and tokens would cross a network unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.transport.is_exposed()
    }

    /// Starts a session.
    ///
    /// # Errors
    /// [`IssuerError::Problem`] with a code that begins with `LOGIN_` or `DEVICE_` if the issuer refuses;
    /// else the request failed, or its answer is malformed.
    pub async fn sign_in(&self, attempt: &SignIn) -> Result<SessionGrant, IssuerError> {
        requests::read_session(&self.send(requests::sign_in(attempt)).await?)
    }

    /// Exchanges a refresh token. The issuer gives the same answer to the token again for 10 seconds, and
    /// ends the session if it is presented later. [`LoginSession`](super::LoginSession) serializes and stores
    /// the exchanges as its module describes.
    ///
    /// # Errors
    /// [`IssuerError::SessionEnded`] if no session continues with this token; else the request failed, or its
    /// answer is malformed.
    pub async fn refresh(&self, token: &SecretString) -> Result<SessionGrant, IssuerError> {
        requests::read_session(&self.send(requests::refresh(token)).await?)
    }

    /// Ends the session of a refresh token, also of one that was exchanged. Without such a session nothing
    /// changes.
    ///
    /// # Errors
    /// The request failed, or was refused.
    pub async fn sign_out(&self, token: &SecretString) -> Result<(), IssuerError> {
        requests::read_end(&self.send(requests::sign_out(token)).await?)
    }

    /// Ends all sessions of the account, that of the refresh token included.
    ///
    /// # Errors
    /// [`IssuerError::SessionEnded`] if no session has this token; else the request failed, or was refused.
    pub async fn sign_out_everywhere(&self, token: &SecretString) -> Result<(), IssuerError> {
        requests::read_end(&self.send(requests::sign_out_everywhere(token)).await?)
    }

    async fn send(&self, request: Request) -> Result<Answer, IssuerError> {
        Ok(self.transport.exchange(&request).await?)
    }
}
