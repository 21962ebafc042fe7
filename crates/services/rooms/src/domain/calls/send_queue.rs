//! The bounded queue of outgoing messages of one client.
//!
//! The call adds messages and never waits. The client's own task removes them as fast as the client
//! reads. There are two lanes: control, which is sent first, and relays. A full lane never closes
//! the connection:
//!
//! - A relay that does not fit is dropped for this client, which is told so once until a relay fits
//!   again.
//! - Only the newest whole roster, the newest state of the link and one pong wait. Changes of the
//!   roster beyond their bound are dropped, and the call must then send a whole roster.
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
    /// Creates a queue that holds at most `most_relay_bytes` bytes of relays.
    pub(crate) fn new(most_relay_bytes: usize) -> Self {
        Self(Arc::new(Inner {
            most_relay_bytes,
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
            QueueKind::Roster => {
                state.remove(|kind| matches!(kind, QueueKind::Roster | QueueKind::RosterChanges));
                state.push_control(kind, text)
            }
            QueueKind::Link => {
                state.remove(|kind| kind == QueueKind::Link);
                state.push_control(kind, text)
            }
            QueueKind::Pong if state.bytes_of(QueueKind::Pong) > 0 => PushOutcome::Done,
            QueueKind::Pong | QueueKind::Answer => state.push_control(kind, text),
        };
        self.0.ready.notify_one();
        pushed
    }

    /// Closes the connection once the waiting messages are sent. Only the first call has an effect.
    pub(crate) fn close(&self, closing: ClosingFrame) {
        let mut state = self.0.state.lock();
        if state.closing.is_none() {
            state.closing = Some(closing);
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
            self.remove(|kind| kind == QueueKind::RosterChanges);
            return PushOutcome::RosterMissed;
        }
        self.push_control(QueueKind::RosterChanges, text)
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
mod tests {
    use super::*;

    const CLOSING: ClosingFrame = ClosingFrame {
        code: 1000,
        words: "over",
    };

    fn message(text: &str, kind: QueueKind) -> OutboundMessage {
        OutboundMessage {
            text: text.to_owned().into(),
            kind,
        }
    }

    fn send_queue(most_relay_bytes: usize, messages: &[(&str, QueueKind)]) -> SendQueue {
        let send_queue = SendQueue::new(most_relay_bytes);
        for (text, kind) in messages {
            assert_eq!(send_queue.push(message(text, *kind)), PushOutcome::Done);
        }
        send_queue
    }

    fn drained(send_queue: &SendQueue) -> Vec<String> {
        std::iter::from_fn(|| send_queue.0.state.lock().next())
            .map_while(|next| match next {
                NextAction::Send(message) => Some(String::from_utf8(message.to_vec()).unwrap()),
                NextAction::Close(_) => None,
            })
            .collect()
    }

    #[test]
    fn control_comes_out_before_relays_and_only_the_newest_of_what_replaces() {
        let send_queue = send_queue(
            100,
            &[
                ("relay 1", QueueKind::Relay),
                ("a", QueueKind::Answer),
                ("roster 1", QueueKind::Roster),
                ("changes 1", QueueKind::RosterChanges),
                ("link 1", QueueKind::Link),
                ("pong", QueueKind::Pong),
                ("roster 2", QueueKind::Roster),
                ("relay 2", QueueKind::Relay),
                ("changes 2", QueueKind::RosterChanges),
                ("link 2", QueueKind::Link),
                ("pong", QueueKind::Pong),
                ("b", QueueKind::Answer),
            ],
        );
        let expected = [
            "a",
            "pong",
            "roster 2",
            "changes 2",
            "link 2",
            "b",
            "relay 1",
            "relay 2",
        ];
        assert_eq!(drained(&send_queue), expected);
        assert_eq!(send_queue.0.state.lock().relay_bytes, 0);
    }

    #[test]
    fn a_relay_that_does_not_fit_is_dropped_with_one_error_until_one_fits_again() {
        let send_queue = send_queue(
            10,
            &[
                ("12345", QueueKind::Relay),
                ("67890", QueueKind::Relay),
                ("1", QueueKind::Relay),
                ("2", QueueKind::Relay),
                ("control", QueueKind::Answer),
            ],
        );
        let error = r#"{"type":"error","code":"relay_dropped","#;
        let sent = drained(&send_queue);
        assert!(sent[0].starts_with(error), "{}", sent[0]);
        assert_eq!(sent[1..], ["control", "12345", "67890"]);
        for text in ["1234567890", "3", "4"] {
            assert_eq!(
                send_queue.push(message(text, QueueKind::Relay)),
                PushOutcome::Done
            );
        }
        let sent = drained(&send_queue);
        assert_eq!(sent.len(), 2);
        assert!(sent[0].starts_with(error), "{}", sent[0]);
    }

    #[test]
    fn control_never_grows_without_bound_and_never_ends_the_connection() {
        let send_queue = SendQueue::new(10);
        let kib = "x".repeat(1024);
        let mut missed = 0;
        for _ in 0..10_000 {
            for kind in [QueueKind::Roster, QueueKind::Link, QueueKind::Pong] {
                assert_eq!(send_queue.push(message(&kib, kind)), PushOutcome::Done);
            }
        }
        assert_eq!(drained(&send_queue).len(), 3);
        for _ in 0..1_000 {
            let pushed = send_queue.push(message(&kib, QueueKind::RosterChanges));
            missed += usize::from(pushed == PushOutcome::RosterMissed);
            let bytes = send_queue.0.state.lock().bytes_of(QueueKind::RosterChanges);
            assert!(bytes <= MAX_CHANGES, "{bytes}");
        }
        // The last of 257 consecutive messages does not fit.
        assert_eq!(missed, 3);
    }

    #[tokio::test]
    async fn whoever_does_not_read_the_answers_is_not_read_until_then() {
        let send_queue = send_queue(10, &[]);
        send_queue.has_room().await;
        let answer = "x".repeat(MAX_ANSWERS);
        for _ in 0..2 {
            assert_eq!(
                send_queue.push(message(&answer, QueueKind::Answer)),
                PushOutcome::Done
            );
        }
        let read = async {
            // The client is not read before the first answers are sent.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            send_queue.next().await
        };
        let has_room = std::pin::pin!(send_queue.has_room());
        let ((), sent) = tokio::join!(has_room, read);
        assert!(matches!(sent, NextAction::Send(_)));
        assert_eq!(drained(&send_queue).len(), 1);
    }

    #[tokio::test]
    async fn what_was_sent_before_the_close_still_goes_out() {
        let send_queue = send_queue(
            10,
            &[("last", QueueKind::Answer), ("relay", QueueKind::Relay)],
        );
        send_queue.close(CLOSING);
        let late = send_queue.push(message("late", QueueKind::Answer));
        assert_eq!(late, PushOutcome::Done);
        send_queue.closed().await;
        assert_eq!(
            send_queue.next().await,
            NextAction::Send("last".to_owned().into())
        );
        assert_eq!(
            send_queue.next().await,
            NextAction::Send("relay".to_owned().into())
        );
        assert_eq!(send_queue.next().await, NextAction::Close(CLOSING));
    }
}
