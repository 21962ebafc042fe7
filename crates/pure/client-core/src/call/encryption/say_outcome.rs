//! The outcome of a text that a person says.

/// The outcome of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum SayOutcome {
    /// It was said to the members, or waits for one.
    Taken,
    /// No member can hear it, and devices without end-to-end encryption do.
    OutsidersAlone,
    /// Nobody hears it, which was told.
    GivenUp,
}
