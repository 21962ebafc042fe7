//! The client of the issuer's login over HTTP.

use http::StatusCode;
use reqwest::Method;
use secrecy::SecretString;
use serde::Serialize;
use url::Url;

use super::{
    SessionGrant, SignIn,
    wire::{LoginBody, RefreshTokenBody, TokensBody},
};
use crate::{
    IssuerError, Service, ServiceAddress, Timeouts,
    transport::{Answer, MAX_ISSUER_ANSWER, Transport},
};

/// The problem codes for a session that is over.
const SESSION_ENDED: [&str; 2] = ["LOGIN_SESSION_ENDED", "LOGOUT_UNAUTHORIZED"];

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
        self.transport.base()
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
        let answer = self.post("login", &LoginBody::new(attempt)).await?;
        received(&answer)
    }

    /// Exchanges a refresh token. The issuer gives the same answer to the token again for 10 seconds, and
    /// ends the session if it is presented later. [`LoginSession`](super::LoginSession) serializes and stores
    /// the exchanges as its module describes.
    ///
    /// # Errors
    /// [`IssuerError::SessionEnded`] if no session continues with this token; else the request failed, or its
    /// answer is malformed.
    pub async fn refresh(&self, token: &SecretString) -> Result<SessionGrant, IssuerError> {
        let answer = self.post("refresh", &RefreshTokenBody::new(token)).await?;
        received(&answer)
    }

    /// Ends the session of a refresh token, also of one that was exchanged. Without such a session nothing
    /// changes.
    ///
    /// # Errors
    /// The request failed, or was refused.
    pub async fn sign_out(&self, token: &SecretString) -> Result<(), IssuerError> {
        self.end("logout", token).await
    }

    /// Ends all sessions of the account, that of the refresh token included.
    ///
    /// # Errors
    /// [`IssuerError::SessionEnded`] if no session has this token; else the request failed, or was refused.
    pub async fn sign_out_everywhere(&self, token: &SecretString) -> Result<(), IssuerError> {
        self.end("logout-all", token).await
    }

    async fn end(&self, name: &str, token: &SecretString) -> Result<(), IssuerError> {
        let answer = self.post(name, &RefreshTokenBody::new(token)).await?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(refusal(&answer)),
        }
    }

    async fn post(&self, name: &str, body: &impl Serialize) -> Result<Answer, IssuerError> {
        let request = self.transport.request(Method::POST, &["auth", name])?;
        Ok(self.transport.exchange(request.json(body)).await?)
    }
}

fn received(answer: &Answer) -> Result<SessionGrant, IssuerError> {
    if answer.status() != StatusCode::OK {
        return Err(refusal(answer));
    }
    let body: TokensBody = answer.json()?;
    Ok(SessionGrant {
        granted: answer.time(),
        ..body.received()?
    })
}

fn refusal(answer: &Answer) -> IssuerError {
    let problem = answer.problem(Service::Issuer);
    if SESSION_ENDED.contains(&problem.code.as_str()) {
        return IssuerError::SessionEnded;
    }
    IssuerError::Problem(Box::new(problem))
}
