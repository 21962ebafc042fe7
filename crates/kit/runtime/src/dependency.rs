//! The state of the dependencies of a service, from their uses.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{Clock, episode::EpisodeRecorder};

/// Whether the last use of a dependency failed.
///
/// The dependency owns the state and reports each use to it. From [`crate::Monitor::new`] on the
/// metrics count failures and recoveries.
#[derive(Debug, Default)]
pub struct DependencyState {
    failing: AtomicBool,
    recorder: OnceLock<DependencyRecorder>,
}

impl DependencyState {
    /// Records a failed use. Returns whether the use before it succeeded.
    pub fn failed(&self) -> bool {
        if let Some(recorder) = self.recorder.get() {
            recorder.episodes.failed(recorder.clock.now());
        }
        !self.failing.swap(true, Ordering::AcqRel)
    }

    /// Records a successful use. Returns whether the use before it failed.
    pub fn succeeded(&self) -> bool {
        if let Some(recorder) = self.recorder.get() {
            recorder.episodes.succeeded(recorder.clock.now());
        }
        self.failing.swap(false, Ordering::AcqRel)
    }

    /// Returns whether the last use failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Starts the metrics. Only the first call has an effect.
    pub(crate) fn connect(&self, recorder: DependencyRecorder) {
        if self.is_failing() {
            recorder.episodes.failed(recorder.clock.now());
        }
        // A dependency may be given to two monitors. The first recorder stays.
        let _ = self.recorder.set(recorder);
    }
}

pub(crate) struct DependencyRecorder {
    pub(crate) episodes: EpisodeRecorder,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for DependencyRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DependencyRecorder(..)")
    }
}
