//! What stands in the JSON of several endpoints of the login.

use std::fmt;

use anteroom_service::{Problem, bounded_body, problems, require_json};
use anteroom_store::{Email, RefreshToken, Session};
use axum::{body::Body, response::Response};
use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::access_token::{AccessClaims, LIFETIME};
use crate::{issuer::Core, wire::private};

/// A text that is wiped on drop and shows nothing.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Reads a body of JSON; `None` if it has another form.
///
/// # Errors
/// 415, 413, 408 and 400 for what is no JSON, too large, too slow or broken off.
pub(crate) async fn read_json<T: DeserializeOwned>(
    issuer: &Core,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<T>, Problem> {
    require_json(headers)?;
    let body = bounded_body(body, &issuer.http).await?;
    Ok(serde_json::from_slice(&body).ok())
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenResponse<'a> {
    /// For `Authorization: Bearer`: a JWT that is good for 15 minutes.
    access_token: &'a str,
    /// For `/auth/refresh`, once.
    refresh_token: &'a str,
    /// `Bearer`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// Whose session it is.
    user: UserResponse<'a>,
    /// The device that it belongs to: name it at the next login to stay the same device.
    #[serde(rename = "deviceId")]
    device_id: u32,
}

#[derive(Serialize, ToSchema)]
struct UserResponse<'a> {
    /// The account id.
    #[schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")]
    id: String,
    /// The email address, as it is stored: in small letters.
    email: &'a str,
}

/// The answer that hands out the tokens of a session.
pub(super) fn tokens(
    issuer: &Core,
    session: &Session,
    refresh: &RefreshToken,
    email: &Email,
) -> Response {
    let claims = AccessClaims {
        aci: session.aci,
        device: session.device,
        session: session.id,
    };
    let tokens = issuer.tokens.current();
    let access = tokens.issue(&claims, issuer.now(), &mut *issuer.entropy.rng());
    let Some(access) = access else {
        tracing::error!("there is no key to sign access tokens with");
        return axum::response::IntoResponse::into_response(Problem::new(&problems::UNAVAILABLE));
    };
    private(TokenResponse {
        access_token: &access,
        refresh_token: refresh.as_str(),
        token_type: "Bearer",
        expires_in: LIFETIME,
        user: UserResponse {
            id: session.aci.to_uuid_string(),
            email: email.as_str(),
        },
        device_id: session.device.as_u32(),
    })
}
