//! The offers of devices, which take milliseconds each: they are read on a thread beside the one of the media, and first
//! ones are answered there.
//!
//! The calls of a thread share the queue. A call has few offers in it, so that the others go on however much one of them
//! offers, and a device that leaves takes its offers with it.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Instant,
};

use anteroom_protocol::DemuxId;
use anteroom_sfu::{AnsweredOffer, DeviceOffer, OfferError, OfferKind};
use parking_lot::{Condvar, Mutex};

use crate::{
    call_port::CallPort,
    client_key::CallNumber,
    command::Command,
    containment::contained,
    event::{MediaEvent, OfferRefusal},
};

/// The number of offers that wait.
const WAITING: usize = 128;

/// The number of offers of one call that wait.
const WAITING_OF_CALL: usize = 16;

/// An offer to be read.
pub(crate) struct OfferJob {
    pub(crate) port: Arc<CallPort>,
    pub(crate) device: DemuxId,
    pub(crate) session: u64,
    pub(crate) kind: OfferKind,
    pub(crate) offer: String,
}

/// The offers that wait for their answers. When it is dropped, its thread ends.
pub(crate) struct OfferQueue(Arc<OfferJobs>);

#[derive(Default)]
struct OfferJobs {
    state: Mutex<QueueState>,
    has_changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    jobs: VecDeque<OfferJob>,
    is_closed: bool,
}

impl OfferQueue {
    /// Starts the thread that answers.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn start(name: String) -> io::Result<(Self, JoinHandle<()>)> {
        let jobs = Arc::new(OfferJobs::default());
        let queue = Self(Arc::clone(&jobs));
        let thread = Builder::new().name(name).spawn(move || {
            while let Some(job) = jobs.next() {
                answer(job);
            }
        })?;
        Ok((queue, thread))
    }

    /// Adds an offer. Returns whether there was room.
    pub(crate) fn push(&self, job: OfferJob) -> bool {
        let jobs = &mut self.0.state.lock().jobs;
        let of_call = jobs.iter().filter(|other| other.is_of(job.port.number));
        let has_room = jobs.len() < WAITING && of_call.count() < WAITING_OF_CALL;
        if has_room {
            jobs.push_back(job);
            self.0.has_changed.notify_one();
        }
        has_room
    }

    /// Drops the offers of a device that is active no longer.
    pub(crate) fn forget(&self, call: CallNumber, device: DemuxId) {
        let jobs = &mut self.0.state.lock().jobs;
        jobs.retain(|job| !(job.is_of(call) && job.device == device));
    }

    /// Drops the offers of a call that has ended.
    pub(crate) fn forget_call(&self, call: CallNumber) {
        let jobs = &mut self.0.state.lock().jobs;
        jobs.retain(|job| !job.is_of(call));
    }
}

impl Drop for OfferQueue {
    fn drop(&mut self) {
        self.0.state.lock().is_closed = true;
        self.0.has_changed.notify_one();
    }
}

impl OfferJobs {
    /// Waits for the next offer. `None`: the queue has been dropped.
    fn next(&self) -> Option<OfferJob> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            self.has_changed.wait(&mut state);
        }
    }
}

impl OfferJob {
    fn is_of(&self, call: CallNumber) -> bool {
        self.port.number == call
    }
}

/// Reads an offer, answers a first one, and gives it to the thread of its call.
fn answer(job: OfferJob) {
    let OfferJob {
        port,
        device,
        session,
        kind,
        offer,
    } = job;
    let settings = &port.thread().settings;
    let command = contained(|| {
        Ok(match kind {
            OfferKind::First => Command::Attach {
                device,
                session,
                answered: Box::new(AnsweredOffer::new(
                    &offer,
                    session,
                    settings,
                    Instant::now(),
                )?),
            },
            OfferKind::Later => Command::Reoffer {
                device,
                session,
                offer: Box::new(DeviceOffer::read(&offer)?),
            },
        })
    });
    match command.unwrap_or(Err(OfferError::Malformed)) {
        Ok(command) => {
            // It is always taken: at most as many as offers.
            let _taken = port.push(command);
        }
        Err(error) => port.events.push(MediaEvent::OfferRefused {
            device,
            session,
            reason: OfferRefusal::Offer(error),
        }),
    }
}

#[cfg(test)]
mod tests {
    use anteroom_sfu::{Certificate, SfuSettings, limits::MediaLimits};
    use mio::{Poll, Token, Waker};

    use super::*;
    use crate::call_port::ThreadPort;

    fn id(number: u32) -> DemuxId {
        DemuxId::new(number * 16).unwrap()
    }

    fn job(port: &Arc<CallPort>, device: u32) -> OfferJob {
        OfferJob {
            port: Arc::clone(port),
            device: id(device),
            session: 1,
            kind: OfferKind::First,
            offer: String::new(),
        }
    }

    #[test]
    fn a_call_has_few_offers_in_the_queue_and_devices_and_calls_that_end_take_theirs_with_them() {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let settings = SfuSettings {
            limits: MediaLimits::default(),
            addresses: Vec::new(),
            tcp_addresses: Vec::new(),
            certificate: Certificate::generate().unwrap(),
        };
        let thread = Arc::new(ThreadPort::new(waker, settings));
        let [busy, other] =
            [1, 2].map(|number| CallPort::open(CallNumber(number), Arc::clone(&thread)));
        // Nobody answers.
        let queue = OfferQueue(Arc::default());
        let taken = (0..100).filter(|number| queue.push(job(&busy, 1 + number % 2)));
        assert_eq!(taken.count(), WAITING_OF_CALL);
        assert!(queue.push(job(&other, 1)));
        let waiting = || queue.0.state.lock().jobs.len();
        queue.forget(busy.number, id(1));
        assert_eq!(waiting(), WAITING_OF_CALL / 2 + 1);
        assert!(queue.push(job(&busy, 3)));
        queue.forget_call(busy.number);
        assert_eq!(waiting(), 1);
        assert_eq!(
            queue.0.next().map(|job| job.port.number),
            Some(other.number)
        );
    }
}
