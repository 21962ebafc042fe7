//! The requests of a login and the reading of their answers.

use anteroom_wire::issuer::{LogoutRequest, RefreshRequest, TokenResponse};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::Serialize;

use super::{
    tokens::{SessionGrant, SignIn},
    wire::{login, secret, session},
};
use crate::{Answer, IssuerError, Request, Service};

/// The problem codes for a session that is over.
const SESSION_ENDED: [&str; 2] = ["LOGIN_SESSION_ENDED", "LOGOUT_UNAUTHORIZED"];

/// Returns the request that starts a session.
#[must_use]
pub fn sign_in(attempt: &SignIn) -> Request {
    post("login", &login(attempt))
}

/// Returns the request that exchanges a refresh token.
#[must_use]
pub fn refresh(token: &SecretString) -> Request {
    let refresh_token = Some(secret(token));
    post("refresh", &RefreshRequest { refresh_token })
}

/// Returns the request that ends the session of a refresh token.
#[must_use]
pub fn sign_out(token: &SecretString) -> Request {
    let refresh_token = Some(secret(token));
    post("logout", &LogoutRequest { refresh_token })
}

/// Returns the request that ends all sessions of the account.
#[must_use]
pub fn sign_out_everywhere(token: &SecretString) -> Request {
    let refresh_token = Some(secret(token));
    post("logout-all", &LogoutRequest { refresh_token })
}

/// Reads the session in the answer to [`sign_in`] or [`refresh`].
///
/// # Errors
/// [`IssuerError::SessionEnded`] if no session continues with the token; [`IssuerError::Problem`]; the answer
/// is malformed.
pub fn read_session(answer: &Answer) -> Result<SessionGrant, IssuerError> {
    if answer.status() != StatusCode::OK {
        return Err(refusal(answer));
    }
    let body: TokenResponse = answer.json()?;
    Ok(SessionGrant {
        granted: answer.time(),
        ..session(&body)?
    })
}

/// Reads the answer to [`sign_out`] or [`sign_out_everywhere`].
///
/// # Errors
/// [`IssuerError::SessionEnded`] if no session has the token; [`IssuerError::Problem`].
pub fn read_end(answer: &Answer) -> Result<(), IssuerError> {
    match answer.status() {
        StatusCode::NO_CONTENT => Ok(()),
        _ => Err(refusal(answer)),
    }
}

fn post(name: &str, body: &impl Serialize) -> Request {
    Request::new(Method::POST, &["auth", name]).with_json(body)
}

fn refusal(answer: &Answer) -> IssuerError {
    let problem = answer.problem(Service::Issuer);
    if SESSION_ENDED.contains(&problem.code.as_str()) {
        return IssuerError::SessionEnded;
    }
    IssuerError::Problem(Box::new(problem))
}
