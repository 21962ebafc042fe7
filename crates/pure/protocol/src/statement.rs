//! The statements of admins that the room service delivers and cannot make: opaque bytes, signed by keys that
//! it does not know.

use core::fmt;
use std::sync::Arc;

/// The statement of an admin or co-admin that a device may be in a room. It names a member key of the user,
/// and is of use to the device of that key alone. Cheap to clone.
///
/// The room service must not store it, and nobody may log it; a device keeps its own for later calls. `Debug`
/// shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct ApprovalStatement(Arc<[u8]>);

impl ApprovalStatement {
    /// The maximum length, in bytes.
    pub const MAX_LENGTH: usize = 512;

    /// Checks the length.
    ///
    /// # Errors
    /// The statement is empty, or longer than [`Self::MAX_LENGTH`].
    pub fn new(statement: impl Into<Arc<[u8]>>) -> Result<Self, StatementLengthError> {
        let statement = statement.into();
        if statement.is_empty() || statement.len() > Self::MAX_LENGTH {
            return Err(StatementLengthError);
        }
        Ok(Self(statement))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ApprovalStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApprovalStatement({} bytes)", self.0.len())
    }
}

/// The newest statement of a link's admins about its room: `adminStatement`. Empty if they have made none.
/// Cheap to clone.
///
/// Must not be logged; `Debug` shows the length only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AdminStatement(Arc<[u8]>);

impl AdminStatement {
    /// The maximum length, in bytes.
    pub const MAX_LENGTH: usize = 1024;

    /// Checks the length.
    ///
    /// # Errors
    /// The statement is longer than [`Self::MAX_LENGTH`].
    pub fn new(statement: impl Into<Arc<[u8]>>) -> Result<Self, StatementLengthError> {
        let statement = statement.into();
        if statement.len() > Self::MAX_LENGTH {
            return Err(StatementLengthError);
        }
        Ok(Self(statement))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns whether there is no statement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for AdminStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdminStatement({} bytes)", self.0.len())
    }
}

/// The error for a statement that is too long, or for an empty approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an approval has 1 to {} bytes, an admin statement at most {}",
    ApprovalStatement::MAX_LENGTH,
    AdminStatement::MAX_LENGTH
)]
pub struct StatementLengthError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_has_1_to_512_bytes_and_an_admin_statement_at_most_1_kib() {
        for (length, is_approval, is_admin_statement) in [
            (0, false, true),
            (1, true, true),
            (512, true, true),
            (513, false, true),
            (1024, false, true),
            (1025, false, false),
        ] {
            let approval = ApprovalStatement::new(vec![7; length]);
            assert_eq!(approval.is_ok(), is_approval, "{length}");
            let statement = AdminStatement::new(vec![7; length]);
            assert_eq!(statement.is_ok(), is_admin_statement, "{length}");
        }
        assert!(AdminStatement::default().is_empty());
    }

    #[test]
    fn nothing_of_a_statement_is_in_debug() {
        let approval = ApprovalStatement::new(*b"Ann").unwrap();
        assert_eq!(format!("{approval:?}"), "ApprovalStatement(3 bytes)");
        let statement = AdminStatement::new(*b"Ann").unwrap();
        assert_eq!(format!("{statement:?}"), "AdminStatement(3 bytes)");
    }
}
