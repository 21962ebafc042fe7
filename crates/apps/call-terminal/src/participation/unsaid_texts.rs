//! The texts that were not said, and what a script is told of them at its end.

use std::mem;

use anteroom_client::CallEvent;
use anteroom_console::report::ErrorReport;

use super::CallParticipation;
use crate::{
    ending,
    entry::Entry,
    input::Input,
    unsaid::{OVER, unsaid},
};

/// The maximum number of entries about texts that are kept for the end.
const MAX_UNSAID: usize = 512;

impl CallParticipation {
    /// Returns the entries about inputs that came too late: those that would have been texts.
    pub(crate) fn refuse(&mut self, inputs: impl IntoIterator<Item = Input>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for input in inputs {
            if let Input::Say(text) = input {
                self.has_unsaid = true;
                entries.push(unsaid(OVER, &text));
            }
        }
        entries
    }

    /// Takes the entries about texts that were not said since the last input. A display that vanishes at the end has
    /// shown them to nobody.
    pub(crate) fn take_unsaid(&mut self) -> Vec<Entry> {
        mem::take(&mut self.unsaid)
    }

    /// Returns the failure of a script some of whose texts were not said.
    pub(crate) fn failure(&self) -> Option<ErrorReport> {
        self.has_unsaid.then(|| match self.damaged_link {
            None => ending::not_said(),
            Some(is_missing) => ending::not_said_by_damaged_link(is_missing),
        })
    }

    /// Takes note of what is told at the end.
    pub(super) fn note(&mut self, event: &CallEvent, entries: &[Entry]) {
        let is_unsaid = matches!(event, CallEvent::NotSaid { .. });
        self.has_unsaid |= is_unsaid;
        self.damaged_link = ending::link_damage(self.damaged_link, event);
        if is_unsaid && self.unsaid.len() < MAX_UNSAID {
            let is_problem = |entry: &&Entry| matches!(entry, Entry::Problem(_));
            self.unsaid
                .extend(entries.iter().filter(is_problem).cloned());
        }
    }
}
