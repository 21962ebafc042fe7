//! A log layer that detects sensitive values, and a search for them in the files of databases.

mod forms;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    fs, iter,
    path::Path,
    sync::LazyLock,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use parking_lot::Mutex;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::set_global_default,
};
use tracing_subscriber::{
    Registry,
    layer::{Context, Layer, SubscriberExt as _},
    registry::LookupSpan,
};

use self::forms::{ForbiddenScope, Forms, Source};

/// Reads all log output of the process, at every level and with all spans, and records each occurrence of a
/// registered value and of anything shaped like the credentials of a request.
///
/// There is one guard per process, since a runtime's threads for blocking work must be covered too.
#[derive(Debug, Default)]
pub struct LogGuard {
    forms: Mutex<Forms>,
    leaks: Mutex<Vec<String>>,
    lines: Mutex<u64>,
    /// The names of the spans in which each message was logged.
    spans: Mutex<BTreeMap<String, BTreeSet<&'static str>>>,
}

/// The suffixes of a database's files.
const DATABASE_FILES: [&str; 3] = [".db", ".db-wal", ".db-shm"];

impl LogGuard {
    /// Returns the guard of the process. The first call installs it as the global subscriber.
    ///
    /// # Panics
    /// Another subscriber is installed.
    #[must_use]
    pub fn global() -> &'static Self {
        static GUARD: LazyLock<LogGuard> = LazyLock::new(LogGuard::default);
        static INSTALLED: LazyLock<()> = LazyLock::new(|| {
            set_global_default(Registry::default().with(GuardLayer(&GUARD)))
                .expect("no other subscriber is installed");
        });
        LazyLock::force(&INSTALLED);
        &GUARD
    }

    /// Registers bytes that may not be logged: as text if they are text, as hex, as base64 of either alphabet
    /// (also inside longer base64), as a list of numbers, and 16 bytes as a UUID.
    pub fn watch_bytes(&self, label: &str, bytes: &[u8]) {
        let hex = hex::encode(bytes);
        let uuid = (bytes.len() == 16).then(|| uuid_text(&hex));
        let numbers: Vec<String> = bytes.iter().map(ToString::to_string).collect();
        let mut exact = base64_inside(bytes);
        exact.push(numbers.join(", "));
        exact.extend(str::from_utf8(bytes).map(str::to_owned));
        let any_case = iter::once(hex).chain(uuid);
        let texts = any_case
            .map(|text| (ForbiddenScope::AnyCase, text))
            .chain(exact.into_iter().map(|text| (ForbiddenScope::Exact, text)));
        let forms = texts
            .map(|(place, text)| (place, text.into_bytes()))
            .chain([(ForbiddenScope::File, bytes.to_vec())]);
        self.forms.lock().add(label, bytes, forms);
    }

    /// Registers a text that may not be logged.
    pub fn watch_text(&self, label: &str, text: &str) {
        self.watch_bytes(label, text.as_bytes());
    }

    /// Fails if a registered value was logged.
    ///
    /// # Panics
    /// A registered value was logged.
    pub fn assert_clean(&self) {
        let leaks = self.leaks.lock();
        assert!(leaks.is_empty(), "sensitive values in the log: {leaks:#?}");
    }

    /// Searches the raw bytes of all database files in the directory, free pages and side files included, for
    /// the registered values in all their forms.
    ///
    /// # Panics
    /// A value is found, there is no database, or a file cannot be read.
    pub fn assert_absent_from(&self, directory: &Path) {
        let mut databases = 0;
        for entry in fs::read_dir(directory).expect("the directory of a database") {
            let path = entry.expect("an entry of the directory").path();
            let name = path.to_string_lossy();
            if !DATABASE_FILES.iter().any(|end| name.ends_with(end)) {
                continue;
            }
            let bytes = match fs::read(&path) {
                // The last connection has just deleted a side file.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.expect("a file of a database"),
            };
            databases += u32::from(bytes.starts_with(b"SQLite format 3"));
            let forms = self.forms.lock();
            let label = forms.find(&bytes, Source::File).map(str::to_owned);
            drop(forms);
            assert!(label.is_none(), "{name} holds a sensitive value: {label:?}");
        }
        assert_ne!(databases, 0, "no database in {}", directory.display());
    }

    /// Returns the number of spans and events that were read. A guard that has read none proves nothing.
    #[must_use]
    pub fn lines(&self) -> u64 {
        *self.lines.lock()
    }

    /// Returns the names of the spans in which a message was logged; an empty one for lines outside of
    /// every span.
    #[must_use]
    pub fn spans_of(&self, message: &str) -> Vec<&'static str> {
        let spans = self.spans.lock();
        spans.get(message).into_iter().flatten().copied().collect()
    }

    fn read(&self, metadata: &Metadata<'_>, text: &str) {
        *self.lines.lock() += 1;
        let lower = text.to_lowercase();
        let forms = self.forms.lock();
        let named = forms.find(text.as_bytes(), Source::Log).map(str::to_owned);
        drop(forms);
        let shaped = || has_credentials(&lower).then(|| "request credentials".to_owned());
        if let Some(label) = named.or_else(shaped) {
            let (target, level) = (metadata.target(), metadata.level());
            self.leaks
                .lock()
                .push(format!("{label}: {level} {target}: {text}"));
        }
    }
}

struct GuardLayer(&'static LogGuard);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for GuardLayer {
    /// Enables all levels of the project's crates, and no bytes on the wire (`TRACE`) of other crates.
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        metadata.target().starts_with("anteroom") || *metadata.level() <= Level::DEBUG
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _id: &Id, _context: Context<'_, S>) {
        let mut text = Text::default();
        attributes.record(&mut text);
        self.0.read(attributes.metadata(), &text.fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut text = Text::default();
        values.record(&mut text);
        if let Some(metadata) = context.metadata(id) {
            self.0.read(metadata, &text.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let span = context.event_span(event).map_or("", |span| span.name());
        let mut spans = self.0.spans.lock();
        spans.entry(text.message).or_default().insert(span);
        drop(spans);
        self.0.read(event.metadata(), &text.fields);
    }
}

#[derive(Default)]
struct Text {
    fields: String,
    message: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
        write!(self.fields, "{field}={value:?} ").expect("a string takes everything");
    }
}

fn uuid_text(hex: &str) -> String {
    let mut text = hex.to_owned();
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// Returns the parts of the bytes' base64 that do not depend on the bytes before and after them, for each of
/// the three alignments in a longer text.
fn base64_inside(bytes: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [STANDARD, URL_SAFE] {
            let text = engine.encode(&padded);
            forms.extend(text.get(first..end).map(str::to_owned));
        }
    }
    forms
}

/// Returns whether a lower-case text contains `basic ` or `bearer ` before a text as long as a token.
fn has_credentials(lower: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte);
    ["basic ", "bearer "].iter().any(|scheme| {
        lower.match_indices(scheme).any(|(at, _)| {
            let rest = lower.bytes().skip(at + scheme.len());
            rest.take_while(|byte| is_token(*byte)).count() >= 16
        })
    })
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;

    use super::*;

    const VALUE: [u8; 16] = [
        0x01, 0x9f, 0xaa, 0x2b, 0x7b, 0xcb, 0x70, 0xc2, 0xac, 0x7f, 0xcd, 0x77, 0x04, 0x14, 0x68,
        0x9a,
    ];

    /// Returns whether the guard records a leak in the output of `log`.
    fn objects(log: impl FnOnce()) -> bool {
        let guard: &'static LogGuard = Box::leak(Box::default());
        guard.watch_bytes("value", &VALUE);
        guard.watch_text("word", "correct horse");
        with_default(Registry::default().with(GuardLayer(guard)), log);
        assert_ne!(guard.lines(), 0);
        !guard.leaks.lock().is_empty()
    }

    #[test]
    fn a_watched_value_is_found_in_every_form() {
        let inside = [b"xx".as_slice(), &VALUE, b"yyy"].concat();
        for text in [
            "019faa2b-7bcb-70c2-ac7f-cd770414689a".to_owned(),
            "PNI:019FAA2B-7BCB-70C2-AC7F-CD770414689A".to_owned(),
            "019faa2b7bcb70c2ac7fcd770414689a".to_owned(),
            STANDARD.encode(VALUE),
            URL_SAFE.encode(&inside),
            STANDARD.encode(&inside[1..]),
            format!("{:?}", &inside),
            "the correct horse!".to_owned(),
        ] {
            assert!(objects(|| tracing::info!("{text}")), "{text}");
            assert!(objects(|| tracing::trace!(text, "field")), "{text}");
            assert!(objects(|| tracing::debug!(other = ?text)), "{text}");
            let in_span = || drop(tracing::info_span!("span", text));
            assert!(objects(in_span), "{text}");
            let recorded = || {
                let span = tracing::info_span!("span", late = tracing::field::Empty);
                span.record("late", text.as_str());
            };
            assert!(objects(recorded), "{text}");
        }
    }

    #[test]
    fn one_of_thousands_of_watched_values_is_found() {
        let guard: &'static LogGuard = Box::leak(Box::default());
        let value = |number: u32| [b"value ".as_slice(), &number.to_be_bytes()].concat();
        for number in 0..5_000 {
            guard.watch_bytes("value", &value(number));
        }
        guard.watch_text("short", "Ann");
        let logged = |text: &str| {
            with_default(Registry::default().with(GuardLayer(guard)), || {
                tracing::info!("{text}");
            });
            !std::mem::take(&mut *guard.leaks.lock()).is_empty()
        };
        for number in 0..5_000 {
            assert!(!logged(
                "nothing that is watched stands in this line of the log"
            ));
            assert!(logged(&hex::encode_upper(value(number))), "{number}");
        }
        assert!(logged("Hello, Ann!"));
        assert!(!logged("Hello, ann!"));
    }

    #[test]
    fn a_watched_value_is_found_in_the_files_of_a_database() {
        let guard = LogGuard::default();
        guard.watch_bytes("value", &VALUE);
        guard.watch_text("word", "correct horse");
        guard.watch_text("short", "SQLite");
        let inside = [b"xx".as_slice(), &VALUE, b"yyy"].concat();
        let holds = |name: &str, value: &[u8]| {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("x.db"), b"SQLite format 3\0 and more").unwrap();
            let mut bytes = vec![0; 5_000];
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(&[0; 100]);
            fs::write(directory.path().join(name), bytes).unwrap();
            let read = || guard.assert_absent_from(directory.path());
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err()
        };
        for value in [
            inside.clone(),
            b"a correct horse too".to_vec(),
            b"019FAA2B-7BCB-70C2-AC7F-CD770414689A".to_vec(),
            b"019faa2b7bcb70c2ac7fcd770414689a".to_vec(),
            STANDARD.encode(&inside).into_bytes(),
            URL_SAFE.encode(VALUE).into_bytes(),
        ] {
            for name in ["y.db", "x.db-wal", "x.db-shm"] {
                assert!(holds(name, &value), "{name} {value:?}");
            }
            // The file of the master key, like others, is no database file.
            assert!(!holds("master.key", &value));
        }
        assert!(!holds("x.db-wal", &VALUE[..15]));
        let empty = tempfile::tempdir().unwrap();
        let read = || guard.assert_absent_from(empty.path());
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err());
    }

    #[test]
    fn the_shape_of_credentials_is_found_and_words_are_not() {
        for (text, expected) in [
            ("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", true),
            ("bearer eyJhbGciOiJFZERTQSJ9.e30.c2ln", true),
            ("Basic authentication is required", false),
            ("bearer tokens", false),
            ("019faa2b-7bcb-70c2-ac7f-cd770414689b", false),
        ] {
            assert_eq!(objects(|| tracing::warn!("{text}")), expected, "{text}");
        }
    }
}
