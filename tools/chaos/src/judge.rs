//! The verdict of a run by its journal.
//!
//! - **Reading.** A text belongs to the epoch in which its sender sealed it, which stands in the clear before
//!   the message. A visit was *in* at an epoch if the epoch lies between the one into which it was welcomed (or
//!   that it started) and the last one to which a commit took it that reached it, in one stay in the group. It
//!   must read a text of an epoch at which it was in once both it and the sender have been in a group, connected
//!   and running for [`reading::ENOUGH`] together from then on. It may read nothing of an epoch before its first
//!   one, nothing that was said long after its place in the call was lost, and nothing twice.
//! - **Settling.** A commit that adds somebody is merged by a member when its program prints the newcomer's
//!   name. It settles from the first member that does until the last one that was connected and running, and to
//!   which no commit, roster or Welcome was lost shortly before.

mod group_span;
pub(crate) mod history;
pub(crate) mod reading;
pub(crate) mod settling;
pub(crate) mod spans;
pub(crate) mod text;

use self::{
    history::History,
    reading::{Readings, read},
    settling::{Settlings, settle},
};
use crate::journal::Entry;

/// The verdict of a run.
pub(crate) struct Verdict {
    pub(crate) history: History,
    pub(crate) readings: Readings,
    pub(crate) settlings: Settlings,
    /// The errors of the services and of this program.
    pub(crate) complaints: Vec<String>,
}

/// The use of the times that are measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// A late commit fails the run.
    Judged,
    /// They are printed: the machine does other work, which delays commits too.
    Printed,
}

impl Verdict {
    /// Returns whether all that is judged holds.
    pub(crate) fn holds(&self, times: Times) -> bool {
        // A run in which nothing happens shows nothing.
        !self.readings.delays.is_empty()
            && !self.settlings.merged.is_empty()
            && self.readings.missing.is_empty()
            && self.readings.forbidden.is_empty()
            && self.readings.doubled.is_empty()
            && (times == Times::Printed || self.settlings.late.is_empty())
            && self.history.unexpected_ends().is_empty()
            && self.complaints.is_empty()
    }
}

/// Judges a run.
pub(crate) fn judge(journal: &[Entry], complaints: Vec<String>) -> Verdict {
    let history = History::of(journal);
    Verdict {
        readings: read(&history),
        settlings: settle(&history),
        history,
        complaints,
    }
}

#[cfg(test)]
mod tests;
