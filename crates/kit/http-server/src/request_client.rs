//! The client of a request, for handlers.

use std::convert::Infallible;

use anteroom_runtime::ClientAddress;
use axum::extract::FromRequestParts;
use http::{Extensions, request::Parts};

/// The extractor of a request's [`ClientAddress`].
///
/// It never fails: a request without a connection, as in a test, has [`ClientAddress::UNKNOWN`].
#[derive(Clone, Copy, Debug)]
pub struct RequestClient(pub ClientAddress);

/// Returns the address of the client of a request with these extensions.
#[must_use]
pub fn request_client(extensions: &Extensions) -> ClientAddress {
    let address = extensions.get::<ClientAddress>();
    address.copied().unwrap_or(ClientAddress::UNKNOWN)
}

impl<S: Sync> FromRequestParts<S> for RequestClient {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request_client(&parts.extensions)))
    }
}
