//! Background tasks and their names, which stand in all log lines of a task.

use std::time::Duration;

use tokio::{
    task::JoinHandle,
    time::{Interval, MissedTickBehavior, interval},
};
use tracing::{Instrument as _, Span};

/// Returns the span of a background task, for parts of a task and for threads.
///
/// The span belongs to no request, even if a request starts the task: the lines of a request must
/// not show the work that continues after its answer. The span is enabled at every level of the log.
#[must_use]
pub fn task_span(name: &'static str) -> Span {
    tracing::error_span!(parent: None, "task", task = name)
}

/// Starts a background task within its [`task_span`].
///
/// # Panics
/// Outside of a Tokio runtime.
pub fn spawn_task<T: Send + 'static>(
    name: &'static str,
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(task.instrument(task_span(name)))
}

/// Returns a timer for repeated work, which ticks at once and then at this interval. The ticks after a
/// late one are late too.
///
/// # Panics
/// Outside of a Tokio runtime, and for an interval of zero.
#[must_use]
pub fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
