//! The refresh token as a cookie, for browsers. Scripts cannot read it.
//!
//! No other site can use it. With `SameSite=Strict` browsers do not send it with requests that
//! another site causes. The operations that accept it require a body of `application/json`, which a
//! form cannot send, and a script of another origin only after a preflight that this service does
//! not answer.

use anteroom_store::RefreshToken;
use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroizing;

/// The name of the cookie.
pub(crate) const NAME: &str = "anteroom_refresh";
/// The path for which the cookie is sent, below the path of the service.
const PATH: &str = "/auth";

/// Returns whether a cookie of this name exists, with any value.
pub(crate) fn is_there(headers: &HeaderMap) -> bool {
    values(headers).next().is_some()
}

/// Returns the token of the only cookie of this name.
pub(crate) fn shown(headers: &HeaderMap) -> Option<RefreshToken> {
    let mut values = values(headers);
    match (values.next(), values.next()) {
        (Some(value), None) => RefreshToken::parse(value),
        _ => None,
    }
}

fn values(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| (name == NAME).then_some(value))
}

/// Returns the header that sets the cookie for `seconds` seconds.
pub(crate) fn set(public_url: &str, token: &RefreshToken, seconds: u64) -> Option<HeaderValue> {
    cookie(public_url, token.as_str(), seconds)
}

/// Returns the header that removes the cookie.
pub(crate) fn removed(public_url: &str) -> Option<HeaderValue> {
    cookie(public_url, "", 0)
}

fn cookie(public_url: &str, value: &str, seconds: u64) -> Option<HeaderValue> {
    let path = path(public_url);
    let text = Zeroizing::new(format!(
        "{NAME}={value}; Path={path}; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict"
    ));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns the path of the login's operations as a browser requests it, also behind a proxy that
/// serves this service below a path of its own.
fn path(public_url: &str) -> String {
    let authority = public_url.split_once("://").map_or("", |(_, rest)| rest);
    let prefix = authority.find('/').map_or("", |slash| {
        authority
            .get(slash..)
            .unwrap_or_default()
            .trim_end_matches('/')
    });
    if prefix.contains([';', ',', ' ', '?', '#']) {
        return PATH.to_owned();
    }
    format!("{prefix}{PATH}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_http_only_secure_same_site_strict_and_for_auth_alone() {
        let token = RefreshToken::parse(&"A".repeat(43)).unwrap();
        for (url, path) in [
            ("https://issuer.example", "/auth"),
            ("https://issuer.example/", "/auth"),
            ("https://example.org/issuer", "/issuer/auth"),
            ("https://example.org/a/b/", "/a/b/auth"),
            ("https://example.org/a;b", "/auth"),
            ("nonsense", "/auth"),
        ] {
            let value = set(url, &token, 604_800).unwrap();
            assert!(value.is_sensitive());
            assert_eq!(
                value.to_str().unwrap(),
                format!(
                    "anteroom_refresh={}; Path={path}; Max-Age=604800; HttpOnly; Secure; \
                     SameSite=Strict",
                    token.as_str()
                )
            );
        }
        assert_eq!(
            removed("https://issuer.example").unwrap(),
            "anteroom_refresh=; Path=/auth; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
        );
    }

    #[test]
    fn a_cookie_counts_if_it_is_there_once() {
        let token = "A".repeat(43);
        for (values, expected) in [
            (vec![format!("anteroom_refresh={token}")], true),
            (vec![format!("a=b; anteroom_refresh={token}; c=d")], true),
            (
                vec!["a=b".to_owned(), format!("anteroom_refresh={token}")],
                true,
            ),
            (
                vec![format!("anteroom_refresh={token}; anteroom_refresh=x")],
                false,
            ),
            (vec![format!("Anteroom_refresh={token}")], false),
            (vec!["anteroom_refresh=".to_owned()], false),
            (vec![String::new()], false),
            (vec![], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(header::COOKIE, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(shown(&headers).is_some(), expected, "{values:?}");
        }
    }
}
