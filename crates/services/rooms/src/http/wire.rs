//! JSON shapes that several endpoints share.

use std::fmt;

use anteroom_call::Participant;
use anteroom_http_server::{HttpLimits, Problem, bounded_body, problems, require_json};
use anteroom_protocol::{LinkState, Restrictions};
use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use zeroize::Zeroizing;

/// Standard base64 with padding, as a regular expression.
const BASE64_PATTERN: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

/// Bytes as standard base64 with padding. `Debug` shows the length only. The bytes are wiped on
/// drop.
pub(crate) struct Base64(Zeroizing<Vec<u8>>);

impl Base64 {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl From<&[u8]> for Base64 {
    fn from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.as_bytes()))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = STANDARD
            .decode(text.as_bytes())
            .map_err(|_| serde::de::Error::custom("not base64"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

impl utoipa::PartialSchema for Base64 {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .content_encoding("base64")
            .pattern(Some(BASE64_PATTERN))
            .into()
    }
}

impl ToSchema for Base64 {}

/// The restriction of joins without approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum RestrictionsBody {
    /// All holders of the link may join.
    None,
    /// Users that an admin approves may join.
    AdminApproval,
}

impl From<Restrictions> for RestrictionsBody {
    fn from(restrictions: Restrictions) -> Self {
        match restrictions {
            Restrictions::None => Self::None,
            Restrictions::AdminApproval => Self::AdminApproval,
        }
    }
}

/// The state of a call link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkStateBody {
    restrictions: RestrictionsBody,
    /// The encrypted name; may be empty.
    name: Base64,
    /// Whether the link is revoked.
    revoked: bool,
    /// The time from which the link is expired, in seconds since 1970.
    expiration: u64,
    /// The time from which the link no longer exists, in seconds since 1970.
    delete_at: u64,
    /// Present only in the answer to a create, and only if this service uses epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u32>,
}

impl LinkStateBody {
    pub(crate) fn with_epoch(mut self, epoch: Option<u32>) -> Self {
        self.epoch = epoch;
        self
    }
}

impl From<&LinkState> for LinkStateBody {
    fn from(link: &LinkState) -> Self {
        Self {
            restrictions: link.restrictions.into(),
            name: Base64::from(&*link.name),
            revoked: link.revoked,
            expiration: link.expiration.as_secs(),
            delete_at: link.delete_at.as_secs(),
            epoch: None,
        }
    }
}

/// A device in a call. Only admins in the call see the user id of a pending device.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParticipantBody {
    /// Hex in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_user_id: Option<String>,
    demux_id: u32,
}

impl ParticipantBody {
    pub(crate) fn new(user: Option<&str>, demux_id: u32) -> Self {
        Self {
            opaque_user_id: user.map(str::to_owned),
            demux_id,
        }
    }
}

impl From<&Participant> for ParticipantBody {
    fn from(participant: &Participant) -> Self {
        let user = participant.opaque_user_id.as_ref();
        Self::new(
            user.map(anteroom_protocol::OpaqueUserId::as_str),
            participant.demux_id.value(),
        )
    }
}

/// `{"reason": ...}`: the reason for a 404.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reason {
    /// The link is revoked or expired.
    Expired,
    /// The link does not exist.
    Invalid,
}

/// The body of a 404 with a reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonBody {
    reason: Reason,
}

/// 404 with a reason.
pub(crate) fn not_found(reason: Reason) -> Response {
    let mut response = private(ReasonBody { reason });
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// 404 with an empty body.
pub(crate) fn no_call() -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::NOT_FOUND, no_store).into_response()
}

/// 307 to the same request at `url`.
pub(crate) fn redirect(url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return Problem::new(&problems::INTERNAL).into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::TEMPORARY_REDIRECT, headers).into_response()
}

/// 200 with a body for one caller, marked as not to be stored.
pub(crate) fn private<T: Serialize>(body: T) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(body)).into_response()
}

/// `{}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmptyBody {}

/// 200 with `{}`.
pub(crate) fn nothing() -> Response {
    private(EmptyBody {})
}

/// Reads a JSON body.
///
/// # Errors
/// 415 for another type, 413 for a body that is too large, 408 for a body that does not arrive in
/// time, 400 for a body that is not JSON, 422 for JSON of another shape.
pub(crate) async fn json_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limits: &HttpLimits,
) -> Result<T, Problem> {
    require_json(headers)?;
    let body = bounded_body(body, limits).await?;
    serde_json::from_slice(&body).map_err(|error| {
        Problem::new(if error.is_data() {
            &problems::UNPROCESSABLE
        } else {
            &problems::BAD_REQUEST
        })
    })
}
