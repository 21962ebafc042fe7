//! The address of a page elsewhere that pages lead to.

use std::fmt;

use http::Uri;

/// An `http` or `https` URL: no other scheme can stand in a link of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// Parses a URL with a host and the scheme `http` or `https`, and without a user's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let fits = has_host && !has_user && is_web;
        fits.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_http_or_https_url_with_a_host() {
        for (text, is_good) in [
            ("https://example.org/anteroom?lang=en#linux", true),
            ("http://192.0.2.1:8000", true),
            ("HTTPS://example.org", true),
            ("https://ann:word@example.org/", false),
            ("example.org", false),
            ("/anteroom", false),
            ("https://", false),
            ("https:///anteroom", false),
            ("javascript:alert(1)", false),
            ("javascript://example.org/%0aalert(1)", false),
            ("ftp://example.org", false),
            ("https://example.org/a b", false),
            ("", false),
        ] {
            assert_eq!(WebAddress::parse(text).is_some(), is_good, "{text}");
        }
    }
}
