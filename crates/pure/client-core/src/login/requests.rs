//! The requests of a login and the reading of their answers.

use std::time::Duration;

use anteroom_protocol::Aci;
use anteroom_wire::{
    Secret,
    issuer::{LoginRequest, LogoutRequest, RefreshRequest, TokenResponse},
};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::tokens::{SessionGrant, SessionTokens, SignIn};
use crate::{Answer, DeviceId, IssuerError, Request, Service, TransportFailure};

/// The problem codes for a session that is over.
const SESSION_ENDED: [&str; 2] = ["LOGIN_SESSION_ENDED", "LOGOUT_UNAUTHORIZED"];

/// The maximum length of an email address, in characters.
const MAX_EMAIL_CHARS: usize = 255;
/// The maximum length of a token, in bytes.
const MAX_TOKEN: usize = 4096;

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
    IssuerError::Problem(problem)
}

/// Returns the body of a login.
fn login(attempt: &SignIn) -> LoginRequest {
    LoginRequest {
        email: attempt.email.as_str().into(),
        password: attempt.password.expose_secret().into(),
        remember_me: attempt.remember,
        device_id: attempt.device.map(DeviceId::as_u32),
        device_name: attempt.device_name.as_deref().map(Secret::from),
        refresh_token: attempt.last_refresh.as_ref().map(secret),
        cookie: false,
    }
}

/// Converts a secret.
fn secret(text: &SecretString) -> Secret {
    text.expose_secret().into()
}

/// Validates an answer and converts it to a session.
fn session(body: &TokenResponse) -> Result<SessionGrant, TransportFailure> {
    // These types wipe the secrets on drop, also if the validation fails.
    let access = SecretString::from(body.access_token.as_str());
    let refresh = body
        .refresh_token
        .as_ref()
        .ok_or(TransportFailure::Malformed(
            "the JSON is not the expected one",
        ))?;
    let refresh = SecretString::from(refresh.as_str());
    let email = Zeroizing::new(body.user.email.as_str().to_owned());
    if !body.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TransportFailure::Malformed(
            "its tokens are no bearer tokens",
        ));
    }
    if !is_token(&access) || !is_token(&refresh) {
        return Err(TransportFailure::Malformed("a token has another form"));
    }
    if email.chars().count() > MAX_EMAIL_CHARS || email.contains(char::is_control) {
        return Err(TransportFailure::Malformed("no email address"));
    }
    Ok(SessionGrant {
        aci: Aci::parse(&body.user.id).map_err(|_| TransportFailure::Malformed("no account id"))?,
        device: DeviceId::new(body.device_id).ok_or(TransportFailure::Malformed("no device id"))?,
        email,
        tokens: SessionTokens {
            access: Some(access),
            access_lifetime: Duration::from_secs(body.expires_in),
            refresh,
        },
        granted: None,
    })
}

/// Returns whether the token can be sent in a header (RFC 6750, `b64token`).
fn is_token(token: &SecretString) -> bool {
    let token = token.expose_secret();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_whole_session_is_taken() {
        let good = json!({
            "access_token": "a.b-c_d", "refresh_token": "r", "token_type": "Bearer",
            "expires_in": 900, "deviceId": 2,
            "user": {"id": "8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11", "email": "ann@example.org"},
        });
        let received = |body: serde_json::Value| {
            let body: TokenResponse = serde_json::from_value(body).unwrap();
            session(&body)
        };
        let granted = received(good.clone()).unwrap();
        assert_eq!(granted.device.as_u32(), 2);
        assert_eq!(format!("{granted:?}"), "SessionGrant(..)");
        for (pointer, value) in [
            ("/access_token", json!("")),
            ("/access_token", json!("a\r\nx-header: b")),
            ("/access_token", json!("a".repeat(MAX_TOKEN + 1))),
            ("/refresh_token", json!("é")),
            ("/token_type", json!("mac")),
            ("/deviceId", json!(0)),
            ("/user/id", json!("ann")),
            ("/user/email", json!("a\u{1b}[2J@b")),
            ("/user/email", json!("a".repeat(MAX_EMAIL_CHARS + 1))),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert!(received(bad).is_err(), "{pointer}");
        }
    }
}
