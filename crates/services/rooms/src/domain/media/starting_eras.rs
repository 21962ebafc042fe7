//! Eras that their media server does not know yet.

use std::{collections::HashSet, sync::Arc};

use anteroom_protocol::EraId;
use parking_lot::Mutex;

/// The eras whose record is written and whose first client is being announced to the media server.
///
/// Until the announcement is complete the server reports that it has no such call. The record is
/// not removed for that.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartingEras(Arc<Mutex<HashSet<EraId>>>);

/// A guard. The era counts as starting until it is dropped.
#[derive(Debug)]
pub(crate) struct StartingEraGuard {
    starting: StartingEras,
    era: EraId,
}

impl StartingEras {
    pub(crate) fn begin(&self, era: EraId) -> StartingEraGuard {
        self.0.lock().insert(era);
        StartingEraGuard {
            starting: self.clone(),
            era,
        }
    }

    pub(crate) fn contains(&self, era: EraId) -> bool {
        self.0.lock().contains(&era)
    }
}

impl Drop for StartingEraGuard {
    fn drop(&mut self) {
        self.starting.0.lock().remove(&self.era);
    }
}
