//! The availability of a database.

/// The availability of a database that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// The database can be read, and saves changes.
    ReadWrite,
    /// The database can be read, and does not save changes: the disk is full, another process holds
    /// the lock, or a part of the file is damaged.
    ReadOnly,
}
