//! The operating system's time and randomness, and what of its output there is.

use std::{
    io::{self, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

use anteroom_protocol::Timestamp;
use rand::rngs::SysRng;
use rand_core::UnwrapErr;

/// The time of the system's clock.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    let now = SystemTime::now();
    Timestamp::from_secs(
        now.duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_secs()),
    )
}

/// The system's random numbers. A system without any is beyond help: drawing panics.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
