//! The problems of failures.

use anteroom_http_server::{Problem, problems};

use crate::domain::failure::Failure;

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => Self::new(&problems::UNAVAILABLE),
            Failure::Overloaded(after) => Self::new(&problems::OVERLOADED).retry_after(after),
            Failure::Internal => Self::new(&problems::INTERNAL),
        }
    }
}
