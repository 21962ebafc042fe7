//! JSON shapes that several endpoints of the login share.

use std::fmt;

use anteroom_http_server::{Problem, bounded_body, problems, require_json};
use anteroom_protocol::Timestamp;
use anteroom_store::{Email, RefreshToken, Session};
use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    access_token::{AccessClaims, LIFETIME},
    cookie, session,
};
use crate::{issuer::IssuerState, wire::private};

/// A text that is wiped on drop. `Debug` does not show it.
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

/// Reads a JSON body; `None` if it has another shape.
///
/// # Errors
/// 415, 413, 408 and 400 for a body that is not JSON, too large, too slow or ends early.
pub(crate) async fn read_json<T: DeserializeOwned>(
    issuer: &IssuerState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<T>, Problem> {
    require_json(headers)?;
    let body = bounded_body(body, &issuer.http).await?;
    Ok(serde_json::from_slice(&body).ok())
}

/// Reads a JSON body as [`read_json`] does. An empty body is the default.
///
/// # Errors
/// Those of [`read_json`].
pub(crate) async fn read_optional_json<T: DeserializeOwned + Default>(
    issuer: &IssuerState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<T>, Problem> {
    let body = bounded_body(body, &issuer.http).await?;
    if body.is_empty() {
        return Ok(Some(T::default()));
    }
    require_json(headers)?;
    Ok(serde_json::from_slice(&body).ok())
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenResponse<'a> {
    /// The token for `Authorization: Bearer`: a JWT that is valid for 15 minutes.
    access_token: &'a str,
    /// The token for `/auth/refresh`. It works once. Missing if it is set as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// `Bearer`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// The account of the session.
    user: UserResponse<'a>,
    /// The device of the session. The next login with this number is the same device.
    #[serde(rename = "deviceId")]
    device_id: u32,
}

#[derive(Serialize, ToSchema)]
struct UserResponse<'a> {
    /// The account id.
    #[schema(format = "uuid", example = "a36c1a6b-a6aa-4861-a755-2391193f5677")]
    id: String,
    /// The email address as it is stored, in lower case.
    email: &'a str,
}

/// The way in which a refresh token is returned: that of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenTransport {
    /// In the body.
    Body,
    /// As a cookie alone.
    Cookie,
}

/// The part of a session that an answer contains.
pub(super) struct TokenGrant {
    pub(super) session: Session,
    pub(super) refresh: RefreshToken,
    pub(super) email: Email,
    /// The time at which the tokens were issued: earlier than now if they are returned again.
    pub(super) issued: Timestamp,
    pub(super) transport: TokenTransport,
}

/// Returns the answer with the tokens of a session. It is the same for the same grant.
pub(super) fn tokens(issuer: &IssuerState, grant: &TokenGrant) -> Response {
    let session = &grant.session;
    let claims = AccessClaims {
        aci: session.aci,
        device: session.device,
        session: session.id,
    };
    let id = issuer
        .database
        .storage_keys()
        .access_token_id(&grant.refresh);
    let Some(access) = issuer.tokens.current().issue(&claims, grant.issued, id) else {
        tracing::error!("there is no key to sign access tokens with");
        return Problem::new(&problems::UNAVAILABLE).into_response();
    };
    let elapsed = issuer
        .now()
        .as_secs()
        .saturating_sub(grant.issued.as_secs());
    let in_body = grant.transport == TokenTransport::Body;
    let mut response = private(TokenResponse {
        access_token: &access,
        refresh_token: in_body.then(|| grant.refresh.as_str()),
        token_type: "Bearer",
        expires_in: LIFETIME.saturating_sub(elapsed),
        user: UserResponse {
            id: session.aci.to_uuid_string(),
            email: grant.email.as_str(),
        },
        device_id: session.device.as_u32(),
    });
    if !in_body {
        let url = &issuer.login.settings.public_url;
        let seconds = session::lifetime(session.remember);
        if let Some(value) = cookie::set(url, &grant.refresh, seconds) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    response
}

/// Adds the removal of the cookie to an answer that refuses the refresh token.
pub(super) fn without_cookie(issuer: &IssuerState, mut response: Response) -> Response {
    if let Some(value) = cookie::removed(&issuer.login.settings.public_url) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
