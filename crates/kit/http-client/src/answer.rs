//! The answer to a request.

use http::StatusCode;
use reqwest::Response;

/// The reason why there is no whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The connection failed, so that the server has not received the request.
    #[error("the server cannot be reached")]
    Unreachable {
        /// Whether the time was over.
        timed_out: bool,
    },
    /// The whole answer did not arrive in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The connection closed before the whole answer arrived.
    #[error("the server broke off")]
    BrokenOff,
    /// The body is longer than the limit.
    #[error("the answer is too long")]
    TooLong,
}

/// An answer whose body has not been read.
#[derive(Debug)]
pub struct Answer(pub(crate) Response);

impl Answer {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Reads a body of at most `most` bytes.
    pub async fn body(self, most: usize) -> Result<Vec<u8>, ExchangeError> {
        let mut body = Vec::new();
        self.read_into(&mut body, most).await?;
        Ok(body)
    }

    /// Reads a body of at most `most` bytes to the end of `body`. A body with secrets needs a vector
    /// with this capacity, because one that grows leaves copies in memory.
    pub async fn read_into(mut self, body: &mut Vec<u8>, most: usize) -> Result<(), ExchangeError> {
        let end = body.len().saturating_add(most);
        while let Some(chunk) = self.0.chunk().await.map_err(|error| failure(&error))? {
            if body.len().saturating_add(chunk.len()) > end {
                return Err(ExchangeError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    }
}

pub(crate) fn failure(error: &reqwest::Error) -> ExchangeError {
    let timed_out = error.is_timeout();
    if error.is_connect() {
        ExchangeError::Unreachable { timed_out }
    } else if timed_out {
        ExchangeError::TimedOut
    } else {
        ExchangeError::BrokenOff
    }
}
