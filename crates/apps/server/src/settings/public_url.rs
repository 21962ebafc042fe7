//! The URL under which others reach a service.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// A URL with its scheme, its host and its path, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PublicUrl(String);

/// The fault of a text that is no public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    #[error(
        "a public URL begins with https:// or http://: write the whole of it, such as \
         https://calls.example or https://example.org/rooms"
    )]
    Scheme,
    #[error(
        "no public URL: after https:// there must be a host, and a port if it is not 443, such as \
         https://calls.example:8443"
    )]
    Host,
    #[error(
        "no public URL: write scheme, host, port and path alone, without a user name, a ? or a #"
    )]
    Surplus,
}

impl TryFrom<String> for PublicUrl {
    type Error = PublicUrlError;

    fn try_from(text: String) -> Result<Self, PublicUrlError> {
        let text = text.trim().trim_end_matches('/');
        let is_http = ["https://", "http://"].iter().any(|scheme| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        if !is_http {
            return Err(PublicUrlError::Scheme);
        }
        let url = Url::parse(text).map_err(|_| PublicUrlError::Host)?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !text.contains(char::is_whitespace);
        if !is_plain {
            return Err(PublicUrlError::Surplus);
        }
        Ok(Self(text.to_owned()))
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

impl Deref for PublicUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_a_scheme_and_a_host() {
        for (text, expected) in [
            ("https://calls.example", Ok("https://calls.example")),
            (
                "https://calls.example:8443/",
                Ok("https://calls.example:8443"),
            ),
            (
                "HTTPS://Calls.example/Rooms/",
                Ok("HTTPS://Calls.example/Rooms"),
            ),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://[::1]:8080", Ok("http://[::1]:8080")),
            ("localhost:28910", Err(PublicUrlError::Scheme)),
            ("calls.example", Err(PublicUrlError::Scheme)),
            ("//calls.example", Err(PublicUrlError::Scheme)),
            ("https:calls.example", Err(PublicUrlError::Scheme)),
            ("ftp://calls.example", Err(PublicUrlError::Scheme)),
            ("wss://calls.example", Err(PublicUrlError::Scheme)),
            ("https://", Err(PublicUrlError::Scheme)),
            ("https://:8080", Err(PublicUrlError::Host)),
            ("https://calls.example:x", Err(PublicUrlError::Host)),
            ("https://calls.example:65536", Err(PublicUrlError::Host)),
            ("https://ann@calls.example", Err(PublicUrlError::Surplus)),
            ("https://calls.example/?a=b", Err(PublicUrlError::Surplus)),
            ("https://calls.example/#a", Err(PublicUrlError::Surplus)),
            ("https://calls.example/a b", Err(PublicUrlError::Surplus)),
        ] {
            let parsed = PublicUrl::try_from(text.to_owned());
            assert_eq!(
                parsed.as_deref(),
                expected.as_ref().map(|url| *url),
                "{text}"
            );
        }
    }
}
