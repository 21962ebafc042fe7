//! The connection between a call and its thread: commands one way, events the other.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
};

use anteroom_sfu::SfuSettings;
use mio::Waker;
use parking_lot::Mutex;

use crate::{
    client_key::CallNumber,
    command::{Command, CommandQueue, TooMany},
    event::CallEventQueue,
    load::LoadStep,
};

/// The part of a thread that others see.
pub(crate) struct ThreadPort {
    waker: Waker,
    /// The calls with something in their queue, each once.
    ready: Mutex<VecDeque<Arc<CallPort>>>,
    has_to_stop: AtomicBool,
    /// The thread has ended, and takes nothing more.
    is_gone: AtomicBool,
    /// The step of the load, as a number.
    load: AtomicU8,
    /// The number of open calls.
    calls: AtomicUsize,
    /// The settings of its calls, with the addresses of the thread.
    pub(crate) settings: SfuSettings,
}

impl ThreadPort {
    pub(crate) fn new(waker: Waker, settings: SfuSettings) -> Self {
        Self {
            waker,
            ready: Mutex::default(),
            has_to_stop: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            load: AtomicU8::new(0),
            calls: AtomicUsize::new(0),
            settings,
        }
    }

    /// Takes the next call with something in its queue.
    pub(crate) fn next_ready(&self) -> Option<Arc<CallPort>> {
        let port = self.ready.lock().pop_front()?;
        // Before its queue is taken: a command that comes after that lists it again.
        port.is_listed.store(false, Ordering::Release);
        Some(port)
    }

    /// Says that the thread is to end.
    pub(crate) fn stop(&self) {
        self.has_to_stop.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn has_to_stop(&self) -> bool {
        self.has_to_stop.load(Ordering::Acquire)
    }

    /// Tells the others about the load of the thread.
    pub(crate) fn set_load(&self, step: LoadStep) {
        self.load.store(step as u8, Ordering::Relaxed);
    }

    /// Returns whether the thread takes no call and no connection more.
    pub(crate) fn is_full(&self) -> bool {
        self.load.load(Ordering::Relaxed) >= LoadStep::Full as u8
    }

    /// Returns the load and the number of calls, by which threads are compared.
    pub(crate) fn burden(&self) -> (u8, usize) {
        let calls = self.calls.load(Ordering::Relaxed);
        (self.load.load(Ordering::Relaxed), calls)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Notes that a call has ended.
    pub(crate) fn forget_call(&self) {
        self.calls.fetch_sub(1, Ordering::AcqRel);
    }

    /// Says that the thread has ended: whoever waits for it is told.
    pub(crate) fn leave(&self) {
        self.set_load(LoadStep::Full);
        self.is_gone.store(true, Ordering::SeqCst);
        self.abandon();
    }

    /// Drops everything that waits for a thread that has gone.
    fn abandon(&self) {
        while let Some(port) = self.next_ready() {
            let _dropped = port.commands.take(&mut VecDeque::new());
            port.events.close();
        }
    }

    fn list(&self, port: &Arc<CallPort>) {
        if !port.is_listed.swap(true, Ordering::AcqRel) {
            self.ready.lock().push_back(Arc::clone(port));
        }
        self.wake();
        if self.is_gone.load(Ordering::SeqCst) {
            self.abandon();
        }
    }

    fn wake(&self) {
        // It fails only if the thread has gone, and then nobody waits.
        let _woken: io::Result<()> = self.waker.wake();
    }
}

/// A call as others and its thread see it.
pub(crate) struct CallPort {
    pub(crate) number: CallNumber,
    pub(crate) commands: CommandQueue,
    pub(crate) events: CallEventQueue,
    is_listed: AtomicBool,
    has_failed: AtomicBool,
    thread: Arc<ThreadPort>,
}

impl CallPort {
    /// Opens a call on a thread.
    pub(crate) fn open(number: CallNumber, thread: Arc<ThreadPort>) -> Arc<Self> {
        thread.calls.fetch_add(1, Ordering::AcqRel);
        let port = Arc::new(Self {
            number,
            commands: CommandQueue::default(),
            events: CallEventQueue::default(),
            is_listed: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            thread,
        });
        port.thread.list(&port);
        port
    }

    pub(crate) fn thread(&self) -> &ThreadPort {
        &self.thread
    }

    /// Notes that something of the call has failed: it has no media any more.
    pub(crate) fn note_failure(&self) {
        self.has_failed.store(true, Ordering::Release);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Gives the thread a command.
    ///
    /// # Errors
    /// Too many of its kind wait.
    pub(crate) fn push(self: &Arc<Self>, command: Command) -> Result<(), TooMany> {
        self.commands.push(command)?;
        self.thread.list(self);
        Ok(())
    }

    /// Tells the thread that the call is to end.
    pub(crate) fn close(self: &Arc<Self>, done: Option<tokio::sync::oneshot::Sender<()>>) {
        self.commands.close(done);
        self.thread.list(self);
    }
}
