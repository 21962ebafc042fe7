//! The JSON of the login requests and answers.

use std::time::Duration;

use anteroom_protocol::Aci;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{SessionGrant, SessionTokens, SignIn};
use crate::{DeviceId, failure::TransportFailure};

/// The maximum length of an email address, in characters.
const MAX_EMAIL_CHARS: usize = 255;
/// The maximum length of a token, in bytes.
const MAX_TOKEN: usize = 4096;

#[derive(Serialize)]
pub(super) struct LoginBody<'a> {
    email: &'a str,
    password: &'a str,
    remember_me: bool,
    #[serde(rename = "deviceId", skip_serializing_if = "Option::is_none")]
    device_id: Option<u32>,
    #[serde(rename = "deviceName", skip_serializing_if = "Option::is_none")]
    device_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct RefreshTokenBody<'a> {
    refresh_token: &'a str,
}

#[derive(Deserialize)]
pub(super) struct TokensBody {
    access_token: String,
    refresh_token: String,
    token_type: String,
    expires_in: u64,
    user: UserBody,
    #[serde(rename = "deviceId")]
    device_id: u32,
}

#[derive(Deserialize)]
struct UserBody {
    id: String,
    email: String,
}

impl<'a> LoginBody<'a> {
    pub(super) fn new(attempt: &'a SignIn) -> Self {
        Self {
            email: &attempt.email,
            password: attempt.password.expose_secret(),
            remember_me: attempt.remember,
            device_id: attempt.device.map(DeviceId::number),
            device_name: attempt.device_name.as_deref(),
            refresh_token: attempt
                .last_refresh
                .as_ref()
                .map(ExposeSecret::expose_secret),
        }
    }
}

impl<'a> RefreshTokenBody<'a> {
    pub(super) fn new(token: &'a SecretString) -> Self {
        Self {
            refresh_token: token.expose_secret(),
        }
    }
}

impl TokensBody {
    /// Validates the answer and converts it to a session.
    pub(super) fn received(self) -> Result<SessionGrant, TransportFailure> {
        // These types wipe the secrets on drop, also if the validation fails.
        let access = SecretString::from(self.access_token);
        let refresh = SecretString::from(self.refresh_token);
        let email = Zeroizing::new(self.user.email);
        if !self.token_type.eq_ignore_ascii_case("bearer") {
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
            aci: Aci::parse(&self.user.id)
                .map_err(|_| TransportFailure::Malformed("no account id"))?,
            device: DeviceId::new(self.device_id)
                .ok_or(TransportFailure::Malformed("no device id"))?,
            email,
            tokens: SessionTokens {
                access: Some(access),
                access_lifetime: Duration::from_secs(self.expires_in),
                refresh,
            },
            granted: None,
        })
    }
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
            let body: TokensBody = serde_json::from_value(body).unwrap();
            body.received()
        };
        let session = received(good.clone()).unwrap();
        assert_eq!(session.device.number(), 2);
        assert_eq!(format!("{session:?}"), "SessionGrant(..)");
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
