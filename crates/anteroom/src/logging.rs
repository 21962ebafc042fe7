//! Logs: to standard error, for people or for programs.

use std::{
    fs::File,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use tracing::Dispatch;
use tracing_subscriber::{
    Layer as _, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::settings::{LogFormat, LogLevel, LogSettings};

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
    let layer = fmt::layer()
        // The layer reports its failures with `eprintln!`, which panics where standard error
        // cannot be written.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let layer = match settings.format {
        LogFormat::Human => layer
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    Registry::default()
        .with(layer)
        .with(filter(settings.level))
        .try_init()
        .map_err(|error| anyhow!("logging cannot be started: {error}"))?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// What would be logged, in detail, into a file; for a part of the process.
pub(crate) fn to_file(path: &Path) -> anyhow::Result<Dispatch> {
    let file = File::create(path)
        .with_context(|| format!("the log {} cannot be written", path.display()))?;
    let layer = fmt::layer()
        .log_internal_errors(false)
        .with_writer(Arc::new(file))
        .with_ansi(false);
    let subscriber = Registry::default()
        .with(layer)
        .with(filter(LogLevel::Debug));
    Ok(Dispatch::new(subscriber))
}

/// Logs the place of a panic alone, since its message may quote data. Must not panic itself, which
/// would abort the process.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place = place.unwrap_or_default(), "a thread panicked");
}

fn filter(level: LogLevel) -> Targets {
    let (ours, others) = match level {
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::WARN),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::WARN),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::WARN),
    };
    Targets::new()
        .with_targets(OURS.iter().map(|name| (*name, ours)))
        .with_default(others)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn other_crates_never_log_below_warnings() {
        for level in [LogLevel::Info, LogLevel::Debug] {
            let filter = filter(level);
            for other in ["hyper", "hyper::proto", "rustls", "sqlx"] {
                assert!(filter.would_enable(other, &Level::WARN), "{other}");
                assert!(!filter.would_enable(other, &Level::INFO), "{other}");
            }
        }
    }

    #[test]
    fn our_crates_follow_the_level() {
        for (level, shown, hidden) in [
            (LogLevel::Error, Level::ERROR, Level::WARN),
            (LogLevel::Warn, Level::WARN, Level::INFO),
            (LogLevel::Info, Level::INFO, Level::DEBUG),
            (LogLevel::Debug, Level::DEBUG, Level::TRACE),
        ] {
            let filter = filter(level);
            for name in OURS {
                let module = format!("{name}::module");
                assert!(filter.would_enable(&module, &shown), "{module}");
                assert!(!filter.would_enable(&module, &hidden), "{module}");
            }
        }
    }
}
