//! The media of a session: the connection to the media server, between the socket and the application.

use std::future;

use anteroom_client_core::{CallEvent, EpochFrames, MediaCommand, MediaEffect, SeatStatus};
use anteroom_client_media::{MediaControl, MediaEvents, MediaSender, SlotCounts, start};
use tokio::sync::oneshot;

/// The request of an application for the media of its session: the answer is `None` after the first one.
#[derive(Debug)]
pub(crate) struct MediaOpening {
    pub(crate) slots: SlotCounts,
    pub(crate) reply: oneshot::Sender<Option<(MediaSender, MediaEvents)>>,
}

/// The media of a session. They are started once, since the counters of sealed frames are never set back.
#[derive(Default)]
pub(super) struct SessionMedia {
    control: Option<MediaControl>,
    /// The keys of the latest epoch.
    keys: Option<Box<EpochFrames>>,
    may_send: bool,
    /// Whether the device is in a call that has media for it.
    has_seat: bool,
    /// Whether the call that the device is entering has media.
    has_media: bool,
}

impl SessionMedia {
    /// Starts the media for the application.
    pub(super) async fn start(&mut self, opening: MediaOpening) {
        if self.control.is_some() {
            // The asker may have gone.
            let _gone = opening.reply.send(None);
            return;
        }
        let (control, sender, events) = start(opening.slots, 1);
        if let Some(keys) = &self.keys {
            control.add_epoch((**keys).clone()).await;
        }
        control.allow_sending(self.may_send).await;
        if self.has_seat {
            control.open().await;
        }
        self.control = Some(control);
        let _gone = opening.reply.send(Some((sender, events)));
    }

    /// Takes what the session tells the application.
    pub(super) async fn observe(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Joined(seat) => {
                self.has_media = seat.media.is_some();
                self.has_seat = self.has_media && seat.status == SeatStatus::Active;
                self.begin().await;
            }
            CallEvent::Admitted { .. } if self.has_media && !self.has_seat => {
                self.has_seat = true;
                self.begin().await;
            }
            CallEvent::GroupChanged(state) => {
                self.may_send = state.may_send;
                if let Some(control) = &self.control {
                    control.allow_sending(state.may_send).await;
                }
            }
            CallEvent::Restored { .. } if self.has_seat => {
                if let Some(control) = &self.control {
                    control.resume().await;
                }
            }
            CallEvent::Refused { code, .. } => {
                if let Some(control) = &self.control {
                    match code.as_str() {
                        "media_unavailable" => control.lose().await,
                        "too_many_offers" | "not_active" => control.postpone().await,
                        "media_refused" | "too_many_slots" => control.refuse().await,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// Begins a connection at a new seat. The connection of a former one has ended with it.
    async fn begin(&self) {
        if let Some(control) = &self.control {
            if self.has_seat {
                control.open().await;
            } else {
                control.close().await;
            }
        }
    }

    /// Carries an effect out.
    pub(super) async fn carry_out(&mut self, effect: MediaEffect) {
        let control = self.control.as_ref();
        match effect {
            MediaEffect::Keys(keys) => {
                if let Some(control) = control {
                    control.add_epoch((*keys).clone()).await;
                }
                self.keys = Some(keys);
            }
            MediaEffect::Answer { session, answer } => {
                if let Some(control) = control {
                    control.answer(session, answer).await;
                }
            }
            MediaEffect::Wanted(wanted) => {
                if let Some(control) = control {
                    control.want(wanted).await;
                }
            }
        }
    }

    /// Returns the next offer for the room service; never without media. Dropping the future loses none.
    pub(super) async fn next_offer(&mut self) -> MediaCommand {
        if let Some(control) = &mut self.control
            && let Some(offer) = control.next_offer().await
        {
            return MediaCommand::Offer {
                session: offer.session,
                offer: offer.offer,
                slots: offer.slots,
            };
        }
        future::pending().await
    }
}

#[cfg(test)]
mod tests;
