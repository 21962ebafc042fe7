//! The events of a call's media, and the queue in which they wait.
//!
//! A queue holds few events of each device, however long nobody reads: states replace each other where they
//! stand, and of answers and orders the oldest go first.

use std::collections::VecDeque;

use anteroom_protocol::{
    DemuxId,
    media::{MuteOrder, SessionDescription, SlotReport, Source, Wanted},
};
use anteroom_sfu::{OfferError, output::Refusal};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// An event of a call's media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// The answer to an offer.
    Answer {
        /// The device.
        device: DemuxId,
        /// The number of the session.
        session: u64,
        /// The answer.
        answer: SessionDescription,
    },
    /// An offer is not answered.
    OfferRefused {
        /// The device.
        device: DemuxId,
        /// The number of the session.
        session: u64,
        /// The reason.
        reason: OfferRefusal,
    },
    /// The states of a device's slots, whole. Empty slots are not named.
    Slots {
        /// The device.
        device: DemuxId,
        /// The states.
        slots: Vec<SlotReport>,
    },
    /// The sources and layers that a device is to send.
    Send {
        /// The device.
        device: DemuxId,
        /// The sources and layers.
        wanted: Wanted,
    },
    /// An admin has given an order about a source of a device.
    Muted {
        /// The device.
        device: DemuxId,
        /// The admin's device.
        by: DemuxId,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
    /// Something of a device was refused: too many requests, or a source that was over its limit for too long.
    Refused {
        /// The device.
        device: DemuxId,
        /// The reason.
        reason: Refusal,
    },
    /// The connection of a device has ended, and no other has replaced it.
    Disconnected {
        /// The device.
        device: DemuxId,
    },
    /// The speakers, loudest first.
    Speakers(Vec<DemuxId>),
    /// The media of the call have ended since a part of the server failed.
    Failed,
}

/// The reason why an offer is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferRefusal {
    /// The offer is not as it must be, comes too often, or from a device that is not active.
    Offer(OfferError),
    /// The server has too much to do.
    Busy,
}

/// The number of answers and orders of a device that wait at once.
const WAITING: usize = 8;

impl MediaEvent {
    /// Returns whether a later event takes the place of this one.
    fn is_replaced_by(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Slots { device, .. }, Self::Slots { device: other, .. })
            | (Self::Send { device, .. }, Self::Send { device: other, .. })
            | (Self::Disconnected { device }, Self::Disconnected { device: other }) => {
                device == other
            }
            (Self::Speakers(_), Self::Speakers(_)) | (Self::Failed, Self::Failed) => true,
            (Self::Refused { .. }, Self::Refused { .. }) => self == other,
            _ => false,
        }
    }

    /// Returns whether this and a later event are of the kind of which few wait at once.
    fn is_of_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Answer { device, .. } | Self::OfferRefused { device, .. },
                Self::Answer { device: other, .. } | Self::OfferRefused { device: other, .. },
            )
            | (Self::Muted { device, .. }, Self::Muted { device: other, .. }) => device == other,
            _ => false,
        }
    }
}

/// The events that wait for their reader.
#[derive(Debug, Default)]
pub(crate) struct CallEventQueue {
    waiting: Mutex<QueueState>,
    has_changed: Notify,
}

#[derive(Debug, Default)]
struct QueueState {
    events: VecDeque<MediaEvent>,
    is_closed: bool,
}

impl CallEventQueue {
    /// Adds an event.
    pub(crate) fn push(&self, event: MediaEvent) {
        {
            let events = &mut self.waiting.lock().events;
            let same = events.iter_mut().find(|other| other.is_replaced_by(&event));
            if let Some(same) = same {
                *same = event;
            } else {
                let kind = events.iter().filter(|other| other.is_of_kind(&event));
                if kind.count() >= WAITING {
                    let oldest = events.iter().position(|other| other.is_of_kind(&event));
                    oldest.and_then(|oldest| events.remove(oldest));
                }
                events.push_back(event);
            }
        }
        self.has_changed.notify_one();
    }

    /// Ends the queue: after the events that wait there are no more.
    pub(crate) fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.has_changed.notify_one();
    }

    /// Drops the events of a device that is active no longer.
    pub(crate) fn forget(&self, device: DemuxId) {
        let events = &mut self.waiting.lock().events;
        events.retain(|event| match event {
            MediaEvent::Answer { device: other, .. }
            | MediaEvent::OfferRefused { device: other, .. }
            | MediaEvent::Slots { device: other, .. }
            | MediaEvent::Send { device: other, .. }
            | MediaEvent::Muted { device: other, .. }
            | MediaEvent::Refused { device: other, .. }
            | MediaEvent::Disconnected { device: other } => *other != device,
            MediaEvent::Speakers(_) | MediaEvent::Failed => true,
        });
    }

    /// Drops the states of a device's former connection, which a new one replaces.
    pub(crate) fn forget_states(&self, device: DemuxId) {
        let events = &mut self.waiting.lock().events;
        events.retain(|event| match event {
            MediaEvent::Slots { device: other, .. }
            | MediaEvent::Send { device: other, .. }
            | MediaEvent::Disconnected { device: other } => *other != device,
            _ => true,
        });
    }

    /// Returns the next event, or `None` after the last one.
    pub(crate) async fn next(&self) -> Option<MediaEvent> {
        loop {
            // Registered before the look, so that no event in between is missed.
            let changed = self.has_changed.notified();
            {
                let mut waiting = self.waiting.lock();
                if let Some(event) = waiting.events.pop_front() {
                    return Some(event);
                }
                if waiting.is_closed {
                    return None;
                }
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> DemuxId {
        DemuxId::new(number * 16).unwrap()
    }

    fn answer(device: u32, session: u64) -> MediaEvent {
        MediaEvent::Answer {
            device: id(device),
            session,
            answer: SessionDescription::new("a=ice-pwd:secret".to_owned()),
        }
    }

    #[test]
    fn an_answer_shows_nothing_of_itself() {
        let shown = format!("{:?}", answer(1, 1));
        assert!(!shown.contains("ice-pwd"), "{shown}");
    }

    fn all(queue: &CallEventQueue) -> Vec<MediaEvent> {
        queue.waiting.lock().events.drain(..).collect()
    }

    #[test]
    fn states_replace_each_other_and_of_answers_few_wait() {
        let queue = CallEventQueue::default();
        let slots = |device: u32, count: usize| MediaEvent::Slots {
            device: id(device),
            slots: vec![
                SlotReport {
                    mid: "0".to_owned(),
                    device: id(9),
                    source: Source::Camera,
                    pause: None,
                    height: None,
                };
                count
            ],
        };
        for round in 0..100 {
            queue.push(slots(1, round));
            queue.push(slots(2, round));
            queue.push(MediaEvent::Speakers(vec![id(1); round]));
            queue.push(MediaEvent::Refused {
                device: id(1),
                reason: Refusal::RateLimited,
            });
            queue.push(answer(1, round as u64));
        }
        let events = all(&queue);
        assert_eq!(events.len(), 4 + WAITING);
        assert_eq!(events[..2], [slots(1, 99), slots(2, 99)]);
        assert_eq!(events.last(), Some(&answer(1, 99)));
        queue.push(slots(1, 0));
        queue.push(slots(2, 0));
        queue.push(MediaEvent::Disconnected { device: id(1) });
        queue.push(answer(1, 2));
        queue.forget_states(id(1));
        // Those of the next connection do not come before its answer.
        queue.push(slots(1, 1));
        assert_eq!(all(&queue), [slots(2, 0), answer(1, 2), slots(1, 1)]);
        queue.push(answer(1, 1));
        queue.push(answer(2, 1));
        queue.forget(id(1));
        assert_eq!(all(&queue), [answer(2, 1)]);
    }

    #[test]
    fn a_closed_queue_is_read_to_its_end() {
        let queue = CallEventQueue::default();
        queue.push(answer(1, 1));
        queue.close();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            assert_eq!(queue.next().await, Some(answer(1, 1)));
            assert_eq!(queue.next().await, None);
            assert_eq!(queue.next().await, None);
        });
    }
}
