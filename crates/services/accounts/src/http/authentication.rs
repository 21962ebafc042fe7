//! The credentials in the headers of a request.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemKind, problems, request_client};
use anteroom_protocol::Aci;
use anteroom_runtime::ClientAddress;
use anteroom_store::DeviceId;
use axum::extract::FromRequestParts;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header, request::Parts};
use zeroize::Zeroizing;

use crate::{
    accounts::Accounts,
    domain::callers::{
        authentication::{Credentials, authenticate},
        caller::Caller,
    },
    state::AccountsState,
};

/// The authentication challenge.
const CHALLENGE: &str = "Basic realm=\"anteroom\", charset=\"UTF-8\", Bearer realm=\"anteroom\"";

impl Accounts {
    /// Authenticates a request.
    ///
    /// # Errors
    /// `unauthorized` if the credentials are missing or wrong, 503 when the database is unavailable
    /// and the caller is not cached, 500 when it fails.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        client: ClientAddress,
        unauthorized: &'static ProblemKind,
    ) -> Result<Caller, Problem> {
        authenticated(&self.0, client, headers, unauthorized).await
    }
}

/// Extracts the caller of a request, as [`Accounts::authenticate`] does, with the general code.
impl FromRequestParts<Arc<AccountsState>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(
        head: &mut Parts,
        accounts: &Arc<AccountsState>,
    ) -> Result<Self, Problem> {
        let client = request_client(&head.extensions);
        authenticated(accounts, client, &head.headers, &problems::UNAUTHORIZED).await
    }
}

async fn authenticated(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    headers: &HeaderMap,
    unauthorized: &'static ProblemKind,
) -> Result<Caller, Problem> {
    let caller = authenticate(accounts, &credentials(headers), client).await?;
    caller.ok_or_else(|| unauthenticated(unauthorized))
}

/// Returns the answer to a caller who is not authenticated, with the endpoint's code.
pub(crate) fn unauthenticated(kind: &'static ProblemKind) -> Problem {
    Problem::new(kind).challenge(CHALLENGE)
}

/// Parses the credentials of the headers.
pub(crate) fn credentials(headers: &HeaderMap) -> Credentials {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Credentials::Nothing;
    };
    let split = value.to_str().ok().and_then(|value| value.split_once(' '));
    match split {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => {
            basic(token.trim_matches(' ')).unwrap_or(Credentials::Nothing)
        }
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Credentials::Bearer(Zeroizing::new(token.trim_matches(' ').to_owned()))
        }
        _ => Credentials::Nothing,
    }
}

/// Parses `base64(ACI.deviceId:password)`. The id of the first device may be missing.
fn basic(token: &str) -> Option<Credentials> {
    let decoded = Zeroizing::new(STANDARD.decode(token).ok()?);
    let (name, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    let (aci, device) = match name.split_once('.') {
        Some((aci, device)) => (aci, DeviceId::parse(device).ok()?),
        None => (name, DeviceId::PRIMARY),
    };
    Some(Credentials::Device {
        aci: Aci::parse(aci).ok()?,
        device,
        password: Zeroizing::new(password.to_owned()),
    })
}
