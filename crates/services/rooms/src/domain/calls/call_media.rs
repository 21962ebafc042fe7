//! The media of one call, as its task uses them: opened when somebody needs them, and opened anew after a failure.
//!
//! They are opened with the first offer or view, not with the era: calls of clients without media take no room among
//! those that the media server can carry. Until then, and after a failure, the call alone knows what devices send and
//! what admins have stopped. It says so when the media are opened ([`anteroom_call::Call::media_commands`]).

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use anteroom_call::{Call, MediaCommand, Moment};
use anteroom_protocol::DemuxId;
use futures::future::join_all;
use tokio::time::timeout;

use super::outbound::OutboundMessage;
use crate::{
    MediaBackend, MediaConfig, MediaControl, MediaEnd, MediaEvent, MediaUnavailable, OfferRefusal,
    OpenedMedia,
};

/// The maximum wait for the ends that one input brings, of all of its devices together: the room does nothing else
/// meanwhile. The media of a call whose end takes longer are ended as failed ones, and that is not awaited: their
/// thread hangs, or has seconds of work. It ends them before it takes the next packet of theirs, so that nothing more
/// travels than what it was about to send.
const END: Duration = Duration::from_secs(3);

/// The number of failures in a span of time after which the media of a call stay closed.
const MAX_FAILURES: usize = 3;
/// The span of time.
const FAILURES_WITHIN: Duration = Duration::from_secs(60);

/// The media of a call.
pub(super) struct CallMedia {
    backend: Option<Arc<dyn MediaBackend>>,
    config: Option<MediaConfig>,
    opened: Option<OpenedMedia>,
    /// The moments of the last failures.
    failures: VecDeque<Moment>,
    /// The newest states of the slots of each device and of what it is to send, for a device that resumes its seat.
    states: HashMap<DemuxId, DeviceStates>,
    /// The newest speakers.
    speakers: Option<OutboundMessage>,
}

/// The newest states of one device.
#[derive(Default)]
struct DeviceStates {
    /// The number of its connection that was answered last.
    session: Option<u64>,
    slots: Option<OutboundMessage>,
    wanted: Option<OutboundMessage>,
    /// The error that tells the end of its connection, until another one is answered.
    end: Option<OutboundMessage>,
}

/// The reason why a command was not carried out.
pub(super) enum CommandFailure {
    /// The device is refused.
    Refused(DemuxId, OfferRefusal),
    /// The call has no media at present.
    Unavailable(DemuxId, MediaUnavailable),
    /// The media had to be ended, because the command could not be given or its end did not come.
    Ended,
}

impl CallMedia {
    pub(super) fn new(backend: Option<Arc<dyn MediaBackend>>) -> Self {
        Self {
            config: backend.as_ref().map(|backend| backend.config()),
            backend,
            opened: None,
            failures: VecDeque::new(),
            states: HashMap::new(),
            speakers: None,
        }
    }

    /// Returns the media that the call has.
    pub(super) const fn config(&self) -> Option<&MediaConfig> {
        self.config.as_ref()
    }

    /// Carries a command of the call out. Returns the end that is to be awaited if it ends something.
    ///
    /// # Errors
    /// The command was not carried out.
    pub(super) fn carry_out(
        &mut self,
        command: MediaCommand,
        call: &Call,
        now: Moment,
    ) -> Result<Option<MediaEnd>, CommandFailure> {
        if let MediaCommand::Offer { device, .. } | MediaCommand::View { device, .. } = &command {
            let opened = self.open(call, now);
            opened.map_err(|reason| CommandFailure::Unavailable(*device, reason))?;
        }
        if let MediaCommand::Remove(device) = &command {
            self.states.remove(device);
        }
        let Some(OpenedMedia { control, .. }) = &self.opened else {
            return Ok(None);
        };
        match command {
            MediaCommand::Remove(device) => Ok(Some(control.remove(device))),
            MediaCommand::Close => Ok(self.opened.take().map(|opened| opened.control.close())),
            command => match tell(&**control, command) {
                Ok(()) => Ok(None),
                Err(Some(device)) => Err(CommandFailure::Refused(device, OfferRefusal::Busy)),
                // An order that cannot be given must not be lost: nobody is heard then.
                Err(None) => {
                    self.fail(now);
                    Err(CommandFailure::Ended)
                }
            },
        }
    }

    /// Opens the media, unless they are open.
    fn open(&mut self, call: &Call, now: Moment) -> Result<(), MediaUnavailable> {
        if self.opened.is_some() {
            return Ok(());
        }
        while self
            .failures
            .front()
            .is_some_and(|at| now.since(*at) >= FAILURES_WITHIN)
        {
            self.failures.pop_front();
        }
        if self.failures.len() >= MAX_FAILURES {
            return Err(MediaUnavailable::FailedOften);
        }
        let backend = self.backend.as_ref().ok_or(MediaUnavailable::Stopping)?;
        let opened = backend.open_call()?;
        for command in call.media_commands() {
            if tell(&*opened.control, command).is_err() {
                self.fail(now);
                return Err(MediaUnavailable::Failed);
            }
        }
        self.opened = Some(opened);
        Ok(())
    }

    /// Awaits the ends that one input has brought.
    ///
    /// # Errors
    /// They did not come in time.
    pub(super) async fn ended(
        &mut self,
        ends: Vec<MediaEnd>,
        now: Moment,
    ) -> Result<(), CommandFailure> {
        if timeout(END, join_all(ends)).await.is_ok() {
            return Ok(());
        }
        self.fail(now);
        Err(CommandFailure::Ended)
    }

    /// Ends the media because they failed.
    pub(super) fn fail(&mut self, now: Moment) {
        tracing::warn!("the media of a call have failed");
        self.opened = None;
        self.states.clear();
        self.speakers = None;
        self.failures.push_back(now);
        // No more than these are ever counted.
        if self.failures.len() > MAX_FAILURES {
            self.failures.pop_front();
        }
    }

    /// Waits for the next event. `None`: the media have ended by themselves. Never completes while there are none.
    pub(super) async fn next_event(&mut self) -> Option<MediaEvent> {
        match &mut self.opened {
            Some(opened) => opened.events.next().await,
            None => std::future::pending().await,
        }
    }

    /// Keeps the newest states of a device's slots.
    pub(super) fn keep_slots(&mut self, device: DemuxId, message: OutboundMessage) {
        self.states.entry(device).or_default().slots = Some(message);
    }

    /// Keeps what a device is to send.
    pub(super) fn keep_wanted(&mut self, device: DemuxId, message: OutboundMessage) {
        self.states.entry(device).or_default().wanted = Some(message);
    }

    /// Notes that an offer of a device is answered. The states of a former connection are none of the new one, which
    /// sends everything at first.
    pub(super) fn note_answer(&mut self, device: DemuxId, session: u64) {
        let states = self.states.entry(device).or_default();
        if states.session != Some(session) {
            *states = DeviceStates {
                session: Some(session),
                ..DeviceStates::default()
            };
        }
    }

    /// Notes that the connection of a device has ended, which the message tells.
    pub(super) fn note_end(&mut self, device: DemuxId, message: OutboundMessage) {
        let states = DeviceStates {
            end: Some(message),
            ..DeviceStates::default()
        };
        self.states.insert(device, states);
    }

    /// Keeps the newest speakers.
    pub(super) fn keep_speakers(&mut self, message: OutboundMessage) {
        self.speakers = Some(message);
    }

    /// Returns the newest states, for a device that joins, is admitted or resumes its seat.
    pub(super) fn newest(&self, device: DemuxId) -> impl Iterator<Item = OutboundMessage> {
        let states = self.states.get(&device).into_iter();
        let states = states.flat_map(|states| [&states.slots, &states.wanted, &states.end]);
        states.chain([&self.speakers]).flatten().cloned()
    }
}

/// Gives a command that ends nothing. The error names the device whose request is refused; `None` for an order of an
/// admin.
fn tell(control: &dyn MediaControl, command: MediaCommand) -> Result<(), Option<DemuxId>> {
    match command {
        MediaCommand::Activate { device, user } => control.activate(device, user),
        MediaCommand::Offer {
            device,
            session,
            offer,
        } => {
            let passed = control.offer(device, session, offer);
            passed.map_err(|_| Some(device))?;
        }
        MediaCommand::View { device, view } => control.view(device, view),
        MediaCommand::Publish { device, sources } => control.publish(device, sources),
        MediaCommand::Mute {
            by,
            target,
            source,
            order,
        } => {
            let given = control.mute(by, target, source, order);
            given.map_err(|_| None)?;
        }
        MediaCommand::Remove(_) | MediaCommand::Close => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
