//! A thread of the load with its clients.

use core::time::Duration;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::{Builder, JoinHandle},
    time::Instant,
};

use anyhow::{Context as _, Result};
use mio::{Events, Interest, Poll, Token, Waker};

use crate::{
    client::Client,
    publication::{Beat, Publication},
    reception::Tally,
};

const WAKER: Token = Token(0);

/// The datagrams that one client takes at once, so that others are not late.
const AT_ONCE: usize = 32;

/// The datagrams of a round, after which publishers have their turn.
const IN_A_ROUND: usize = 128;

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// The clients that send now, which all threads read.
#[derive(Debug)]
pub(crate) struct Conductor {
    /// The group. 0: nobody sends.
    pub(crate) group: AtomicU32,
    pub(crate) window: AtomicU32,
    pub(crate) percent: AtomicU32,
    pub(crate) start: Instant,
}

/// An order to a thread.
enum Order {
    Add(Box<Client>),
    Close(u32),
    /// Tell the number of clients that are not connected.
    Unconnected(Sender<usize>),
    /// Tell the counts of a group, and begin anew.
    Take(u32, Sender<Tally>),
}

/// A running thread.
pub(crate) struct Worker {
    orders: Sender<Order>,
    waker: Waker,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Worker {
    pub(crate) fn start(number: usize, conductor: Arc<Conductor>) -> Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let (orders, received) = channel();
        let clients = Clients {
            poll,
            orders: received,
            conductor,
            clients: Vec::new(),
            readable: Vec::new(),
            next_token: 1,
            window: 0,
            window_start: Instant::now(),
            worked: Duration::ZERO,
            busy: 0.0,
        };
        let thread = Builder::new().name(format!("load-{number}"));
        let thread = thread.spawn(move || clients.run())?;
        Ok(Self {
            orders,
            waker,
            thread: Some(thread),
        })
    }

    pub(crate) fn add(&mut self, client: Client) -> Result<()> {
        self.order(Order::Add(Box::new(client)))
    }

    pub(crate) fn close(&mut self, group: u32) -> Result<()> {
        self.order(Order::Close(group))
    }

    /// Returns the number of clients that are not connected.
    pub(crate) fn unconnected(&mut self) -> Result<usize> {
        let (sender, receiver) = channel();
        self.order(Order::Unconnected(sender))?;
        receiver.recv().map_err(|_| self.failure())
    }

    /// Returns the counts of a group since the last time.
    pub(crate) fn take(&mut self, group: u32) -> Result<Tally> {
        let (sender, receiver) = channel();
        self.order(Order::Take(group, sender))?;
        receiver.recv().map_err(|_| self.failure())
    }

    fn order(&mut self, order: Order) -> Result<()> {
        if self.orders.send(order).is_err() {
            return Err(self.failure());
        }
        Ok(self.waker.wake()?)
    }

    /// Returns the reason why the thread has ended.
    fn failure(&mut self) -> anyhow::Error {
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(Err(error))) => error.context("a thread of the load has failed"),
            _ => anyhow::anyhow!("a thread of the load has ended"),
        }
    }
}

/// The clients of a thread.
struct Clients {
    poll: Poll,
    orders: Receiver<Order>,
    conductor: Arc<Conductor>,
    /// The clients with their tokens.
    clients: Vec<(Token, Box<Client>)>,
    /// The clients from whose sockets more may come.
    readable: Vec<Token>,
    next_token: usize,
    /// The present window, and the time of it in which the thread has not waited.
    window: u32,
    window_start: Instant,
    worked: Duration,
    /// The share of the last window.
    busy: f64,
}

impl Clients {
    fn run(mut self) -> Result<()> {
        let mut events = Events::with_capacity(1_024);
        let mut buffer = vec![0; 2_048];
        loop {
            match self.poll.poll(&mut events, Some(self.wait())) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            let now = Instant::now();
            for event in &events {
                let token = event.token();
                if token != WAKER && !self.readable.contains(&token) {
                    self.readable.push(token);
                }
            }
            if !self.take_orders(now)? {
                return Ok(());
            }
            self.publish(now)?;
            self.receive(&mut buffer)?;
            self.pass_time()?;
            self.note_work(now);
        }
    }

    fn beat(&self, now: Instant) -> (u32, Beat) {
        let conductor = &self.conductor;
        let beat = Beat {
            now,
            start: conductor.start,
            window: conductor.window.load(Ordering::Acquire),
            percent: conductor.percent.load(Ordering::Acquire),
        };
        (conductor.group.load(Ordering::Acquire), beat)
    }

    /// Returns the time until something is due.
    fn wait(&self) -> Duration {
        if !self.readable.is_empty() {
            return Duration::ZERO;
        }
        let due = self.clients.iter().map(|(_, client)| {
            let publication = client.publication.as_ref().filter(|_| client.sends);
            let due = publication.map(Publication::due);
            due.map_or(client.timeout, |due| due.min(client.timeout))
        });
        let wait = due
            .min()
            .map(|due| due.saturating_duration_since(Instant::now()));
        wait.map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
    }

    /// Carries orders out. Returns whether there may be more.
    fn take_orders(&mut self, now: Instant) -> Result<bool> {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Add(mut client)) => {
                    let token = Token(self.next_token);
                    self.next_token += 1;
                    let registry = self.poll.registry();
                    registry.register(&mut client.socket, token, Interest::READABLE)?;
                    client.pass_time(now, 0)?;
                    self.clients.push((token, client));
                }
                Ok(Order::Close(group)) => {
                    self.clients.retain(|(_, client)| client.group != group);
                }
                Ok(Order::Unconnected(reply)) => {
                    let clients = self.clients.iter();
                    let waiting = clients.filter(|(_, client)| !client.is_connected);
                    let _gone = reply.send(waiting.count());
                }
                Ok(Order::Take(group, reply)) => {
                    let mut tally = Tally {
                        busy: self.busy,
                        ..Tally::default()
                    };
                    for (_, client) in &mut self.clients {
                        if client.group == group {
                            tally.add(client.reception.take());
                            let publication = client.publication.as_mut();
                            let sent = publication
                                .map(|publication| core::mem::take(&mut publication.sent));
                            tally.sent += sent.unwrap_or_default();
                        }
                    }
                    let _gone = reply.send(tally);
                }
                Err(TryRecvError::Empty) => return Ok(true),
                Err(TryRecvError::Disconnected) => return Ok(false),
            }
        }
    }

    fn publish(&mut self, now: Instant) -> Result<()> {
        let (group, beat) = self.beat(now);
        for (_, client) in &mut self.clients {
            let is_on = client.group == group;
            if let Some(publication) = client.publication.as_mut() {
                if is_on && !client.sends {
                    // The golden ratio spreads any number of publishers evenly.
                    let phase = f64::from(client.number) * 0.618_033_988;
                    publication.begin(now, phase.fract());
                }
                client.sends = is_on;
                if is_on && publication.due() <= now {
                    client.publish(beat)?;
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<()> {
        let window = self.conductor.window.load(Ordering::Acquire);
        let mut rest = IN_A_ROUND;
        let mut readable = core::mem::take(&mut self.readable);
        let mut again = Vec::new();
        for token in readable.drain(..) {
            let place = self
                .clients
                .binary_search_by_key(&token, |(token, _)| *token);
            let client = place.ok().and_then(|place| self.clients.get_mut(place));
            let Some((_, client)) = client else { continue };
            match client.receive(buffer, AT_ONCE.min(rest), window)? {
                Some(taken) => {
                    rest -= taken;
                    again.push(token);
                }
                None => rest = rest.saturating_sub(AT_ONCE / 4),
            }
        }
        // Those that had no turn come first in the next round.
        let half = again.len() / 2;
        again.rotate_left(half);
        self.readable = again;
        Ok(())
    }

    fn pass_time(&mut self) -> Result<()> {
        let window = self.window;
        for (_, client) in &mut self.clients {
            let now = Instant::now();
            if client.timeout <= now {
                client.pass_time(now, window)?;
            }
        }
        Ok(())
    }

    /// Counts the time of a round.
    fn note_work(&mut self, begin: Instant) {
        let window = self.conductor.window.load(Ordering::Acquire);
        self.worked += begin.elapsed();
        if window != self.window {
            let length = self.window_start.elapsed().as_secs_f64();
            self.busy = self.worked.as_secs_f64() / length.max(f64::EPSILON);
            self.window = window;
            self.window_start = Instant::now();
            self.worked = Duration::ZERO;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without its other end the thread ends at the next wake-up.
        let (closed, _) = channel();
        self.orders = closed;
        let _awake = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Starts a worker for each core.
pub(crate) fn start_workers(conductor: &Arc<Conductor>) -> Result<Vec<Worker>> {
    let cores = std::thread::available_parallelism().context("the number of cores is unknown")?;
    (0..cores.get())
        .map(|number| Worker::start(number, Arc::clone(conductor)))
        .collect()
}
