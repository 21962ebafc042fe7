//! Reading a request's body within bounds.

use axum::body::{Body, Bytes};
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::HttpLimits;
use crate::{Problem, problems};

/// Whether the headers say that the body is JSON; parameters such as a charset are allowed.
///
/// # Errors
/// 415 when they say anything else or nothing.
pub fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let essence = match (values.next(), values.next()) {
        (Some(value), None) => value
            .to_str()
            .ok()
            .and_then(|value| value.split(';').next()),
        _ => None,
    };
    match essence {
        Some(essence) if essence.trim().eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE)),
    }
}

/// Reads a body, no further than the limits go.
///
/// # Errors
/// 413 for a body that is too large (at once when its length is announced), 408 for one that does
/// not arrive in time, 400 for one that breaks off.
pub async fn bounded_body(body: Body, limits: &HttpLimits) -> Result<Bytes, Problem> {
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > u64::try_from(limits.body_bytes).unwrap_or(u64::MAX) {
        return Err(Problem::new(&problems::PAYLOAD_TOO_LARGE));
    }
    let limited = Limited::new(body, limits.body_bytes);
    match tokio::time::timeout(limits.body_timeout, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(&problems::PAYLOAD_TOO_LARGE))
        }
        Ok(Err(_)) => Err(Problem::new(&problems::BAD_REQUEST)),
        Err(_) => Err(Problem::new(&problems::REQUEST_TIMEOUT)),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_one_content_type_and_only_json_is_json() {
        for (values, expected) in [
            (&["application/json"][..], true),
            (&["application/json; charset=utf-8"], true),
            (&["Application/JSON ;x=y"], true),
            (&[], false),
            (&["text/plain"], false),
            (&["application/json5"], false),
            (&["application/jsonp, application/json"], false),
            (&["application/json", "application/json"], false),
            (&["\u{e9}"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(header::CONTENT_TYPE, value);
            }
            assert_eq!(require_json(&headers).is_ok(), expected, "{values:?}");
        }
    }

    #[tokio::test]
    async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
        let limits = HttpLimits::default();
        for (bytes, fits) in [(0, true), (65_536, true), (65_537, false)] {
            let body = Body::from(vec![0_u8; bytes]);
            assert_eq!(
                bounded_body(body, &limits).await.is_ok(),
                fits,
                "announced {bytes}"
            );
            // Without an announced length the bytes themselves are counted.
            let chunks = vec![0_u8; bytes];
            let stream = http_body_util::StreamBody::new(Chunks(chunks.into()));
            let got = bounded_body(Body::new(stream), &limits).await;
            match fits {
                true => assert_eq!(got.unwrap().len(), bytes),
                false => assert_eq!(got, Err(Problem::new(&problems::PAYLOAD_TOO_LARGE))),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let body = Body::new(http_body_util::StreamBody::new(Never));
        let got = bounded_body(body, &HttpLimits::default()).await;
        assert_eq!(got, Err(Problem::new(&problems::REQUEST_TIMEOUT)));
    }

    type Frame = Result<http_body::Frame<Bytes>, std::io::Error>;

    /// Gives bytes in small pieces.
    struct Chunks(Bytes);

    impl futures::Stream for Chunks {
        type Item = Frame;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Frame>> {
            let length = self.0.len().min(1_000);
            let piece = self.0.split_to(length);
            std::task::Poll::Ready((length > 0).then(|| Ok(http_body::Frame::data(piece))))
        }
    }

    struct Never;

    impl futures::Stream for Never {
        type Item = Frame;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Frame>> {
            std::task::Poll::Pending
        }
    }
}
