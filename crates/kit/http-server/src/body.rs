//! The bounded read of a request's body.

use std::{
    error::Error,
    iter,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use anteroom_runtime::BudgetRefusal;
use axum::body::{Body, Bytes};
use http::{HeaderMap, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::{Instant, timeout_at};

use crate::{
    limits::HttpLimits,
    problem::{Problem, problems},
};

/// The reason why a body was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFailure {
    /// The body is larger than the limit.
    #[error("the body is too large")]
    TooLarge,
    /// The body arrived too slowly.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The body ended early.
    #[error("the body broke off")]
    Broken,
    /// The body had no slot, or its slot was evicted.
    #[error("there is no room for the body")]
    Refused(BudgetRefusal),
}

impl BodyFailure {
    /// Returns a body whose read fails with this reason.
    pub(crate) fn into_body(self) -> Body {
        Body::new(FailedBody(self))
    }

    fn of_error(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut causes = iter::successors(Some(error), |error| (*error).source());
        causes.find_map(|error| error.downcast_ref().copied())
    }
}

impl From<BodyFailure> for Problem {
    fn from(failure: BodyFailure) -> Self {
        Self::new(match failure {
            BodyFailure::TooLarge => &problems::PAYLOAD_TOO_LARGE,
            BodyFailure::TooSlow => &problems::REQUEST_TIMEOUT,
            BodyFailure::Broken => &problems::BAD_REQUEST,
            BodyFailure::Refused(refusal) => return refusal.into(),
        })
    }
}

struct FailedBody(BodyFailure);

impl http_body::Body for FailedBody {
    type Data = Bytes;
    type Error = BodyFailure;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFailure>>> {
        Poll::Ready(Some(Err(self.0)))
    }
}

/// Receives a whole body at the rate of the limits or faster. Copies its bytes, so that frames of
/// one byte take no more memory than others.
pub(crate) async fn receive(mut body: Body, limits: &HttpLimits) -> Result<Vec<u8>, BodyFailure> {
    let start = Instant::now();
    let mut received = Vec::new();
    loop {
        let most = time_limit(received.len(), limits);
        let deadline = start.checked_add(most).ok_or(BodyFailure::TooSlow)?;
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(BodyFailure::TooSlow),
            Ok(None) => return Ok(received),
            Ok(Some(Err(_))) => return Err(BodyFailure::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        // No route reads trailers.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if received.len().saturating_add(data.len()) > limits.body_bytes {
            return Err(BodyFailure::TooLarge);
        }
        received.extend_from_slice(&data);
    }
}

/// Returns the maximum time from its start for a body of which `received` bytes have arrived.
fn time_limit(received: usize, limits: &HttpLimits) -> Duration {
    let received = u64::try_from(received).unwrap_or(u64::MAX);
    let rate = u64::try_from(limits.body_rate.max(1)).unwrap_or(u64::MAX);
    let earned = Duration::from_millis(received.saturating_mul(1_000) / rate);
    limits
        .body_grace
        .saturating_add(earned)
        .min(limits.body_timeout)
}

/// Checks that the headers declare JSON. Parameters such as a charset are allowed.
///
/// # Errors
/// 415 for another type or none.
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

/// Reads a body within the limits. Under [`with_middleware`](crate::with_middleware) the body is received already,
/// and this returns it or the reason of its failure.
///
/// # Errors
/// 413 for a body that is too large (at once if its length is announced), 408 for one that does not
/// arrive in time, 400 for one that ends early, 429 and 503 for one without a slot.
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
        Ok(Err(error)) => Err(BodyFailure::of_error(&*error)
            .unwrap_or(BodyFailure::Broken)
            .into()),
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
            // Without an announced length the received bytes are counted.
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
        let body = Body::new(http_body_util::StreamBody::new(EndlessStream));
        let got = bounded_body(body, &HttpLimits::default()).await;
        assert_eq!(got, Err(Problem::new(&problems::REQUEST_TIMEOUT)));
    }

    #[test]
    fn a_body_has_its_grace_and_then_as_long_as_its_bytes_have_earned() {
        let limits = HttpLimits::default();
        for (received, milliseconds) in [
            (0, 2_000),
            (1, 2_000),
            (512, 2_500),
            (2_048, 4_000),
            (8_192, 10_000),
            (65_536, 10_000),
        ] {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(time_limit(received, &limits), expected, "{received}");
        }
    }

    #[tokio::test]
    async fn a_body_that_could_not_be_received_fails_its_reader_with_the_same_problem() {
        for (failure, code) in [
            (BodyFailure::TooLarge, "PAYLOAD_TOO_LARGE"),
            (BodyFailure::TooSlow, "REQUEST_TIMEOUT"),
            (BodyFailure::Broken, "BAD_REQUEST"),
            (BodyFailure::Refused(BudgetRefusal::Address), "ADDRESS_BUSY"),
            (BodyFailure::Refused(BudgetRefusal::Total), "OVERLOADED"),
        ] {
            let read = bounded_body(failure.into_body(), &HttpLimits::default()).await;
            assert_eq!(read.unwrap_err().kind().code, code);
        }
    }

    type Frame = Result<http_body::Frame<Bytes>, std::io::Error>;

    /// A stream of bytes in small pieces.
    struct Chunks(Bytes);

    impl futures::Stream for Chunks {
        type Item = Frame;

        fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Frame>> {
            let length = self.0.len().min(1_000);
            let piece = self.0.split_to(length);
            Poll::Ready((length > 0).then(|| Ok(http_body::Frame::data(piece))))
        }
    }

    struct EndlessStream;

    impl futures::Stream for EndlessStream {
        type Item = Frame;

        fn poll_next(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Frame>> {
            Poll::Pending
        }
    }
}
