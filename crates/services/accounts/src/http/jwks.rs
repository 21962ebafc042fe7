//! `GET /.well-known/jwks.json`: shows the keys that verify access tokens.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{domain::tokens::access_token::PublicTokenKey, state::AccountsState};

/// Shorter than the lifetime of an access token.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(crate) struct JwksResponse {
    /// The keys, newest first. The newest signs.
    keys: Vec<Jwk>,
}

/// An Ed25519 key (RFC 8037).
#[derive(Serialize, ToSchema)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    /// The thumbprint (RFC 7638).
    kid: String,
    /// The public key, as base64url.
    x: String,
}

impl From<PublicTokenKey> for Jwk {
    fn from(key: PublicTokenKey) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key.id,
            x: key.x,
        }
    }
}

/// Shows the public keys of access tokens.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "login",
    responses((status = OK, body = JwksResponse, description = "The keys.",
        headers(("Cache-Control" = String))))
)]
pub(crate) async fn jwks(State(accounts): State<Arc<AccountsState>>) -> Response {
    let keys = accounts.tokens.current().public_keys(accounts.now());
    let keys = keys.into_iter().map(Jwk::from).collect();
    (
        [(header::CACHE_CONTROL, CACHE_CONTROL)],
        Json(JwksResponse { keys }),
    )
        .into_response()
}
