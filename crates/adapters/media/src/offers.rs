//! The answers to first offers, which take milliseconds each: on a thread beside the one of the media.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{Builder, JoinHandle},
    time::Instant,
};

use anteroom_protocol::DemuxId;
use anteroom_sfu::{AnsweredOffer, OfferError};

use crate::{
    call_port::CallPort,
    command::Command,
    containment::contained,
    event::{MediaEvent, OfferRefusal},
};

/// The number of offers that wait. A device may have five of them at once.
const WAITING: usize = 128;

/// An offer to be answered.
pub(crate) struct OfferJob {
    pub(crate) port: Arc<CallPort>,
    pub(crate) device: DemuxId,
    pub(crate) session: u64,
    pub(crate) offer: String,
}

/// The offers that wait for their answers. When it is dropped, its thread ends.
pub(crate) struct OfferQueue(SyncSender<OfferJob>);

impl OfferQueue {
    /// Starts the thread that answers.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn start(name: String) -> io::Result<(Self, JoinHandle<()>)> {
        let (sender, jobs) = sync_channel(WAITING);
        let thread = Builder::new().name(name).spawn(move || answer_all(&jobs))?;
        Ok((Self(sender), thread))
    }

    /// Adds an offer. Returns whether there was room.
    pub(crate) fn push(&self, job: OfferJob) -> bool {
        self.0.try_send(job).is_ok()
    }
}

fn answer_all(jobs: &Receiver<OfferJob>) {
    for job in jobs {
        let OfferJob {
            port,
            device,
            session,
            offer,
        } = job;
        let settings = &port.thread().settings;
        let answered = contained(|| AnsweredOffer::new(&offer, session, settings, Instant::now()));
        match answered.unwrap_or(Err(OfferError::Malformed)) {
            Ok(answered) => {
                let answered = Box::new(answered);
                // It is always taken: at most as many as offers.
                let _taken = port.push(Command::Attach {
                    device,
                    session,
                    answered,
                });
            }
            Err(error) => port.events.push(MediaEvent::OfferRefused {
                device,
                session,
                reason: OfferRefusal::Offer(error),
            }),
        }
    }
}
