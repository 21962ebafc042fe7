//! The request for a sign of life.

use http::Method;

use crate::Request;

/// Returns the request, which carries no presentation. Any answer to it will do.
#[must_use]
pub fn request() -> Request {
    Request::new(Method::GET, &["health", "live"])
}
