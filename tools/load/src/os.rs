//! The operating system's time and randomness, and statistics of processes.

use std::{
    fs,
    io::{self, Write as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anteroom_protocol::Timestamp;
use anyhow::{Context as _, Result, ensure};
use rand::rngs::SysRng;
use rand_core::UnwrapErr;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Returns the time of the system's clock.
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

/// Returns the system's random numbers. A system without any is beyond help: drawing panics.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Returns the processor time that a process has used so far, in steps of the system's tick.
pub(crate) fn processor_time(process: u32) -> Result<Duration> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).context("no /proc")?;
    // The name, which may contain any character, ends at the last parenthesis. User and system time are the
    // 14th and 15th field (proc(5)).
    let (_, fields) = status.rsplit_once(')').context("an odd /proc")?;
    let fields = fields.split_whitespace().skip(11).take(2);
    let ticks = fields.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
    ensure!(ticks.len() == 2, "an odd /proc");
    let a_second = rustix::param::clock_ticks_per_second();
    let nanoseconds = ticks.iter().sum::<u64>() * 1_000_000_000 / a_second;
    Ok(Duration::from_nanos(nanoseconds))
}

/// Lets this process, and those that it starts, open as many files as the system allows. Gives that
/// number.
pub(crate) fn raise_file_limit() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
