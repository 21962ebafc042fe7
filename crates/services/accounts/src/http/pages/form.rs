//! The fields of a sent form, and of a URL's query.

use anteroom_http_server::{HttpLimits, Problem, bounded_body, problems};
use anteroom_wire::Secret;
use axum::{body::Bytes, extract::Request};
use http::{Uri, header};
use zeroize::Zeroizing;

const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// The fields of a form.
pub(crate) struct Form(Bytes);

impl Form {
    /// Reads a body of [`FORM_TYPE`].
    ///
    /// # Errors
    /// 415, 413, 408 and 400 for a body that is not a form, too large, too slow or ends early.
    pub(crate) async fn read(limits: &HttpLimits, request: Request) -> Result<Self, Problem> {
        let mut types = request.headers().get_all(header::CONTENT_TYPE).iter();
        let essence = match (types.next(), types.next()) {
            (Some(value), None) => value.to_str().ok().and_then(|text| text.split(';').next()),
            _ => None,
        };
        if !essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM_TYPE)) {
            return Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE));
        }
        bounded_body(request.into_body(), limits).await.map(Self)
    }

    /// Returns a field that was sent once; an empty text otherwise.
    pub(crate) fn field(&self, name: &str) -> Secret {
        only(&self.0, name)
    }
}

/// Returns a member of the query that occurs once; an empty text otherwise.
pub(crate) fn member(uri: &Uri, name: &str) -> Secret {
    only(uri.query().unwrap_or_default().as_bytes(), name)
}

fn only(encoded: &[u8], name: &str) -> Secret {
    let mut values = form_urlencoded::parse(encoded).filter(|(key, _)| key == name);
    let text = match (values.next(), values.next()) {
        (Some((_, text)), None) => text.into_owned(),
        _ => String::new(),
    };
    Secret::new(Zeroizing::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_counts_if_it_is_there_once() {
        for (encoded, expected) in [
            ("token=a", "a"),
            ("x=y&token=a+b%20c%C3%A9", "a b cé"),
            ("token=", ""),
            ("token", ""),
            ("", ""),
            ("x=y", ""),
            ("token=a&token=a", ""),
            ("token=%FF", "\u{fffd}"),
        ] {
            assert_eq!(
                only(encoded.as_bytes(), "token").as_str(),
                expected,
                "{encoded}"
            );
        }
    }
}
