//! A bounded queue in front of the output of events.
//!
//! Requests only add events to the queue; a thread of its own writes them. While the output fails,
//! the thread repeats the attempt with growing pauses and the queue fills. A full queue drops new
//! events and counts them: the oldest events wait.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    num::NonZeroUsize,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::{Backoff, Count, Dependency, DependencyState, Event, EventSink, Health, task_span};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(100),
    factor: 2,
    longest: Duration::from_secs(10),
};

/// Writes events as JSON lines, on a thread of its own.
pub struct EventQueue {
    thread: Mutex<Option<QueueThread>>,
    state: Arc<State>,
}

struct QueueThread {
    sender: SyncSender<Event>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    dropped: Count,
    dependency: DependencyState,
    closing: AtomicBool,
}

impl EventQueue {
    /// Creates a queue that appends to a file, which only its owner can read.
    ///
    /// # Errors
    /// When the file cannot be opened or the thread cannot be started.
    pub fn file(path: &Path, capacity: NonZeroUsize, dropped: Count) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(0o600).open(path)?;
        Self::start(file, capacity, dropped)
    }

    /// Creates a queue. At most `capacity` events wait. `dropped` counts the events that are lost.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        writer: impl Write + Send + 'static,
        capacity: NonZeroUsize,
        dropped: Count,
    ) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(capacity.get());
        let state = Arc::new(State {
            dropped,
            ..State::default()
        });
        let thread = {
            let state = Arc::clone(&state);
            thread::Builder::new()
                .name("events".to_owned())
                .spawn(move || {
                    let write = || write_all(&receiver, writer, &state);
                    task_span("event-writer").in_scope(write);
                })?
        };
        Ok(Self {
            thread: Mutex::new(Some(QueueThread { sender, thread })),
            state,
        })
    }

    /// Writes the waiting events, with one attempt for each, and stops.
    ///
    /// Blocks until that is done. Later events are dropped and counted.
    pub fn close(&self) {
        let thread = self.thread.lock().take();
        if let Some(QueueThread { sender, thread }) = thread {
            self.state.closing.store(true, Ordering::Release);
            drop(sender);
            thread.thread().unpark();
            // The thread does not panic. After a panic there would be nothing left to write.
            let _ = thread.join();
        }
    }
}

impl EventSink for EventQueue {
    fn emit(&self, event: Event) {
        let queued = match &*self.thread.lock() {
            Some(thread) => thread.sender.try_send(event).is_ok(),
            None => false,
        };
        if !queued {
            self.state.dropped.add(1);
        }
    }
}

#[async_trait]
impl Dependency for EventQueue {
    fn name(&self) -> &'static str {
        "events"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        if self.state.dependency.is_failing() {
            Health::Degraded
        } else {
            Health::Ok
        }
    }

    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state.dependency)
    }
}

impl Drop for EventQueue {
    fn drop(&mut self) {
        self.close();
    }
}

fn write_all(receiver: &Receiver<Event>, writer: impl Write, state: &State) {
    let mut writer = LineWriter {
        writer,
        clean: true,
    };
    while let Ok(event) = receiver.recv() {
        let line = event.to_line();
        let mut failures = 0;
        while let Err(error) = writer.write_line(&line) {
            if state.dependency.failed() {
                tracing::error!(kind = ?error.kind(), "events cannot be written");
            }
            if state.closing.load(Ordering::Acquire) {
                state.dropped.add(1);
                break;
            }
            thread::park_timeout(BACKOFF.pause(failures));
            failures = failures.saturating_add(1);
        }
        if writer.clean && state.dependency.succeeded() {
            tracing::info!("events are written again");
        }
    }
}

/// A writer that starts a new line after a line that was written in part.
struct LineWriter<W> {
    writer: W,
    clean: bool,
}

impl<W: Write> LineWriter<W> {
    fn write_line(&mut self, line: &str) -> io::Result<()> {
        let start = if self.clean { "" } else { "\n" };
        self.clean = false;
        self.writer
            .write_all(format!("{start}{line}\n").as_bytes())?;
        self.writer.flush()?;
        self.clean = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use anteroom_protocol::Timestamp;

    use super::*;

    fn event(name: &'static str) -> Event {
        Event::new(name, Timestamp::from_secs(0))
    }

    fn names(text: &str) -> Vec<String> {
        text.lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["event"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    const THREE: NonZeroUsize = NonZeroUsize::new(3).unwrap();

    #[test]
    fn closing_writes_what_waits_and_opening_again_appends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        for round in [["a", "b"], ["c", "d"]] {
            let dropped = Count::default();
            let queue = EventQueue::file(&path, THREE, dropped.clone()).unwrap();
            for name in round {
                queue.emit(event(name));
            }
            queue.close();
            assert_eq!(dropped.number(), 0);
            queue.emit(event("late"));
            assert_eq!(dropped.number(), 1);
        }
        assert_eq!(
            names(&std::fs::read_to_string(&path).unwrap()),
            ["a", "b", "c", "d"]
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    /// A writer that asks for the result of each write and reports the written text.
    struct ScriptedSink {
        results: Receiver<bool>,
        attempts: mpsc::Sender<String>,
    }

    impl Write for ScriptedSink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.attempts
                .send(String::from_utf8(bytes.to_vec()).unwrap())
                .unwrap();
            match self.results.recv() {
                Ok(true) => Ok(bytes.len()),
                _ => Err(io::Error::from(io::ErrorKind::StorageFull)),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_full_queue_drops_the_newest_counts_them_and_recovers() {
        let (answer, results) = mpsc::channel();
        let (attempts, attempted) = mpsc::channel();
        let dropped = Count::default();
        let queue =
            EventQueue::start(ScriptedSink { results, attempts }, THREE, dropped.clone()).unwrap();
        queue.emit(event("0"));
        assert!(attempted.recv().unwrap().contains("\"0\""));
        // The thread is writing the first event. Three events wait, and two are dropped.
        for name in ["1", "2", "3", "4", "5"] {
            queue.emit(event(name));
        }
        assert_eq!(dropped.number(), 2);
        assert_eq!(queue.check().await, Health::Ok);
        answer.send(false).unwrap();
        // The next attempt begins on a new line, because the failed one may have written a part.
        assert!(attempted.recv().unwrap().starts_with("\n{"));
        assert_eq!(queue.check().await, Health::Degraded);
        for _ in 0..4 {
            answer.send(true).unwrap();
        }
        queue.close();
        let rest: Vec<String> = attempted.iter().collect();
        assert_eq!(names(&rest.concat()), ["1", "2", "3"]);
        assert_eq!(dropped.number(), 2);
        assert_eq!(queue.check().await, Health::Ok);
    }

    #[test]
    fn closing_does_not_wait_for_a_place_that_stays_broken() {
        let (answer, results) = mpsc::channel();
        let (attempts, _attempted) = mpsc::channel();
        let dropped = Count::default();
        drop(answer);
        let queue =
            EventQueue::start(ScriptedSink { results, attempts }, THREE, dropped.clone()).unwrap();
        queue.emit(event("a"));
        queue.emit(event("b"));
        queue.close();
        assert_eq!(dropped.number(), 2);
    }
}
