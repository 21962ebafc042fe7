//! Eras that a media server has not heard of yet.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anteroom_store::CallEra;

/// The eras whose record is written and whose first client is being announced to the media server.
///
/// Until that is done the server says that there is no such call, which is then no reason to remove
/// the record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starting(Arc<Mutex<HashSet<CallEra>>>);

/// An era is starting as long as this lives.
#[derive(Debug)]
pub(crate) struct Start {
    starting: Starting,
    era: CallEra,
}

impl Starting {
    pub(crate) fn begin(&self, era: CallEra) -> Start {
        self.eras().insert(era);
        Start {
            starting: self.clone(),
            era,
        }
    }

    pub(crate) fn contains(&self, era: CallEra) -> bool {
        self.eras().contains(&era)
    }

    fn eras(&self) -> MutexGuard<'_, HashSet<CallEra>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        self.starting.eras().remove(&self.era);
    }
}
