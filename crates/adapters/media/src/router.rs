//! The way of what comes to the calls of a thread.

mod arrivals;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use anteroom_sfu::{Measurement, input::Input, source::Layer, time::Moment};

use crate::{
    call::{Call, SocketOutput, Surroundings},
    call_port::CallPort,
    checks::CheckMeters,
    client_key::{CallNumber, ClientKey},
    command::Command,
    containment::contained,
    event::MediaEvent,
    local_addresses::LocalAddresses,
    offers::OfferQueue,
    routes::Routes,
    sockets::Sockets,
    statistics::MediaCounts,
};

/// The calls of a thread, and the way to them.
pub(crate) struct Router {
    calls: HashMap<CallNumber, Call>,
    routes: Routes,
    checks: CheckMeters,
    addresses: LocalAddresses,
    offers: OfferQueue,
    start: Instant,
    largest: Layer,
    pub(crate) counts: MediaCounts,
    /// The measurements of connections since they were published last.
    pub(crate) measurements: Vec<Measurement>,
    /// The calls with something to send.
    dirty: Vec<CallNumber>,
    /// The calls that have failed.
    failed: Vec<CallNumber>,
    commands: VecDeque<Command>,
}

impl Router {
    pub(crate) fn new(addresses: LocalAddresses, offers: OfferQueue, start: Instant) -> Self {
        Self {
            calls: HashMap::new(),
            routes: Routes::default(),
            checks: CheckMeters::new(),
            addresses,
            offers,
            start,
            largest: Layer::High,
            counts: MediaCounts::default(),
            measurements: Vec::new(),
            dirty: Vec::new(),
            failed: Vec::new(),
            commands: VecDeque::new(),
        }
    }

    /// Takes the commands of a call, and opens or ends it.
    pub(crate) fn take_commands(
        &mut self,
        port: &Arc<CallPort>,
        sockets: &mut Sockets,
        now: Instant,
    ) {
        let number = port.number;
        let mut commands = core::mem::take(&mut self.commands);
        if let Some(done) = port.commands.take(&mut commands) {
            commands.clear();
            self.close(number, sockets, now);
            drop(done);
        } else if !port.has_failed() {
            let largest = self.largest;
            self.calls.entry(number).or_insert_with(|| {
                let mut call = Call::new(Arc::clone(port), now);
                call.sfu.handle(now, Input::Largest(largest));
                call
            });
        }
        for command in commands.drain(..) {
            let receipt = self.handle(number, command, now);
            if receipt.is_some() {
                // The sockets are told before the receipt is given.
                self.drain_call(number, sockets, now);
                sockets.finish(&mut self.counts);
                self.end_failed(sockets, now);
            }
            drop(receipt);
        }
        self.commands = commands;
    }

    /// Carries a command out. Returns the receipt that is to be dropped when it is done.
    fn handle(
        &mut self,
        number: CallNumber,
        mut command: Command,
        now: Instant,
    ) -> Option<tokio::sync::oneshot::Sender<()>> {
        let receipt = command.take_receipt();
        let call = self.calls.get_mut(&number)?;
        let mut around = Surroundings {
            routes: &mut self.routes,
            counts: &mut self.counts,
            offers: &self.offers,
            now,
        };
        if contained(|| call.handle(command, &mut around)).is_none() {
            self.failed.push(number);
        }
        self.mark(number);
        receipt
    }

    /// Works on the call of a connection, if the connection is its device's newest.
    fn with<T>(&mut self, key: ClientKey, work: impl FnOnce(&mut Call) -> T) -> Option<T> {
        let call = self.calls.get_mut(&key.call)?;
        if !call.has(key) {
            return None;
        }
        let result = contained(|| work(call));
        if result.is_none() {
            self.failed.push(key.call);
        }
        self.mark(key.call);
        result
    }

    /// Notes that a call has something to send.
    fn mark(&mut self, number: CallNumber) {
        let call = self.calls.get_mut(&number);
        if let Some(call) = call.filter(|call| !call.is_dirty) {
            call.is_dirty = true;
            self.dirty.push(number);
        }
    }

    /// Returns whether something is to be sent.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.failed.is_empty()
    }

    /// Returns the first moment at which a call wants to know the time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.calls.values().filter_map(|call| call.deadline).min()
    }

    /// Lets the time pass for the calls that wait for it.
    pub(crate) fn pass_time(&mut self, now: Instant) {
        let due = self.calls.iter().filter(|(_, call)| {
            let deadline = call.deadline;
            deadline.is_some_and(|deadline| deadline <= now)
        });
        let due: Vec<CallNumber> = due.map(|(number, _)| *number).collect();
        for number in due {
            self.work_on(number, |call| {
                // The outputs tell the next one.
                call.deadline = None;
                call.sfu.pass_time(now);
            });
        }
    }

    /// Tells all calls the largest layer that may travel.
    pub(crate) fn limit_layers(&mut self, largest: Layer, now: Instant) {
        self.largest = largest;
        let numbers: Vec<CallNumber> = self.calls.keys().copied().collect();
        for number in numbers {
            self.work_on(number, |call| call.sfu.handle(now, Input::Largest(largest)));
        }
    }

    fn work_on(&mut self, number: CallNumber, work: impl FnOnce(&mut Call)) {
        let Some(call) = self.calls.get_mut(&number) else {
            return;
        };
        if contained(|| work(call)).is_none() {
            self.failed.push(number);
        }
        self.mark(number);
    }

    /// Sends what the calls have to say.
    pub(crate) fn flush(&mut self, sockets: &mut Sockets, now: Instant) {
        let mut dirty = core::mem::take(&mut self.dirty);
        for number in dirty.drain(..) {
            self.work_on_clean(number, |call| call.sfu.flush(now));
            self.drain_call(number, sockets, now);
        }
        // A connection that became dirty meanwhile stays for the next time.
        dirty.append(&mut self.dirty);
        self.dirty = dirty;
        sockets.finish(&mut self.counts);
        self.end_failed(sockets, now);
    }

    /// Ends the calls that have failed.
    fn end_failed(&mut self, sockets: &mut Sockets, now: Instant) {
        for number in core::mem::take(&mut self.failed) {
            self.fail(number, sockets, now);
        }
    }

    /// Works on a call that is not marked by it.
    fn work_on_clean(&mut self, number: CallNumber, work: impl FnOnce(&mut Call)) {
        let call = self.calls.get_mut(&number);
        if call.is_some_and(|call| contained(|| work(call)).is_none()) {
            self.failed.push(number);
        }
    }

    fn drain_call(&mut self, number: CallNumber, sockets: &mut Sockets, now: Instant) {
        let Some(call) = self.calls.get_mut(&number) else {
            return;
        };
        let (routes, counts) = (&mut self.routes, &mut self.counts);
        let drained = contained(|| call.drain(|output| sockets.put(output, routes, counts, now)));
        counts.add(&call.sfu.take_counts());
        self.measurements.extend(call.sfu.take_measurements());
        if drained.is_none() {
            self.failed.push(number);
        }
    }

    /// Ends a call, with nothing more sent.
    fn close(&mut self, number: CallNumber, sockets: &mut Sockets, now: Instant) {
        self.offers.forget_call(number);
        let Some(mut call) = self.calls.remove(&number) else {
            return;
        };
        let (routes, counts) = (&mut self.routes, &mut self.counts);
        // Connections that have been replaced are still to be closed.
        let _drained = contained(|| {
            call.drain(|output| {
                if let SocketOutput::Close(_) = output {
                    sockets.put(output, routes, counts, now);
                }
            });
        });
        for key in call.connections() {
            let close = SocketOutput::Close(key);
            sockets.put(close, &mut self.routes, &mut self.counts, now);
        }
    }

    /// Ends a call in which something failed.
    fn fail(&mut self, number: CallNumber, sockets: &mut Sockets, now: Instant) {
        if let Some(call) = self.calls.get(&number) {
            self.counts.failed_calls += 1;
            call.port.note_failure();
            call.port.events.push(MediaEvent::Failed);
            self.close(number, sockets, now);
        }
    }

    /// Ends all calls.
    pub(crate) fn close_all(&mut self, sockets: &mut Sockets, now: Instant) {
        let numbers: Vec<CallNumber> = self.calls.keys().copied().collect();
        for number in numbers {
            self.close(number, sockets, now);
        }
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment::default().plus(now.saturating_duration_since(self.start))
    }
}
