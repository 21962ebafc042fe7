//! Logs: to standard error, for people or for programs.

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    path::Path,
    sync::Arc,
};

use anteroom_service::Clock as _;
use anyhow::{Context as _, anyhow};
use tracing::Dispatch;
use tracing_subscriber::{
    EnvFilter,
    fmt::{format::Writer, time::FormatTime},
};

use crate::{
    os::OsClock,
    settings::{LogFormat, LogLevel, LogSettings},
    terminal::rfc3339,
};

/// Only our own crates follow the level. What others log in detail (headers, statements,
/// addresses) must never be written, so they stay at warnings.
const OURS: &[&str] = &[
    "anteroom",
    "anteroom_call",
    "anteroom_client",
    "anteroom_issuer",
    "anteroom_rooms",
    "anteroom_service",
    "anteroom_store",
    "anteroom_store_sql",
];

/// Logs from here on, for the life of the process. A line that cannot be written is lost: neither
/// that nor a panic elsewhere ends the process.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(settings.level)?)
        // The subscriber reports its failures with `eprintln!`, which panics where standard error
        // cannot be written.
        .log_internal_errors(false)
        .with_timer(WholeSeconds)
        .with_writer(io::stderr);
    let started = match settings.format {
        LogFormat::Human => builder
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow!("logging cannot be started: {error}"))?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// What would be logged, in detail, into a file; for a part of the process.
pub(crate) fn to_file(path: &Path) -> anyhow::Result<Dispatch> {
    let file = File::create(path)
        .with_context(|| format!("the log {} cannot be written", path.display()))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(LogLevel::Debug)?)
        .log_internal_errors(false)
        .with_timer(WholeSeconds)
        .with_writer(Arc::new(file))
        .with_ansi(false)
        .finish();
    Ok(Dispatch::new(subscriber))
}

/// The times of log lines, in whole seconds of UTC: the fractions of two services' logs would tell
/// which lines belong together.
struct WholeSeconds;

impl FormatTime for WholeSeconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&rfc3339(OsClock.now()))
    }
}

/// Logs the place of a panic alone, since its message may quote data. Must not panic itself, which
/// would abort the process.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place = place.unwrap_or_default(), "a thread panicked");
}

fn filter(level: LogLevel) -> anyhow::Result<EnvFilter> {
    let (ours, others) = match level {
        LogLevel::Error => ("error", "error"),
        LogLevel::Warn => ("warn", "warn"),
        LogLevel::Info => ("info", "warn"),
        LogLevel::Debug => ("debug", "warn"),
    };
    let ours = OURS.iter().map(|name| format!("{name}={ours}"));
    let directives: Vec<String> = ours.chain([others.to_owned()]).collect();
    Ok(EnvFilter::try_new(directives.join(","))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_lines_are_whole_seconds() {
        let mut text = String::new();
        WholeSeconds
            .format_time(&mut Writer::new(&mut text))
            .unwrap();
        assert_eq!(text.len(), "2026-01-31T12:34:56Z".len(), "{text}");
        assert!(text.ends_with('Z') && !text.contains('.'), "{text}");
    }

    #[test]
    fn other_crates_never_log_below_warnings() {
        for level in [LogLevel::Info, LogLevel::Debug] {
            let shown = filter(level).unwrap().to_string();
            assert!(shown.split(',').any(|part| part == "warn"), "{shown}");
            assert!(!shown.contains("hyper") && !shown.contains("sqlx"));
        }
    }
}
