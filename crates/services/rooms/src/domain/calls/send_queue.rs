//! The bounded queue of outgoing messages of one client.
//!
//! The call adds messages and never waits. The client's own task removes them as fast as the client
//! reads. There are two lanes: control, which is sent first, and relays. A full lane never closes
//! the connection:
//!
//! - A relay that does not fit is dropped for this client, which is told so once until a relay fits
//!   again.
//! - Only the newest whole roster, the newest states of the link, of the moderation, of the slots, of what to send and
//!   of the speakers, the newest statement, each order of admins about a source once, and one pong wait. Changes of the roster beyond their bound are dropped, and the call must then send a whole roster.
//! - Commits, Welcomes and refusals wait up to a bound. Beyond it all waiting ones are dropped, and the
//!   client is told so: it has missed more than the call keeps for a resumed device.
//! - When the connection is to be closed, waiting messages of the group are dropped: the reason of the closing
//!   does not wait behind them, and a client that resumes its seat is sent the commits anew.
//! - A client that requests answers faster than it reads them is not read meanwhile.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::outbound::{OutboundMessage, QueueKind};

/// The maximum bytes of roster changes that wait.
const MAX_CHANGES: usize = 256 * 1024;
/// The bytes of waiting answers above which the client is not read.
const MAX_ANSWERS: usize = 64 * 1024;
/// The code and the words of the closing frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClosingFrame {
    /// The status code (RFC 6455, section 7.4.1).
    pub(crate) code: u16,
    pub(crate) words: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum PushOutcome {
    /// The message waits, or does not need to.
    Done,
    /// Roster changes are lost for this client: the call must send a whole roster.
    RosterMissed,
}

/// The next action of the client's task.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextAction {
    Send(Bytes),
    Close(ClosingFrame),
}

/// The queue of one client. Clones are the same queue.
#[derive(Clone, Debug)]
pub(crate) struct SendQueue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most_relay_bytes: usize,
    most_group_bytes: usize,
    state: Mutex<State>,
    /// Signals that there is a message to send, or the end.
    ready: Notify,
    /// Signals that answers have been sent.
    answered: Notify,
    /// Cancelled when the last message is in the queue.
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    control: VecDeque<(QueueKind, Bytes)>,
    relays: VecDeque<Bytes>,
    relay_bytes: usize,
    /// Whether the client was told that relays are dropped, and no relay has fitted since.
    drops_relays: bool,
    closing: Option<ClosingFrame>,
}

impl SendQueue {
    /// Creates a queue that holds at most `most_relay_bytes` bytes of relays, and `most_group_bytes` of commits,
    /// Welcomes and refusals.
    pub(crate) fn new(most_relay_bytes: usize, most_group_bytes: usize) -> Self {
        Self(Arc::new(Inner {
            most_relay_bytes,
            most_group_bytes,
            state: Mutex::default(),
            ready: Notify::new(),
            answered: Notify::new(),
            closed: CancellationToken::new(),
        }))
    }

    pub(crate) fn push(&self, OutboundMessage { text, kind }: OutboundMessage) -> PushOutcome {
        let mut state = self.0.state.lock();
        if state.closing.is_some() {
            return PushOutcome::Done;
        }
        let pushed = match kind {
            QueueKind::Relay => state.push_relay(text, self.0.most_relay_bytes),
            QueueKind::RosterChanges => state.push_changes(text),
            QueueKind::Roster => state.push_roster(text),
            QueueKind::Group => state.push_group(text, self.0.most_group_bytes),
            QueueKind::Link
            | QueueKind::Moderation
            | QueueKind::Statement
            | QueueKind::Slots
            | QueueKind::Wanted
            | QueueKind::Speakers
            | QueueKind::Muted(..) => {
                state.remove(|waiting| waiting == kind);
                state.push_control(kind, text)
            }
            QueueKind::Pong if state.bytes_of(QueueKind::Pong) > 0 => PushOutcome::Done,
            QueueKind::Pong
            | QueueKind::GroupDropped
            | QueueKind::RosterPlace
            | QueueKind::Answer => state.push_control(kind, text),
        };
        self.0.ready.notify_one();
        pushed
    }

    /// Closes the connection once the waiting messages are sent, except those of the group. Only the first
    /// call has an effect.
    pub(crate) fn close(&self, closing: ClosingFrame) {
        let mut state = self.0.state.lock();
        if state.closing.is_none() {
            state.closing = Some(closing);
            state.remove_group();
            // The call sends no more.
            state.remove(|kind| kind == QueueKind::RosterPlace);
            self.0.ready.notify_one();
            self.0.closed.cancel();
        }
    }

    /// Redirects the client to `url`, and closes the connection.
    pub(crate) fn redirect(&self, url: &str) {
        let _ = self.push(OutboundMessage::redirect(url));
        self.close(ClosingFrame {
            code: 1000,
            words: "redirected",
        });
    }

    /// Waits for the next action.
    pub(crate) async fn next(&self) -> NextAction {
        loop {
            if let Some(next) = self.0.state.lock().next() {
                self.0.answered.notify_one();
                return next;
            }
            self.0.ready.notified().await;
        }
    }

    /// Completes when the client has read enough answers to be read again.
    pub(crate) async fn has_room(&self) {
        while self.0.state.lock().bytes_of(QueueKind::Answer) > MAX_ANSWERS {
            self.0.answered.notified().await;
        }
    }

    /// Completes when the connection is to be closed.
    pub(crate) async fn closed(&self) {
        self.0.closed.cancelled().await;
    }
}

impl State {
    fn next(&mut self) -> Option<NextAction> {
        if self.is_missing_roster() {
            return None;
        }
        if let Some((_, text)) = self.control.pop_front() {
            return Some(NextAction::Send(text));
        }
        if let Some(text) = self.relays.pop_front() {
            self.relay_bytes = self.relay_bytes.saturating_sub(text.len());
            return Some(NextAction::Send(text));
        }
        self.closing.map(NextAction::Close)
    }

    fn push_control(&mut self, kind: QueueKind, text: Bytes) -> PushOutcome {
        self.control.push_back((kind, text));
        PushOutcome::Done
    }

    fn push_relay(&mut self, text: Bytes, most_bytes: usize) -> PushOutcome {
        let bytes = self.relay_bytes.saturating_add(text.len());
        if bytes <= most_bytes {
            self.relay_bytes = bytes;
            self.drops_relays = false;
            self.relays.push_back(text);
        } else if !std::mem::replace(&mut self.drops_relays, true) {
            let OutboundMessage { text, kind } = OutboundMessage::relay_dropped();
            self.control.push_back((kind, text));
        }
        PushOutcome::Done
    }

    fn push_changes(&mut self, text: Bytes) -> PushOutcome {
        let bytes = self.bytes_of(QueueKind::RosterChanges);
        if bytes.saturating_add(text.len()) > MAX_CHANGES {
            // A commit that is pushed before the whole roster stays behind it.
            let is_replaced =
                |kind| matches!(kind, QueueKind::RosterChanges | QueueKind::RosterPlace);
            self.replace(is_replaced, QueueKind::RosterPlace, Bytes::new());
            return PushOutcome::RosterMissed;
        }
        self.push_control(QueueKind::RosterChanges, text)
    }

    /// Puts a whole roster in the place of the first message that it replaces, so that a commit or `admitted`
    /// stays behind the roster that names its device.
    fn push_roster(&mut self, text: Bytes) -> PushOutcome {
        let is_replaced = |kind| {
            matches!(
                kind,
                QueueKind::Roster | QueueKind::RosterChanges | QueueKind::RosterPlace
            )
        };
        self.replace(is_replaced, QueueKind::Roster, text);
        PushOutcome::Done
    }

    /// Puts a message in the place of the first one that it replaces, and drops the others; at the end if it
    /// replaces none.
    fn replace(&mut self, is_replaced: fn(QueueKind) -> bool, kind: QueueKind, text: Bytes) {
        let place = self.control.iter().position(|(kind, _)| is_replaced(*kind));
        self.remove(is_replaced);
        let place = place.unwrap_or(self.control.len());
        self.control.insert(place, (kind, text));
    }

    /// Returns whether the next message is a whole roster that the call has not sent yet.
    fn is_missing_roster(&self) -> bool {
        let next = self.control.front();
        next.is_some_and(|(kind, _)| *kind == QueueKind::RosterPlace)
    }

    /// Drops all waiting messages of the group before one that does not fit.
    fn push_group(&mut self, text: Bytes, most_bytes: usize) -> PushOutcome {
        let bytes = self.bytes_of(QueueKind::Group);
        if bytes.saturating_add(text.len()) > most_bytes {
            self.remove_group();
            let OutboundMessage { text, kind } = OutboundMessage::commits_dropped();
            self.control.push_back((kind, text));
        }
        self.push_control(QueueKind::Group, text)
    }

    fn remove_group(&mut self) {
        self.remove(|kind| matches!(kind, QueueKind::Group | QueueKind::GroupDropped));
    }

    fn remove(&mut self, goes: impl Fn(QueueKind) -> bool) {
        self.control.retain(|(kind, _)| !goes(*kind));
    }

    fn bytes_of(&self, kind: QueueKind) -> usize {
        let waiting = self.control.iter().filter(|(other, _)| *other == kind);
        waiting.map(|(_, text)| text.len()).sum()
    }
}

#[cfg(test)]
mod tests;
