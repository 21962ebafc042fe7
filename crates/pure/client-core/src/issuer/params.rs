//! The params that the issuer lists.

use http::Method;

use crate::{Answer, IssuerError, PublishedParams, Request, wire::ParamsBody};

/// Returns the request.
#[must_use]
pub fn request() -> Request {
    Request::new(Method::GET, &["v1", "params"])
}

/// Reads the answer.
pub fn read(answer: &Answer) -> Result<PublishedParams, IssuerError> {
    let body: ParamsBody = answer.json()?;
    Ok(PublishedParams::parse(&body, answer.time())?)
}
