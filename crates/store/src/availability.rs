//! How much of its work a database does.

/// How much of its work a database does that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can be read, and changes are saved.
    ReadWrite,
    /// It can be read, and changes are not saved: the disk is full, another process holds the lock, or
    /// part of the file is damaged.
    ReadOnly,
}
