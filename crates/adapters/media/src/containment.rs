//! The containment of faults: one that a device provokes ends its call, not the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs something that code of others is part of. `None`: it failed by a panic, and what it worked on is not used
/// any more.
pub(crate) fn contained<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
