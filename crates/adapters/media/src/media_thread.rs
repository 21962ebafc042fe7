//! One thread of the media server: its sockets, its calls, and the waits between.
//!
//! A round waits for sockets, commands and deadlines, receives all that has come, and sends what has become of it:
//! at most once in the flush interval, so that many packets for one viewer are sent at once.

use core::time::Duration;
use std::{io, sync::Arc, time::Instant};

use mio::{Events, Poll};
use str0m::net::Protocol;

use crate::{
    call_port::ThreadPort,
    incoming::Incoming,
    load::{LoadMeter, LoadStep, WorkMeter},
    router::Router,
    settings::MediaSettings,
    sockets::{FIRST_LISTENER, FIRST_UDP, Sockets},
    statistics::{MediaCounts, Statistics},
    udp::ReceiveBuffers,
};

/// The number of times that a socket is received from in one round.
const RECEIVES: usize = 8;

/// The number of calls whose commands are taken in one round.
const CALLS: usize = 256;

/// The longest wait, in which nothing is due.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// A thread of the media server.
pub(crate) struct MediaThread {
    pub(crate) poll: Poll,
    pub(crate) port: Arc<ThreadPort>,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) sockets: Sockets,
    pub(crate) router: Router,
    pub(crate) settings: MediaSettings,
}

/// Tells the others that the thread has ended, whatever ended it.
struct LeaveOnDrop(Arc<ThreadPort>);

impl Drop for LeaveOnDrop {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl MediaThread {
    /// Runs until it is told to stop.
    pub(crate) fn run(mut self) {
        let _leave = LeaveOnDrop(Arc::clone(&self.port));
        let mut events = Events::with_capacity(1_024);
        let mut buffers = ReceiveBuffers::new();
        let mut load = LoadMeter::new(self.settings.load);
        let mut work = WorkMeter::default();
        let mut last_flush = Instant::now();
        let mut has_more = true;
        while !self.port.has_to_stop() {
            let begin = Instant::now();
            let wait = self.wait(begin, last_flush, has_more);
            let waited = match self.poll.poll(&mut events, Some(wait)) {
                Ok(()) => begin.elapsed(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Without events from the operating system there is nothing to be done any more.
                Err(_) => break,
            };
            self.note(&events);
            let now = Instant::now();
            has_more = self.take_commands(now);
            has_more |= self.receive(&mut buffers, now);
            self.router.pass_time(now);
            if self.router.is_dirty() && now >= last_flush + self.settings.flush_interval {
                last_flush = now;
                self.flush(now);
            }
            self.sockets.tcp.flush(now, &mut self.router.counts);
            let worked = now.elapsed();
            let micros = u64::try_from(worked.as_micros()).unwrap_or(u64::MAX);
            self.router.counts.worked_micros += micros;
            work.count(worked, self.router.counts.forwarded_packets);
            self.publish_counts();
            let step = load.step();
            if let Some(percent) = load.count(waited, worked) {
                self.statistics.record_load(percent);
                if let Some(nanos) = work.take_for_packet() {
                    self.statistics.record_work(nanos);
                }
                self.react(step, load.step(), now);
            }
        }
        self.router.close_all(&mut self.sockets, Instant::now());
        self.publish_counts();
    }

    /// Returns the time until something is due.
    fn wait(&self, now: Instant, last_flush: Instant, has_more: bool) -> Duration {
        if has_more {
            return Duration::ZERO;
        }
        let flush = last_flush + self.settings.flush_interval;
        let flush = self.router.is_dirty().then_some(flush);
        let parts = [flush, self.router.deadline(), self.sockets.tcp.deadline()];
        let due = parts.into_iter().flatten().min();
        let wait = due.map_or(LONGEST_WAIT, |due| due.saturating_duration_since(now));
        wait.min(LONGEST_WAIT)
    }

    /// Notes which sockets may be ready.
    fn note(&mut self, events: &Events) {
        for event in events {
            let token = event.token();
            if token.0 >= FIRST_LISTENER {
                let is_readable = event.is_readable() || event.is_read_closed();
                self.sockets
                    .tcp
                    .note(token, is_readable, event.is_writable());
            } else if let Some(number) = token.0.checked_sub(FIRST_UDP)
                && let Some(port) = self.sockets.udp.get_mut(number)
            {
                port.is_readable = true;
            }
        }
    }

    /// Takes the commands of the calls that have some. Returns whether there may be more.
    fn take_commands(&mut self, now: Instant) -> bool {
        for _ in 0..CALLS {
            let Some(port) = self.port.next_ready() else {
                return false;
            };
            self.router.take_commands(&port, &mut self.sockets, now);
        }
        true
    }

    /// Receives what has come. Returns whether there may be more.
    fn receive(&mut self, buffers: &mut ReceiveBuffers, now: Instant) -> bool {
        let (sockets, router) = (&mut self.sockets, &mut self.router);
        let mut has_more = false;
        for port in &mut sockets.udp {
            for _ in 0..RECEIVES {
                if !port.is_readable {
                    break;
                }
                port.receive(buffers, |datagram| {
                    let incoming = Incoming {
                        protocol: Protocol::Udp,
                        from: datagram.from,
                        local: datagram.local,
                        owner: None,
                        bytes: datagram.bytes,
                    };
                    router.receive(incoming, now);
                });
            }
            has_more |= port.is_readable;
        }
        let registry = self.poll.registry();
        sockets.tcp.accept(registry, now, &mut router.counts);
        has_more |= sockets.tcp.receive(|frame| {
            let incoming = Incoming {
                protocol: Protocol::Tcp,
                from: frame.from,
                local: Some(frame.local),
                owner: frame.owner,
                bytes: frame.bytes,
            };
            router.receive(incoming, now)
        });
        has_more
    }

    fn flush(&mut self, now: Instant) {
        let before = self.router.counts.sent_packets;
        self.router.flush(&mut self.sockets, now);
        let sent = self.router.counts.sent_packets - before;
        if sent > 0 {
            self.statistics.record_batch(sent);
        }
    }

    fn publish_counts(&mut self) {
        let counts = core::mem::take(&mut self.router.counts);
        if counts != MediaCounts::default() {
            self.statistics.add(&counts);
        }
        for measurement in self.router.measurements.drain(..) {
            self.statistics.record(measurement);
        }
    }

    /// Reacts to a change of the load.
    fn react(&mut self, before: LoadStep, step: LoadStep, now: Instant) {
        if before == step {
            return;
        }
        self.port.set_load(step);
        self.router.limit_layers(step.largest(), now);
    }
}
