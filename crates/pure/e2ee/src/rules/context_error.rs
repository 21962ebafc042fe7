//! The reasons for which contexts are refused.

/// The reason for which a context is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The bytes are no context.
    #[error("the context of the group is malformed")]
    Malformed,
    /// It is of another room or era than one's own.
    #[error("the group is of another room or era")]
    OtherRoom,
    /// One's own link has another admin key.
    #[error("the link names another admin than the group")]
    OtherAdmin,
    /// The group has an admin key, and one's own link has none: the person needs the whole link.
    #[error("the link lacks the admin's key: ask for the whole link")]
    AdminMissingFromLink,
    /// A statement in it does not count.
    #[error("the context of the group has a statement that does not count")]
    Statement,
    /// An entry or a lock that is new in it is of a later time than now.
    #[error("the context of the group has an entry or a lock of a later time")]
    Early,
    /// It is not what one's own context becomes by its statements.
    #[error("the context of the group changed otherwise than by statements of its admins")]
    Unfounded,
    /// It lacks a statement that is known: a newer policy, a barred entry, a lock.
    #[error("the group lacks a statement of its admins that is known")]
    Stale,
}
