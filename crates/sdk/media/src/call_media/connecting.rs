//! The offers of connections and their answers: when one is made, replaced and given up.

use core::time::Duration;
use std::time::Instant;

use anteroom_protocol::media::SessionDescription;

use super::{CallMedia, MediaOutput, Offer};
use crate::{
    connection::{Connection, DescriptionError},
    event::{GiveUpReason, MediaEvent},
};

/// The time without a connection over UDP after which TCP is tried too.
const TCP_DELAY: Duration = Duration::from_secs(2);

impl CallMedia {
    /// Makes a new connection: the device has a seat for it, and none before.
    pub(crate) fn open(&mut self, now: Instant) {
        self.is_open = true;
        self.attempts.reset();
        self.connect(now);
    }

    pub(super) fn connect(&mut self, now: Instant) {
        self.waiting.push_back(MediaOutput::CloseWays);
        self.connection = None;
        self.session += 1;
        match Connection::new(self.counts, now) {
            Some((connection, text)) => {
                self.connection = Some(connection);
                self.offer(text, now);
            }
            None => self.attempts.offer(now),
        }
    }

    /// Looks for another way of a connection that works, or makes a new one. There is one offer of a connection at a
    /// time, so that each answer is that to the last one.
    pub(crate) fn restart(&mut self, now: Instant) {
        let connection = self.connection.as_mut();
        let connection = connection.filter(|one| one.is_connected() && !one.awaits_answer());
        match connection.and_then(Connection::restart) {
            Some(text) => self.offer(text, now),
            None => self.open(now),
        }
    }

    /// Looks for a connection soon, unless there is one that works: the call has come back, so others may work too, and
    /// answers that had not come are lost.
    pub(crate) fn resume(&mut self, now: Instant) {
        if self.is_open && !self.is_connected() {
            self.attempts.reset();
            self.attempts.fail(now);
        }
    }

    /// Takes note that the media server has no connection of this device, or makes none at present.
    pub(crate) fn lose(&mut self, now: Instant) {
        let Some(connection) = &self.connection else {
            return;
        };
        let is_connected = connection.is_connected();
        if !is_connected && connection.awaits_answer() {
            return self.attempts.postpone(now);
        }
        self.disconnect();
        if is_connected {
            self.tell(MediaEvent::Interrupted);
        }
        self.attempts.lose(now);
    }

    /// Takes note that there were too many offers: another one is made in time, which may lead to a connection.
    pub(crate) fn postpone(&mut self, now: Instant) {
        let connection = self.connection.as_mut();
        let Some(connection) = connection.filter(|one| one.awaits_answer()) else {
            return;
        };
        connection.forget_offer();
        if connection.is_connected() {
            self.attempts.stop();
        } else {
            self.attempts.postpone(now);
        }
    }

    /// Takes note that the last offer was refused for a reason that stays. A few are made nevertheless, and more when
    /// the call has come back ([`Self::resume`]).
    pub(crate) fn refuse(&mut self, now: Instant) {
        let connection = self.connection.as_mut();
        let Some(connection) = connection.filter(|one| one.awaits_answer()) else {
            return;
        };
        connection.forget_offer();
        if connection.is_connected() {
            // A way that works goes on.
            self.attempts.stop();
        } else if self.attempts.refuse(now) {
            self.give_up(GiveUpReason::Refused);
        }
    }

    /// Ends the connection, and makes no other.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
        self.attempts.stop();
        self.disconnect();
    }

    pub(super) fn give_up(&mut self, reason: GiveUpReason) {
        self.attempts.stop();
        self.disconnect();
        self.tell(MediaEvent::GivenUp(reason));
    }

    pub(super) fn disconnect(&mut self) {
        self.connection = None;
        self.tcp = None;
        self.sending.interrupt();
        self.waiting.push_back(MediaOutput::CloseWays);
    }

    fn offer(&mut self, text: String, now: Instant) {
        self.tcp = None;
        self.attempts.offer(now);
        let slots = self.connection.iter().flat_map(Connection::slots);
        let offer = Offer {
            session: self.session,
            offer: SessionDescription::new(text),
            slots: slots.map(|(_, mid)| mid).collect(),
        };
        self.waiting.push_back(MediaOutput::Offer(offer));
    }

    /// Takes the answer to an offer. One to a connection that was replaced is left out.
    pub(crate) fn answer(
        &mut self,
        session: u64,
        answer: &str,
        now: Instant,
    ) -> Result<(), DescriptionError> {
        let is_present = session == self.session;
        let Some(connection) = self.connection.as_mut().filter(|_| is_present) else {
            return Ok(());
        };
        let is_first = !connection.is_answered();
        let addresses = match connection.answer(answer) {
            Ok(addresses) => addresses,
            Err(error) => {
                if error == DescriptionError::Malformed {
                    self.attempts.fail(now);
                }
                return Err(error);
            }
        };
        self.attempts.answer(now);
        // A way that works goes on until another way does.
        self.waiting.push_back(match is_first {
            true => MediaOutput::CloseWays,
            false => MediaOutput::RenewWays,
        });
        let (tcp, udp): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|one| one.is_tcp);
        self.waiting
            .extend(udp.iter().copied().map(MediaOutput::OpenWay));
        let delay = if udp.is_empty() {
            Duration::ZERO
        } else {
            TCP_DELAY
        };
        self.tcp = Some((now + delay, tcp));
        Ok(())
    }
}
