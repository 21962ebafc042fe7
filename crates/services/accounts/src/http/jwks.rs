//! `GET /.well-known/jwks.json`: shows the keys that verify access tokens.

use std::sync::Arc;

use anteroom_wire::issuer::{Jwk, JwksResponse};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};

use crate::{domain::tokens::access_token::PublicTokenKey, state::AccountsState};

/// Shorter than the lifetime of an access token.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

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
    let keys = keys.into_iter().map(jwk).collect();
    (
        [(header::CACHE_CONTROL, CACHE_CONTROL)],
        Json(JwksResponse { keys }),
    )
        .into_response()
}

fn jwk(key: PublicTokenKey) -> Jwk {
    Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        alg: "EdDSA".to_owned(),
        usage: "sig".to_owned(),
        kid: key.id,
        x: key.x,
    }
}
