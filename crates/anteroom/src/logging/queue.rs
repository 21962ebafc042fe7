//! The lines of a service on their way to its log.
//!
//! A thread of its own writes them, a bounded number of lines waits for it, and a line that does not
//! fit is dropped and counted.

use std::{
    io::{self, BufWriter, Write},
    thread,
    time::Duration,
};

use anteroom_service::Count;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// The lines of a service that may wait to be written.
const MOST_LINES: usize = 4_096;
/// Bytes of lines that are written at once.
const BUFFER: usize = 8 * 1_024;
/// The time between two writes. A line that comes after a longer silence is written at once.
const PAUSE: Duration = Duration::from_millis(5);

/// Writes lines in bundles. A service with thousands of requests a second would wake the writing
/// thread, and the reader of its log, for each of its lines otherwise.
pub(super) struct LineWriter<W: Write>(BufWriter<W>);

impl<W: Write> LineWriter<W> {
    pub(super) fn new(writer: W) -> Self {
        Self(BufWriter::with_capacity(BUFFER, writer))
    }
}

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Writes the lines, and lets others gather. The queue calls this when it is empty.
    ///
    /// Never fails: the library would tell of it on standard error, which is what fails here.
    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        thread::sleep(PAUSE);
        Ok(())
    }
}

/// The dropped lines of a log.
pub(super) struct Drops {
    dropped: ErrorCounter,
    count: Count,
    /// The value of `dropped` at the last look.
    seen: usize,
    /// The lines that the log does not tell of yet.
    untold: usize,
}

impl Drops {
    pub(super) const fn new(dropped: ErrorCounter, count: Count) -> Self {
        Self {
            dropped,
            count,
            seen: 0,
            untold: 0,
        }
    }

    pub(super) fn check(&mut self) {
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
            // That line itself did not fit: it is not one of those that are counted. Others that were
            // dropped meanwhile are counted at the next look.
            self.seen = self.seen.saturating_add(1);
        }
    }
}

/// A bounded queue of lines, and the thread that writes them. A line that does not fit is dropped.
pub(super) fn queue(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MOST_LINES)
        .thread_name("log")
        .finish(writer)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    /// A file that takes nothing while the gate is locked.
    #[derive(Clone, Default)]
    struct BlockingWriter {
        gate: Arc<Mutex<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for BlockingWriter {
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
    fn a_log_that_is_not_read_blocks_no_writer_and_dropped_lines_are_counted() {
        const LINES: usize = 2 * MOST_LINES;
        let file = BlockingWriter::default();
        let gate = file.gate.lock().unwrap();
        let (mut queue, writer) = queue(LineWriter::new(file.clone()));
        let count = Count::default();
        let mut drops = Drops::new(queue.error_counter(), count.clone());
        for line in 0..LINES {
            queue
                .write_all(format!("line {line}\n").as_bytes())
                .unwrap();
        }
        drops.check();
        drop(gate);
        drop(writer);
        let written = String::from_utf8(file.written.lock().unwrap().clone()).unwrap();
        let written: Vec<&str> = written.lines().collect();
        // The writing thread has taken what fits into its buffer, and one line more.
        let buffered = BUFFER / "line 0\n".len() + 1;
        assert!((MOST_LINES..=MOST_LINES + buffered).contains(&written.len()));
        for (number, line) in written.iter().take(MOST_LINES).enumerate() {
            assert_eq!(*line, format!("line {number}"));
        }
        let dropped = u64::try_from(LINES - written.len()).unwrap();
        assert_eq!(count.number(), dropped);
        drops.check();
        drops.check();
        assert_eq!((count.number(), drops.untold), (dropped, 0));
    }
}
