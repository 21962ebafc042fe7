//! `/docs`: a page to read the description. It loads nothing from other hosts.

use anteroom_service::{Problem, problems};
use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Holds the page to this host even if its scripts should want otherwise.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

pub(crate) fn router() -> Router {
    // Without this the page asks an online validator about the description.
    let config = Config::new(["/openapi.json"]).validator_url("none");
    let page = SwaggerUi::new("/docs").config(config);
    Router::from(page).layer(from_fn(hold))
}

async fn hold(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return Problem::new(&problems::NOT_FOUND).into_response();
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
