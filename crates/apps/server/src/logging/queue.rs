//! The lines of a service on their way to its log.
//!
//! A thread of its own writes them, a bounded number of lines waits for it, and lines that do not fit or
//! cannot be written are dropped and counted.
//!
//! `tracing-appender` has such a queue, whose guard writes to standard output where the queue stays full at
//! the end: with a log that is stuck the process hung there, or panicked.

use std::{
    io::{self, ErrorKind, Write},
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use anteroom_runtime::Count;

/// The lines of a service that may wait to be written.
const MOST_LINES: usize = 4_096;
/// The bytes after which a bundle of lines is written.
const BUNDLE: usize = 8 * 1_024;
/// The time between two writes. A line that comes after a longer silence is written at once.
const PAUSE: Duration = Duration::from_millis(5);
/// The time in which the waiting lines are written at the end.
const END: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    End,
}

/// The queue of lines. Clones are the same queue. A write never waits and never fails.
#[derive(Clone)]
pub(super) struct LogQueue {
    messages: SyncSender<Message>,
    dropped: Count,
}

/// The thread that writes. On drop it writes the waiting lines, for at most one second.
pub(super) struct LogThread {
    messages: SyncSender<Message>,
    ended: Receiver<()>,
}

/// Starts the thread. Each write to the queue is a line.
///
/// # Errors
/// The system has no thread left.
pub(super) fn queue(
    writer: impl Write + Send + 'static,
    dropped: &Count,
) -> io::Result<(LogQueue, LogThread)> {
    let (messages, lines) = sync_channel(MOST_LINES);
    let (end, ended) = sync_channel(1);
    let count = dropped.clone();
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            write_lines(&lines, writer, &count);
            // The other end may have waited long enough.
            let _ = end.try_send(());
        })?;
    let queue = LogQueue {
        messages: messages.clone(),
        dropped: dropped.clone(),
    };
    Ok((queue, LogThread { messages, ended }))
}

/// Writes lines in bundles until the end. A service with thousands of requests a second would wake this
/// thread, and the reader of its log, for each of its lines otherwise.
fn write_lines(messages: &Receiver<Message>, mut writer: impl Write, dropped: &Count) {
    let mut bundle = Vec::with_capacity(BUNDLE);
    let mut is_over = false;
    while !is_over {
        let mut lines = 0;
        let mut next = messages.recv().map_err(|_| TryRecvError::Disconnected);
        while let Ok(Message::Line(line)) = next {
            lines += 1;
            bundle.extend_from_slice(&line);
            next = match bundle.len() < BUNDLE {
                true => messages.try_recv(),
                false => Err(TryRecvError::Empty),
            };
        }
        is_over = !matches!(next, Err(TryRecvError::Empty));
        let is_drained = bundle.len() < BUNDLE;
        if write_all(&mut writer, &bundle).is_err() {
            dropped.add(lines);
        }
        bundle.clear();
        if is_drained && !is_over {
            thread::sleep(PAUSE);
        }
    }
}

/// Waits where a writer that does not block takes nothing at the moment.
fn write_all(writer: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    writer.flush()
}

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self
            .messages
            .try_send(Message::Line(line.to_vec()))
            .is_err()
        {
            self.dropped.add(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        let end = Instant::now() + END;
        // There is no room while the log takes nothing.
        while self.messages.try_send(Message::End).is_err() && Instant::now() < end {
            thread::sleep(PAUSE);
        }
        // Lines that are not written by then are lost.
        let _ = self
            .ended
            .recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

/// Tells in the log of lines that were dropped.
pub(super) struct DropReport {
    dropped: Count,
    told: u64,
}

impl DropReport {
    pub(super) const fn new(dropped: Count) -> Self {
        Self { dropped, told: 0 }
    }

    /// Logs the number of lines that were dropped since the last report. Where that line is dropped too,
    /// the next report tells of all again.
    pub(super) fn tell(&mut self) {
        let dropped = self.dropped.number();
        if dropped == self.told {
            return;
        }
        tracing::warn!(
            lines = dropped - self.told,
            "log lines were dropped: the log was not read fast enough, or cannot be written"
        );
        if self.dropped.number() == dropped {
            self.told = dropped;
        }
    }
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

    /// A file on a full disk.
    struct FullFile;

    impl Write for FullFile {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A pipe that does not block, with room for some bytes every other time.
    struct NarrowPipe {
        written: Arc<Mutex<Vec<u8>>>,
        is_full: bool,
    }

    impl Write for NarrowPipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.is_full = !self.is_full;
            if self.is_full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let some = bytes.len().min(7);
            self.written
                .lock()
                .unwrap()
                .extend_from_slice(&bytes[..some]);
            Ok(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn write_numbers(queue: &mut LogQueue, numbers: usize) {
        for number in 0..numbers {
            queue
                .write_all(format!("line {number}\n").as_bytes())
                .unwrap();
        }
    }

    #[test]
    fn a_log_that_is_not_read_blocks_no_writer_and_dropped_lines_are_counted() {
        const LINES: usize = 2 * MOST_LINES;
        let (file, count) = (BlockingWriter::default(), Count::default());
        let gate = file.gate.lock().unwrap();
        let (mut queue, thread) = queue(file.clone(), &count).unwrap();
        write_numbers(&mut queue, LINES);
        drop(gate);
        drop(thread);
        let written = String::from_utf8(file.written.lock().unwrap().clone()).unwrap();
        let written: Vec<&str> = written.lines().collect();
        // The thread has taken a bundle.
        let bundle = BUNDLE / "line 0\n".len() + 1;
        assert!((MOST_LINES..=MOST_LINES + bundle).contains(&written.len()));
        for (number, line) in written.iter().take(MOST_LINES).enumerate() {
            assert_eq!(*line, format!("line {number}"));
        }
        let dropped = u64::try_from(LINES - written.len()).unwrap();
        assert_eq!(count.number(), dropped);
        let mut report = DropReport::new(count.clone());
        report.tell();
        assert_eq!((count.number(), report.told), (dropped, dropped));
    }

    #[test]
    fn the_end_does_not_wait_for_a_log_that_takes_nothing() {
        let file = BlockingWriter::default();
        let _gate = file.gate.lock().unwrap();
        let (mut queue, thread) = queue(file.clone(), &Count::default()).unwrap();
        write_numbers(&mut queue, 2 * MOST_LINES);
        drop(thread);
        assert!(file.written.lock().unwrap().is_empty());
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let count = Count::default();
        let (mut queue, thread) = queue(FullFile, &count).unwrap();
        write_numbers(&mut queue, 10);
        drop(thread);
        assert_eq!(count.number(), 10);
    }

    #[test]
    fn lines_wait_for_a_pipe_that_has_no_room_at_the_moment() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (pipe, count) = (
            NarrowPipe {
                written: Arc::clone(&written),
                is_full: false,
            },
            Count::default(),
        );
        let (mut queue, thread) = queue(pipe, &count).unwrap();
        write_numbers(&mut queue, 10);
        drop(thread);
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().count(), 10, "{written}");
        assert_eq!(count.number(), 0);
    }
}
