//! The record of an action of the operator.

use anteroom_console::os;
use anteroom_runtime::Event;

/// Returns the record of a command.
pub(super) fn record(action: &'static str) -> Event {
    Event::new("audit", os::now())
        .with("action", action)
        .with("actor", "operator")
}
