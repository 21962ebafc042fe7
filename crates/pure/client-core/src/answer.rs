//! The answers of both services as values: refusals are typed errors.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use anteroom_protocol::{Timestamp, printable};
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::{IssuerError, Problem, Service, TransportFailure, wire::ProblemBody};

/// The problem code for a wrong password.
const WRONG_PASSWORD: &str = "LOGIN_INVALID_CREDENTIALS";
/// The maximum length of a problem text that is passed on, in characters.
const MAX_PROBLEM_CHARS: usize = 300;

/// An answer with any status.
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Wiped on drop, since it may contain tokens.
    body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Creates an answer.
    #[must_use]
    pub const fn new(status: StatusCode, headers: HeaderMap, body: Zeroizing<Vec<u8>>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns whether the answer has no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Parses the body.
    ///
    /// # Errors
    /// The body is not the JSON of `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, TransportFailure> {
        // The parser's own error could quote the body.
        serde_json::from_slice(&self.body)
            .map_err(|_| TransportFailure::Malformed("the JSON is not the expected one"))
    }

    /// Returns the refusal that an answer with a status other than 200 carries.
    #[must_use]
    pub fn problem(&self, by: Service) -> Box<Problem> {
        let document: ProblemBody = serde_json::from_slice(&self.body).unwrap_or_default();
        let retry_after = self.header(&header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|seconds| seconds.parse().ok());
        Box::new(Problem {
            by,
            status: self.status,
            code: printable(&document.code, MAX_PROBLEM_CHARS),
            detail: printable(&document.detail, MAX_PROBLEM_CHARS),
            retry_after: retry_after.map(Duration::from_secs),
            time: self.time(),
        })
    }

    /// Returns the issuer's answer if its status is 200, or 204 for an answer without a body.
    ///
    /// # Errors
    /// [`IssuerError::Problem`] for any other status.
    pub fn good(self) -> Result<Self, IssuerError> {
        if matches!(self.status, StatusCode::OK | StatusCode::NO_CONTENT) {
            return Ok(self);
        }
        Err(IssuerError::Problem(self.problem(Service::Issuer)))
    }

    /// Returns whether the issuer refuses the access token. A wrong password in the body has the same status,
    /// and must not be sent again.
    #[must_use]
    pub fn refuses_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            && self.problem(Service::Issuer).code != WRONG_PASSWORD
    }

    /// Returns the service's time when it answered.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        time_of(&self.headers)
    }

    /// Returns the body. Only for answers without secrets: the copy is not wiped.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body.to_vec()
    }

    /// Returns a header that is text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Omits the headers and the body.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.status.as_u16())
    }
}

/// Returns the service's time when it sent these headers.
#[must_use]
pub fn time_of(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: StatusCode, body: &[u8]) -> Box<Problem> {
        let body = Zeroizing::new(body.to_vec());
        Answer::new(status, HeaderMap::new(), body).problem(Service::Issuer)
    }

    #[test]
    fn a_refusal_without_a_document_is_still_a_problem() {
        let refusal = refusal(StatusCode::BAD_GATEWAY, b"<html>");
        assert_eq!(refusal.status, StatusCode::BAD_GATEWAY);
        assert_eq!(refusal.to_string(), "the issuer refused with 502");
    }

    #[test]
    fn texts_of_the_other_side_cannot_drive_a_terminal() {
        let body = br#"{"code":"CODE","detail":"a\u001b[2Jb\nc"}"#;
        let refusal = refusal(StatusCode::BAD_REQUEST, body);
        assert_eq!(refusal.detail, "a[2Jbc");
    }
}
