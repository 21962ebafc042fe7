//! JSON shapes that several endpoints share.

use anteroom_protocol::Timestamp;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header};
use serde::{Serialize, Serializer};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

/// Standard base64 with padding, as a regular expression.
const BASE64_PATTERN: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

/// Bytes as standard base64 with padding.
pub(crate) struct Base64(Vec<u8>);

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
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

/// A credential and its day.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayCredential {
    /// The response for the protocol's `receive`.
    pub(crate) credential: Base64,
    /// Midnight UTC of the day, in seconds since 1970.
    #[schema(multiple_of = 86_400, example = 1_795_651_200)]
    pub(crate) redemption_time: u64,
}

impl DayCredential {
    pub(crate) fn new(bytes: Vec<u8>, day: Timestamp) -> Self {
        Self {
            credential: bytes.into(),
            redemption_time: day.as_secs(),
        }
    }
}

/// Returns an answer for one account, marked as not to be stored.
pub(crate) fn private<T: Serialize>(body: T) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(body)).into_response()
}
