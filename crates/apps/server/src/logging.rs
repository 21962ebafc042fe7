//! Logs on standard error, for people or for programs.
//!
//! A command writes its lines itself. A service must not wait for the reader of its log: its lines
//! go through a queue.

mod queue;

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anteroom_console::{os::OsClock, terminal::is_colourless};
use anteroom_runtime::{Clock as _, Count, Metrics, rfc3339};
use anyhow::{Context as _, anyhow};
use tracing::{Dispatch, Event, Subscriber};
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

use self::queue::{DropReport, LogThread, queue};

use crate::settings::{LogFormat, LogLevel, LogSettings};

/// The beginning of the names of the project's own crates, which follow the level. Detailed output of others
/// (headers, statements, addresses) must never be written, so their level stays at warnings.
const OURS: &str = "anteroom";

/// The beginnings of the names of the crates that read what comes for media. They log what anybody sends, hundreds
/// of lines for one datagram, before it is known who sent it.
const MEDIA: [&str; 4] = ["is", "str0m", "dimpl", "sctp_proto"];

/// The time between two looks at the number of dropped lines.
const LOOK: Duration = Duration::from_secs(2);

/// The log of a service. On drop it writes the waiting lines, for at most one second.
pub struct ServiceLog {
    dropped: Count,
    _thread: LogThread,
}

/// Starts logging for a command.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    start_with(settings, BoxMakeWriter::new(io::stderr))
}

/// Starts logging for a service.
pub fn start_service(settings: &LogSettings) -> anyhow::Result<ServiceLog> {
    let dropped = Count::default();
    let (queue, thread) = queue(io::stderr(), &dropped).context("no thread for the log")?;
    start_with(settings, BoxMakeWriter::new(move || queue.clone()))?;
    Ok(ServiceLog {
        dropped,
        _thread: thread,
    })
}

impl ServiceLog {
    /// Registers the counter of dropped lines.
    pub fn show_count(&self, metrics: &Metrics) {
        let help = "Log lines that were dropped because the log was not read fast enough, or could not be written";
        metrics.show_count("log_lines_dropped", help, &self.dropped);
    }

    /// Logs the number of dropped lines. Never completes.
    pub fn watch(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut report = DropReport::new(self.dropped.clone());
        async move {
            loop {
                tokio::time::sleep(LOOK).await;
                report.tell();
            }
        }
    }
}

/// Logs for the life of the process. A line that cannot be written is lost: neither that nor a panic
/// elsewhere ends the process.
fn start_with(settings: &LogSettings, writer: BoxMakeWriter) -> anyhow::Result<()> {
    subscriber(settings, writer)
        .try_init()
        .map_err(|error| anyhow!("logging cannot be started: {error}"))?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn subscriber(
    settings: &LogSettings,
    writer: BoxMakeWriter,
) -> impl Subscriber + Send + Sync + use<> {
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
    Registry::default().with(layer).with(filter(settings.level))
}

/// Writes detailed log output to a file, for a part of the process.
pub fn to_file(path: &Path) -> anyhow::Result<Dispatch> {
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
        .with_target(OURS, ours)
        // The verifier logs each refused certificate; the command reports it itself.
        .with_target("rustls_platform_verifier", LevelFilter::OFF)
        // They log what they refuse, names and user ids of leaves among it; the call reports refusals itself.
        .with_target("openmls", LevelFilter::OFF)
        .with_target("sframe", LevelFilter::OFF)
        .with_targets(MEDIA.map(|name| (name, LevelFilter::OFF)))
        .with_default(others)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use tempfile::tempfile;
    use tracing::Level;

    use super::*;

    #[test]
    fn nothing_that_strangers_make_the_libraries_of_media_say_is_written() {
        for level in [LogLevel::Error, LogLevel::Info, LogLevel::Debug] {
            for format in [LogFormat::Human, LogFormat::Json] {
                let settings = LogSettings { level, format };
                let mut file = Arc::new(tempfile().unwrap());
                let writer = BoxMakeWriter::new(Arc::clone(&file));
                tracing::subscriber::with_default(subscriber(&settings, writer), || {
                    tracing::warn!(target: "is", "of a stranger");
                    tracing::warn!(target: "is::stun", "of a stranger");
                    tracing::error!(target: "is::agent", "of a stranger");
                    tracing::warn!(target: "str0m", "of a stranger");
                    tracing::warn!(target: "str0m::sdp::parser", "of a stranger");
                    tracing::error!(target: "str0m_proto::crypto", "of a stranger");
                    tracing::error!(target: "str0m_aws_lc_rs", "of a stranger");
                    tracing::warn!(target: "dimpl::dtls12::engine", "of a stranger");
                    tracing::error!(target: "sctp_proto::association", "of a stranger");
                    tracing::error!(target: "anteroom_media", "of ours");
                    tracing::error!(target: "hyper", "of others");
                });
                file.rewind().unwrap();
                let mut lines = String::new();
                file.read_to_string(&mut lines).unwrap();
                assert!(!lines.contains("of a stranger"), "{lines}");
                assert_eq!(lines.lines().count(), 2, "{lines}");
            }
        }
    }

    #[test]
    fn the_libraries_of_the_group_never_log() {
        for level in [LogLevel::Error, LogLevel::Debug] {
            for target in ["openmls", "openmls::group", "sframe::mls"] {
                assert!(
                    !filter(level).would_enable(target, &Level::ERROR),
                    "{target}"
                );
            }
        }
    }

    #[test]
    fn every_crate_of_ours_that_logs_follows_the_level() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap();
        let folders = |folder: &Path| -> Vec<_> {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        let mut logging = Vec::new();
        for folder in folders(crates).iter().flat_map(|group| folders(group)) {
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
            .filter(|name| !name.starts_with(OURS))
            .collect();
        assert!(
            missing.is_empty() && logging.len() > 5,
            "{missing:?} of {logging:?}"
        );
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
            for name in ["anteroom", "anteroom_rooms", "anteroom_runtime"] {
                let module = format!("{name}::module");
                assert!(filter.would_enable(&module, &shown), "{module}");
                assert!(!filter.would_enable(&module, &hidden), "{module}");
            }
        }
    }
}
