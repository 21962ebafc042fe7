//! The journal: what happened, with its time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{judge::text::Text, message::MessageView};

/// A visit of a person to the call: a process from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Visit {
    pub(crate) person: u32,
    pub(crate) number: u32,
}

impl Visit {
    /// Returns the name under which the person joins.
    pub(crate) fn name(self) -> String {
        format!("p{:02}v{:02}", self.person, self.number)
    }
}

/// An event.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The process has started.
    Started,
    /// The process has printed a line.
    Printed(String),
    /// A text was typed.
    Typed(Text),
    /// The process is stopped, and later continued.
    Stopped,
    Continued,
    /// The process has ended. `is_wanted` tells whether it was to.
    Ended {
        is_wanted: bool,
        complaint: String,
    },
    /// A connection to the room service is open, and later closed.
    Connected,
    Disconnected,
    /// A message of the process has come to the proxy.
    ToService {
        view: MessageView,
        is_lost: bool,
    },
    /// A message for the process has come to the proxy.
    ToPerson {
        view: MessageView,
        is_lost: bool,
    },
}

/// An event of a visit.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) visit: Visit,
    pub(crate) event: Event,
}

/// The journal of a run.
#[derive(Clone)]
pub(crate) struct Journal {
    start: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            entries: Arc::default(),
        }
    }

    /// Adds an event that happens now.
    pub(crate) fn add(&self, visit: Visit, event: Event) {
        let mut entries = self.entries.lock();
        let at = self.start.elapsed();
        entries.push(Entry { at, visit, event });
    }

    /// Returns the events so far, in their order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().clone()
    }
}
