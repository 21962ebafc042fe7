//! The members who can still ask for a text.

/// Whether members can still ask for a text that a message did not bring them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextReach {
    /// A member to whom the text was said is there.
    Present,
    /// No such member is there now, or this device may not send.
    Absent,
    /// The text is not kept any more.
    Dropped,
}
