//! Logs on standard error, for people or for programs.
//!
//! A command writes its lines itself. A service must not wait for the reader of its log: a thread of its own
//! writes, the number of waiting lines is bounded, and further lines are dropped and counted.

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anteroom_service::{Clock as _, Count, Metrics, rfc3339};
use anyhow::{Context as _, anyhow};
use tracing::{Dispatch, Event, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    Layer as _, Registry,
    filter::{LevelFilter, Targets},
    fmt::{
        self as lines, FmtContext, FormatEvent, FormatFields, format,
        format::{Format, Json, JsonFields, Writer},
        time::FormatTime,
        writer::BoxMakeWriter,
    },
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{
    os::OsClock,
    settings::{LogFormat, LogLevel, LogSettings},
    terminal::is_colourless,
};

/// The project's own crates, which follow the level. Detailed output of others (headers, statements,
/// addresses) must never be written, so their level stays at warnings.
const OURS: &[&str] = &[
    "anteroom",
    "anteroom_call",
    "anteroom_client",
    "anteroom_issuer",
    "anteroom_mail",
    "anteroom_oidc",
    "anteroom_pages",
    "anteroom_relays",
    "anteroom_rooms",
    "anteroom_service",
    "anteroom_store",
    "anteroom_store_sql",
    "anteroom_webhook",
];

/// The maximum number of waiting lines of a service.
const MOST_LINES: usize = 4_096;
/// The interval at which the number of dropped lines is checked.
const LOOK: Duration = Duration::from_secs(2);

/// The log of a service. On drop it writes the waiting lines, for at most one second.
pub(crate) struct ServiceLog {
    dropped: ErrorCounter,
    count: Count,
    _writer: WorkerGuard,
}

/// Starts logging for a command.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    start_with(settings, BoxMakeWriter::new(io::stderr))
}

/// Starts logging for a service.
pub(crate) fn start_service(settings: &LogSettings) -> anyhow::Result<ServiceLog> {
    let (queue, writer) = queue(io::stderr());
    let dropped = queue.error_counter();
    start_with(settings, BoxMakeWriter::new(queue))?;
    Ok(ServiceLog {
        dropped,
        count: Count::default(),
        _writer: writer,
    })
}

impl ServiceLog {
    /// Registers the counter of dropped lines.
    pub(crate) fn show_count(&self, metrics: &Metrics) {
        let help = "Log lines that were dropped because the log was not read fast enough";
        metrics.show_count("log_lines_dropped", help, &self.count);
    }

    /// Counts dropped lines and logs their number when lines are written again. Never completes.
    pub(crate) fn watch(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut drops = Drops::new(self.dropped.clone(), self.count.clone());
        async move {
            loop {
                tokio::time::sleep(LOOK).await;
                drops.look();
            }
        }
    }
}

/// The dropped lines of a log.
struct Drops {
    dropped: ErrorCounter,
    count: Count,
    /// The value of `dropped` at the last check.
    seen: usize,
    /// The dropped lines that are not reported yet.
    untold: usize,
}

impl Drops {
    const fn new(dropped: ErrorCounter, count: Count) -> Self {
        Self {
            dropped,
            count,
            seen: 0,
            untold: 0,
        }
    }

    fn look(&mut self) {
        let dropped = self.dropped.dropped_lines();
        let new = dropped.saturating_sub(self.seen);
        self.seen = dropped;
        self.untold = self.untold.saturating_add(new);
        self.count.add(u64::try_from(new).unwrap_or(u64::MAX));
        if new > 0 || self.untold == 0 {
            return;
        }
        tracing::warn!(
            lines = self.untold,
            "log lines were dropped: the log was not read fast enough"
        );
        let dropped = self.dropped.dropped_lines();
        if dropped == self.seen {
            self.untold = 0;
        } else {
            // The dropped line is the report itself, which is not counted. Lines dropped meanwhile are
            // counted at the next check.
            self.seen = self.seen.saturating_add(1);
        }
    }
}

/// Returns a bounded queue of lines, and the thread that writes them. A line that does not fit is dropped.
fn queue(writer: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MOST_LINES)
        .thread_name("log")
        .finish(writer)
}

/// Logs for the life of the process. A line that cannot be written is lost: neither that nor a panic
/// elsewhere ends the process.
fn start_with(settings: &LogSettings, writer: BoxMakeWriter) -> anyhow::Result<()> {
    let layer = lines::layer()
        // The layer reports its errors with `eprintln!`, which panics if standard error cannot be written.
        .log_internal_errors(false)
        .with_writer(writer);
    let layer = match settings.format {
        LogFormat::Human => layer
            .with_timer(WholeSeconds)
            .with_target(false)
            .with_ansi(io::stderr().is_terminal() && !is_colourless())
            .boxed(),
        LogFormat::Json => layer
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines::new())
            .boxed(),
    };
    Registry::default()
        .with(layer)
        .with(filter(settings.level))
        .try_init()
        .map_err(|error| anyhow!("logging cannot be started: {error}"))?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Writes detailed log output to a file, for a part of the process.
pub(crate) fn to_file(path: &Path) -> anyhow::Result<Dispatch> {
    let file = File::create(path)
        .with_context(|| format!("the log {} cannot be written", path.display()))?;
    let layer = lines::layer()
        .log_internal_errors(false)
        .with_timer(WholeSeconds)
        .with_writer(Arc::new(file))
        .with_ansi(false);
    let subscriber = Registry::default()
        .with(layer)
        .with(filter(LogLevel::Debug));
    Ok(Dispatch::new(subscriber))
}

/// Lines of JSON. The library's own format adds the current span to lines outside of every span.
struct JsonLines {
    within_spans: Format<Json, WholeSeconds>,
    outside: Format<Json, WholeSeconds>,
}

impl JsonLines {
    fn new() -> Self {
        let lines = || format().with_timer(WholeSeconds).json().flatten_event(true);
        Self {
            within_spans: lines(),
            outside: lines().with_current_span(false).with_span_list(false),
        }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let lines = if event.is_root() {
            &self.outside
        } else {
            &self.within_spans
        };
        lines.format_event(context, writer, event)
    }
}

/// The times of log lines, in whole seconds of UTC: the fractions of two services' logs would tell
/// which lines belong together.
struct WholeSeconds;

impl FormatTime for WholeSeconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&rfc3339(OsClock.now()))
    }
}

/// Logs only the location of a panic, since its message may contain data. Must not panic itself, which would
/// abort the process.
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
        // The verifier logs each refused certificate; the command reports it itself.
        .with_target("rustls_platform_verifier", LevelFilter::OFF)
        .with_default(others)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Mutex, PoisonError},
    };

    use tracing::Level;

    use super::*;

    /// A file whose writes block while the gate is locked.
    #[derive(Clone, Default)]
    struct GatedFile {
        gate: Arc<Mutex<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for GatedFile {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_crate_of_ours_that_logs_follows_the_level() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut logging = Vec::new();
        for entry in std::fs::read_dir(crates).unwrap() {
            let folder = entry.unwrap().path();
            let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
                continue;
            };
            let (_, rest) = manifest.split_once("name = \"").unwrap();
            let (name, rest) = rest.split_once('"').unwrap();
            let product = rest.split("[dev-dependencies]").next().unwrap();
            if name != "anteroom-testkit" && product.contains("\ntracing.workspace") {
                logging.push(name.replace('-', "_"));
            }
        }
        logging.sort();
        let missing: Vec<&String> = logging
            .iter()
            .filter(|name| !OURS.contains(&name.as_str()))
            .collect();
        assert!(
            missing.is_empty() && logging.len() > 5,
            "{missing:?} of {logging:?}"
        );
    }

    #[test]
    fn a_log_that_is_not_read_blocks_no_writer_and_dropped_lines_are_counted() {
        const LINES: usize = 2 * MOST_LINES;
        let file = GatedFile::default();
        let gate = file.gate.lock().unwrap();
        let (mut queue, writer) = queue(file.clone());
        let count = Count::default();
        let mut drops = Drops::new(queue.error_counter(), count.clone());
        for line in 0..LINES {
            queue
                .write_all(format!("line {line}\n").as_bytes())
                .unwrap();
        }
        drops.look();
        drop(gate);
        drop(writer);
        let written = String::from_utf8(file.written.lock().unwrap().clone()).unwrap();
        let written: Vec<&str> = written.lines().collect();
        // The writing thread may hold one line, whose place in the queue is free for another one.
        assert!((MOST_LINES..=MOST_LINES + 1).contains(&written.len()));
        for (number, line) in written.iter().take(MOST_LINES).enumerate() {
            assert_eq!(*line, format!("line {number}"));
        }
        let dropped = u64::try_from(LINES - written.len()).unwrap();
        assert_eq!(count.number(), dropped);
        drops.look();
        drops.look();
        assert_eq!((count.number(), drops.untold), (dropped, 0));
    }

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
