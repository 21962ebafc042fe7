//! The record of an action of the operator.

use anteroom_console::os::OsClock;
use anteroom_runtime::{Clock as _, Event};

/// Returns the record of a command.
pub(super) fn record(action: &'static str) -> Event {
    Event::new("audit", OsClock.now())
        .with("action", action)
        .with("actor", "operator")
}
