//! Whether what a service needs works, as its uses show.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use anteroom_protocol::Timestamp;

use crate::{Clock, episode::EpisodeRecorder};

/// Whether a dependency fails, by its last use.
///
/// The dependency owns it and tells it of each use. From [`crate::Monitor::new`] on, failures and
/// recoveries are counted in the metrics.
#[derive(Debug, Default)]
pub struct DependencyState {
    failing: AtomicBool,
    recorder: OnceLock<DependencyRecorder>,
}

impl DependencyState {
    /// A use failed. Says whether the one before did not.
    pub fn failed(&self) -> bool {
        if let Some(recorder) = self.recorder.get() {
            recorder.episodes.failed(recorder.now());
        }
        !self.failing.swap(true, Ordering::AcqRel)
    }

    /// A use succeeded. Says whether the one before failed.
    pub fn succeeded(&self) -> bool {
        if let Some(recorder) = self.recorder.get() {
            recorder.episodes.succeeded(recorder.now());
        }
        self.failing.swap(false, Ordering::AcqRel)
    }

    /// Whether the last use failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Counts from now on. Only the first call has an effect.
    pub(crate) fn connect(&self, recorder: DependencyRecorder) {
        if self.is_failing() {
            recorder.episodes.failed(recorder.now());
        }
        // The same dependency may be given to a monitor twice: its numbers stay where they are.
        let _ = self.recorder.set(recorder);
    }
}

/// The metrics of a dependency.
pub(crate) struct DependencyRecorder {
    pub(crate) episodes: EpisodeRecorder,
    pub(crate) clock: Arc<dyn Clock>,
}

impl DependencyRecorder {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for DependencyRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DependencyRecorder(..)")
    }
}
