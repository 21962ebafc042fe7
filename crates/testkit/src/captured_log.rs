//! Log lines with their spans.

use std::{
    io::{self, Write},
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::Value;
use tracing::{Level, subscriber::set_global_default};
use tracing_subscriber::fmt::MakeWriter;

/// The lines that a test has logged, as JSON. Clones are the same lines.
#[derive(Clone, Debug, Default)]
pub struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    /// Captures all lines of the process down to a level.
    ///
    /// # Panics
    /// Another subscriber is installed, such as [`crate::LogGuard`].
    #[must_use]
    pub fn start(level: Level) -> Self {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(level)
            .with_writer(log.clone())
            .finish();
        set_global_default(subscriber).expect("no other subscriber is installed");
        log
    }

    /// Returns the lines in their order.
    ///
    /// # Panics
    /// A line is not JSON.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let text = self.0.lock();
        let lines = serde_json::Deserializer::from_slice(&text).into_iter();
        lines.map(|line| line.expect("a line of JSON")).collect()
    }

    /// Returns the span of the first line with this message; `Null` for a line outside of every span.
    ///
    /// # Panics
    /// There is no such line.
    #[must_use]
    pub fn span_of(&self, message: &str) -> Value {
        let lines = self.lines();
        let line = lines
            .iter()
            .find(|line| line.pointer("/fields/message").and_then(Value::as_str) == Some(message));
        let Some(line) = line else {
            panic!("{message:?} was not logged: {lines:#?}");
        };
        line.get("span").cloned().unwrap_or_default()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for CapturedLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
