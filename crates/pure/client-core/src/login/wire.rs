//! The bodies of the login requests and answers, and this crate's types.

use std::time::Duration;

use anteroom_protocol::Aci;
use anteroom_wire::{
    Secret,
    issuer::{LoginRequest, TokenResponse},
};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::tokens::{SessionGrant, SessionTokens, SignIn};
use crate::{DeviceId, TransportFailure};

/// The maximum length of an email address, in characters.
const MAX_EMAIL_CHARS: usize = 255;
/// The maximum length of a token, in bytes.
const MAX_TOKEN: usize = 4096;

/// Returns the body of a login.
pub(super) fn login(attempt: &SignIn) -> LoginRequest {
    LoginRequest {
        email: attempt.email.as_str().into(),
        password: attempt.password.expose_secret().into(),
        remember_me: attempt.remember,
        device_id: attempt.device.map(DeviceId::number),
        device_name: attempt.device_name.as_deref().map(Secret::from),
        refresh_token: attempt.last_refresh.as_ref().map(secret),
        cookie: false,
    }
}

/// Converts a secret.
pub(super) fn secret(text: &SecretString) -> Secret {
    text.expose_secret().into()
}

/// Validates an answer and converts it to a session.
pub(super) fn session(body: &TokenResponse) -> Result<SessionGrant, TransportFailure> {
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
        assert_eq!(granted.device.number(), 2);
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
