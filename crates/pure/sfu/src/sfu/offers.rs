//! The offers of devices, and their answers.

use std::time::Instant;

use anteroom_protocol::DemuxId;

use super::Sfu;
use crate::{DeviceOffer, OfferError, SfuSettings, input::Input, peer::Peer};

/// The kind of an offer that may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferKind {
    /// It begins a connection: [`AnsweredOffer::new`] answers it.
    First,
    /// It changes the connection of the session: [`Sfu::answer_again`] answers it.
    Later,
}

/// A first offer with its answer, and the connection that comes of it.
pub struct AnsweredOffer {
    /// The answer.
    pub answer: String,
    peer: Peer,
}

impl AnsweredOffer {
    /// Answers the first offer of a session, without the call.
    ///
    /// # Errors
    /// The offer is not as it must be.
    pub fn new(
        offer: &str,
        session: u64,
        settings: &SfuSettings,
        now: Instant,
    ) -> Result<Self, OfferError> {
        let (peer, answer) = Peer::answer(DeviceOffer::read(offer)?, session, settings, now)?;
        Ok(Self { answer, peer })
    }
}

impl Sfu {
    /// Answers the offer of a device. A new session is a new connection, which replaces the one that it has; the
    /// same session is a restart of ICE, or more slots.
    ///
    /// # Errors
    /// The device is not active, makes too many offers, or the offer is not as it must be. The connection that it
    /// has stays.
    pub fn offer(
        &mut self,
        now: Instant,
        device: DemuxId,
        session: u64,
        offer: &str,
    ) -> Result<String, OfferError> {
        match self.admit_offer(now, device, session)? {
            OfferKind::Later => self.answer_again(now, device, DeviceOffer::read(offer)?),
            OfferKind::First => {
                let answered = AnsweredOffer::new(offer, session, &self.settings, now)?;
                let answer = answered.answer.clone();
                self.attach(now, device, answered)?;
                Ok(answer)
            }
        }
    }

    /// Counts an offer of a device.
    ///
    /// # Errors
    /// The device is not active, or makes too many offers.
    pub fn admit_offer(
        &mut self,
        now: Instant,
        device: DemuxId,
        session: u64,
    ) -> Result<OfferKind, OfferError> {
        let moment = self.moment(now);
        let handle = self.media.handle_of(device).ok_or(OfferError::NotActive)?;
        if !self.media.may_offer(device, moment) {
            return Err(OfferError::RateLimited);
        }
        let peer = self.peer_mut(handle);
        let is_same = peer.is_some_and(|(_, peer)| peer.session == session);
        Ok(if is_same {
            OfferKind::Later
        } else {
            OfferKind::First
        })
    }

    /// Returns the number by which a device tells its connection from others.
    #[must_use]
    pub fn session(&self, device: DemuxId) -> Option<u64> {
        Some(self.peer(device)?.session)
    }

    /// Answers an offer of the session of the connection that a device has.
    ///
    /// # Errors
    /// The device has none, or the offer is not as it must be.
    pub fn answer_again(
        &mut self,
        now: Instant,
        device: DemuxId,
        offer: DeviceOffer,
    ) -> Result<String, OfferError> {
        let handle = self.media.handle_of(device).ok_or(OfferError::NotActive)?;
        let (_, peer) = self.peer_mut(handle).ok_or(OfferError::NotActive)?;
        let (slots, answer) = peer.answer_again(now, offer)?;
        // A connection that does not work yet begins with all of them.
        let input = peer.has_begun.then_some(Input::AddSlots { device, slots });
        self.dirty.push(handle.index);
        if let Some(input) = input {
            self.handle(now, input);
        }
        Ok(answer)
    }

    /// Gives a device the connection of an offer, instead of the one that it has. Returns the number of the
    /// connection.
    ///
    /// # Errors
    /// The device is not active any more.
    pub fn attach(
        &mut self,
        now: Instant,
        device: DemuxId,
        answered: AnsweredOffer,
    ) -> Result<u64, OfferError> {
        let handle = self.media.handle_of(device).ok_or(OfferError::NotActive)?;
        let mut peer = answered.peer;
        self.handle(now, Input::Disconnect(device));
        self.newest_connection += 1;
        peer.number = self.newest_connection;
        let number = handle.index.number();
        let missing = (number + 1).saturating_sub(self.peers.len());
        self.peers.extend((0..missing).map(|_| None));
        if let Some(place) = self.peers.get_mut(number) {
            *place = Some((device, peer));
        }
        Ok(self.newest_connection)
    }
}
