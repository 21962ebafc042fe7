//! The mark of errors that time or a restore may end.

use std::fmt;

/// The error context of a service that cannot use its database.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseFailure;

impl fmt::Display for DatabaseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service cannot work with its database")
    }
}
