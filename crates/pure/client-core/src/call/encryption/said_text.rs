//! A text whose messages go out.

/// A text whose messages go out.
pub(in crate::call) struct SaidText {
    pub(in crate::call) text: String,
    /// The number by which members ask for it; `None` for a text under the key of the link alone.
    pub(in crate::call) number: Option<u32>,
    /// Whether devices without end-to-end encryption hear it, which ask for nothing.
    pub(in crate::call) is_said_outside: bool,
}
