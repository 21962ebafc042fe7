//! The revisions of the roster.

/// The number of the changes that are in a roster. Each audience has its own count: a later roster has a
/// greater one.
///
/// A device whose roster is older than the [`since`](crate::Message::Roster) of some changes has missed other
/// changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RosterRevision(u64);

impl RosterRevision {
    /// Creates a revision from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
