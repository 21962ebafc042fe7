//! The replies to inputs.

use anteroom_client::RoomsError;

use crate::entry::Entry;

/// The reply to an input.
pub struct Reply {
    pub(crate) entries: Vec<Entry>,
    /// The sent message, for display.
    pub(crate) said: Option<Entry>,
    /// Whether the input succeeded, so that the draft can be cleared.
    pub(crate) is_done: bool,
}

impl Reply {
    pub(super) const fn with_entries(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            said: None,
            is_done: true,
        }
    }

    pub(super) fn refused(why: String) -> Self {
        Self {
            entries: vec![Entry::Problem(why)],
            said: None,
            is_done: false,
        }
    }
}

/// Returns the entries about a command that was not sent.
pub(super) fn error_entries(outcome: Result<(), RoomsError>) -> Vec<Entry> {
    match outcome {
        // The `Ended` event reports the reason.
        Ok(()) | Err(RoomsError::Over) => Vec::new(),
        Err(error) => vec![Entry::Problem(error.to_string())],
    }
}
