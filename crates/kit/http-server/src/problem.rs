//! Problem documents (RFC 9457): the one shape of all errors.
//!
//! The text for a caller is fixed. No part of the request, of the cause or of the service's
//! internals is in it.
use anteroom_runtime::{BudgetRefusal, RetryAfter};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of problem documents.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A kind of problem: its stable code, status and message.
///
/// The code is also the label of the metric and of the log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// The stable code, in capitals.
    pub code: &'static str,
    /// The status of the response.
    pub status: StatusCode,
    /// The message for a person.
    pub detail: &'static str,
}

/// A response with a problem document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: &'static ProblemKind,
    retry_after: Option<RetryAfter>,
    challenge: Option<&'static str>,
}

impl Problem {
    /// Creates a response of this kind. Statuses 429 and 503 always carry `Retry-After`: one second
    /// unless [`Problem::retry_after`] sets another time.
    #[must_use]
    pub fn new(kind: &'static ProblemKind) -> Self {
        let waits = matches!(
            kind.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        Self {
            kind,
            retry_after: waits.then(|| RetryAfter::from_secs(1)),
            challenge: None,
        }
    }

    /// Sets the time after which to try again.
    #[must_use]
    pub fn retry_after(mut self, after: RetryAfter) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Sets the value of `WWW-Authenticate`.
    #[must_use]
    pub fn challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> &'static ProblemKind {
        self.kind
    }
}

impl From<&'static ProblemKind> for Problem {
    fn from(kind: &'static ProblemKind) -> Self {
        Self::new(kind)
    }
}

impl From<BudgetRefusal> for Problem {
    fn from(refusal: BudgetRefusal) -> Self {
        Self::new(match refusal {
            BudgetRefusal::Address => &problems::ADDRESS_BUSY,
            BudgetRefusal::Total => &problems::OVERLOADED,
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = ProblemDocument {
            kind: format!("urn:anteroom:problem:{}", self.kind.code),
            title: self
                .kind
                .status
                .canonical_reason()
                .unwrap_or("Error")
                .to_owned(),
            status: self.kind.status.as_u16(),
            detail: self.kind.detail.to_owned(),
            code: self.kind.code.to_owned(),
        };
        let mut response = (self.kind.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response
            .extensions_mut()
            .insert(ProblemCode(self.kind.code));
        response
    }
}

/// The body of a problem response, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// A URI that identifies the problem and ends in the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:anteroom:problem:UNAUTHORIZED")]
    pub kind: String,
    /// The meaning of the status.
    pub title: String,
    /// The status of the response.
    pub status: u16,
    /// The message for a person.
    pub detail: String,
    /// The stable code.
    pub code: String,
}

/// The code of a problem response, kept with it for the log and the metrics.
#[derive(Clone, Copy)]
pub(crate) struct ProblemCode(pub(crate) &'static str);

/// The problems of every service.
pub mod problems {
    use http::StatusCode;

    use super::ProblemKind;

    /// The request is not well-formed HTTP, or ended early.
    pub const BAD_REQUEST: ProblemKind = ProblemKind {
        code: "BAD_REQUEST",
        status: StatusCode::BAD_REQUEST,
        detail: "The request could not be read.",
    };
    /// The request is not authenticated.
    pub const UNAUTHORIZED: ProblemKind = ProblemKind {
        code: "UNAUTHORIZED",
        status: StatusCode::UNAUTHORIZED,
        detail: "Authentication required.",
    };
    /// The path does not exist.
    pub const NOT_FOUND: ProblemKind = ProblemKind {
        code: "NOT_FOUND",
        status: StatusCode::NOT_FOUND,
        detail: "There is nothing at this address.",
    };
    /// The path exists with other methods.
    pub const METHOD_NOT_ALLOWED: ProblemKind = ProblemKind {
        code: "METHOD_NOT_ALLOWED",
        status: StatusCode::METHOD_NOT_ALLOWED,
        detail: "This address does not support the method.",
    };
    /// The body did not arrive in time.
    pub const REQUEST_TIMEOUT: ProblemKind = ProblemKind {
        code: "REQUEST_TIMEOUT",
        status: StatusCode::REQUEST_TIMEOUT,
        detail: "The request did not arrive in time.",
    };
    /// The body is too large.
    pub const PAYLOAD_TOO_LARGE: ProblemKind = ProblemKind {
        code: "PAYLOAD_TOO_LARGE",
        status: StatusCode::PAYLOAD_TOO_LARGE,
        detail: "The request body is too large.",
    };
    /// The body is not JSON.
    pub const UNSUPPORTED_MEDIA_TYPE: ProblemKind = ProblemKind {
        code: "UNSUPPORTED_MEDIA_TYPE",
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        detail: "The request body must be application/json.",
    };
    /// The body is JSON, but not of the expected shape.
    pub const UNPROCESSABLE: ProblemKind = ProblemKind {
        code: "UNPROCESSABLE",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        detail: "The request body does not have the expected form.",
    };
    /// The service has a defect.
    pub const INTERNAL: ProblemKind = ProblemKind {
        code: "INTERNAL",
        status: StatusCode::INTERNAL_SERVER_ERROR,
        detail: "Something went wrong on our side.",
    };
    /// A dependency of the answer is not available at the moment.
    pub const UNAVAILABLE: ProblemKind = ProblemKind {
        code: "UNAVAILABLE",
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: "The service cannot answer at the moment. Please try again.",
    };
    /// The number of running requests is at its maximum.
    pub const OVERLOADED: ProblemKind = ProblemKind {
        code: "OVERLOADED",
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: "The service is busy. Please try again.",
    };
    /// The number of running requests from the client's address is at its maximum.
    pub const ADDRESS_BUSY: ProblemKind = ProblemKind {
        code: "ADDRESS_BUSY",
        status: StatusCode::TOO_MANY_REQUESTS,
        detail: "Too many requests from your network at once. Please try again.",
    };
    /// The answer took too long.
    pub const TIMEOUT: ProblemKind = ProblemKind {
        code: "TIMEOUT",
        status: StatusCode::GATEWAY_TIMEOUT,
        detail: "The answer took too long. Please try again.",
    };
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn document(problem: Problem) -> serde_json::Value {
        let body = problem.into_response().into_body();
        serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_problem_has_the_members_of_the_rfc_and_its_code() {
        assert_eq!(
            document(Problem::new(&problems::NOT_FOUND)).await,
            serde_json::json!({
                "type": "urn:anteroom:problem:NOT_FOUND",
                "title": "Not Found",
                "status": 404,
                "detail": "There is nothing at this address.",
                "code": "NOT_FOUND",
            })
        );
    }

    #[test]
    fn only_what_passes_by_itself_says_when_to_try_again() {
        for (problem, expected) in [
            (Problem::new(&problems::UNAVAILABLE), Some("1")),
            (Problem::new(&problems::OVERLOADED), Some("1")),
            (
                Problem::new(&problems::UNAVAILABLE).retry_after(RetryAfter::from_secs(900)),
                Some("900"),
            ),
            (
                Problem::new(&problems::UNAVAILABLE).retry_after(RetryAfter::from_secs(0)),
                Some("1"),
            ),
            (Problem::new(&problems::INTERNAL), None),
            (Problem::new(&problems::UNAUTHORIZED), None),
        ] {
            let response = problem.into_response();
            let value = response.headers().get(header::RETRY_AFTER);
            assert_eq!(value.map(|value| value.to_str().unwrap()), expected);
            assert_eq!(
                response.headers().get(header::CONTENT_TYPE).unwrap(),
                "application/problem+json"
            );
        }
    }

    #[test]
    fn a_challenge_stands_in_its_header() {
        let response = Problem::new(&problems::UNAUTHORIZED)
            .challenge("Basic realm=\"x\"")
            .into_response();
        assert_eq!(
            response.headers().get(header::WWW_AUTHENTICATE).unwrap(),
            "Basic realm=\"x\""
        );
    }
}
