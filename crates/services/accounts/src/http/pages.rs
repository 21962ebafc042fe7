//! The start page, and the pages that mails link to. They work without scripts: a form, a button,
//! an answer.
//!
//! Opening a link changes nothing, because programs open the links of mails too. Only the button
//! does.

mod confirm_reset;
mod fields;
mod form;
mod layout;
mod mail_request;
mod sign_up;
mod start;
mod verify;

use std::sync::Arc;

use anteroom_pages::card_style;
use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use http::{HeaderName, HeaderValue, header};

use self::mail_request::{RESEND_PAGE, RESET_PAGE};
use crate::state::AccountsState;

/// Allows only the style sheet, no scripts, forms to this host only, and no frame of another page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// The style sheet, beside each page: pages use no path from the root, because a proxy may serve
/// them under another path. It is not part of the API.
const STYLE_PATHS: [&str; 4] = [
    "/style.css",
    "/account/style.css",
    "/account/verify/style.css",
    "/account/reset/style.css",
];

pub(crate) fn router(accounts: Arc<AccountsState>) -> Router {
    let pages = Router::new()
        .route("/account/signup", get(sign_up::show).post(sign_up::submit))
        .route("/account/verify", get(verify::show).post(verify::submit))
        .route("/account/verify/resend", RESEND_PAGE.routes())
        .route("/account/reset", RESET_PAGE.routes())
        .route(
            "/account/reset/confirm",
            get(confirm_reset::show).post(confirm_reset::submit),
        )
        .layer(from_fn(hold))
        .route("/", start::page(&accounts));
    let with_style = |router: Router<_>, path: &&str| router.route(path, get(card_style));
    STYLE_PATHS
        .iter()
        .fold(pages, with_style)
        .with_state(accounts)
}

/// Sets the headers of these pages. Their URLs contain tokens, which must reach no other host, no
/// index and no cache.
async fn hold(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, fixed("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, fixed("DENY"));
    headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    headers.insert(ROBOTS, fixed("noindex, nofollow"));
    response
}
