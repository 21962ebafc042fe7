//! What waits to be sent to one client, bounded.
//!
//! The call puts messages in and never waits; the client's own task takes them out as fast as the
//! client reads. A client that reads too slowly is cut off rather than waited for. Of rosters only
//! the newest waits: each one replaces all before it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::outbound::Outbound;

/// Why a connection is closed: the code and the words of the closing frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    /// RFC 6455, section 7.4.1.
    pub(crate) code: u16,
    pub(crate) words: &'static str,
}

/// How a message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Until it is sent.
    Lasting,
    /// Until it is sent or another roster comes.
    Roster,
}

/// What the client's task does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Send(Utf8Bytes),
    Close(Closing),
}

/// The queue of one client. Clones are the same queue.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most_bytes: usize,
    state: Mutex<State>,
    /// Something to send, or the end.
    ready: Notify,
    /// No more sending: the client is cut off.
    cut: CancellationToken,
    /// The last message is in.
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// A replaced roster leaves its place empty.
    waiting: VecDeque<Option<Utf8Bytes>>,
    bytes: usize,
    /// How many places have been taken out since the beginning.
    taken: u64,
    /// The place of the roster that waits.
    roster: Option<u64>,
    closing: Option<Closing>,
    cut: bool,
}

impl Outbox {
    /// Holds up to this many bytes.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self(Arc::new(Inner {
            most_bytes,
            state: Mutex::default(),
            ready: Notify::new(),
            cut: CancellationToken::new(),
            closed: CancellationToken::new(),
        }))
    }

    /// Puts a message in. A client for which this is too much is cut off.
    pub(crate) fn push(&self, message: Utf8Bytes, kind: Kind) {
        let mut state = self.state();
        if state.closing.is_some() || state.cut {
            return;
        }
        if kind == Kind::Roster {
            state.drop_roster();
        }
        state.bytes = state.bytes.saturating_add(message.len());
        if state.bytes > self.0.most_bytes {
            *state = State {
                cut: true,
                ..State::default()
            };
            self.0.cut.cancel();
            return;
        }
        if kind == Kind::Roster {
            let place = u64::try_from(state.waiting.len()).unwrap_or(u64::MAX);
            state.roster = Some(state.taken.saturating_add(place));
        }
        state.waiting.push_back(Some(message));
        self.0.ready.notify_one();
    }

    /// Closes the connection once what waits has been sent. Only the first call counts.
    pub(crate) fn close(&self, closing: Closing) {
        let mut state = self.state();
        if state.closing.is_none() {
            state.closing = Some(closing);
            self.0.ready.notify_one();
            self.0.closed.cancel();
        }
    }

    /// Sends the client to where the call is instead, and closes the connection.
    pub(crate) fn redirect(&self, url: &str) {
        let Outbound { text, kind } = Outbound::redirect(url);
        self.push(text, kind);
        self.close(Closing {
            code: 1000,
            words: "redirected",
        });
    }

    /// What to do next. Never completes for a client that has been cut off.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.state().next() {
                return next;
            }
            self.0.ready.notified().await;
        }
    }

    /// Completes when the client has been cut off.
    pub(crate) async fn cut_off(&self) {
        self.0.cut.cancelled().await;
    }

    /// Completes when the connection is to be closed.
    pub(crate) async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<Next> {
        while let Some(place) = self.waiting.pop_front() {
            if self.roster == Some(self.taken) {
                self.roster = None;
            }
            self.taken = self.taken.saturating_add(1);
            if let Some(message) = place {
                self.bytes = self.bytes.saturating_sub(message.len());
                return Some(Next::Send(message));
            }
        }
        self.closing.map(Next::Close)
    }

    fn drop_roster(&mut self) {
        let place = self.roster.take().and_then(|place| {
            let index = usize::try_from(place.checked_sub(self.taken)?).ok()?;
            self.waiting.get_mut(index)
        });
        if let Some(old) = place.and_then(Option::take) {
            self.bytes = self.bytes.saturating_sub(old.len());
        }
        // So that there are never more empty places than messages: bytes alone bound the queue.
        if let Some(None) = self.waiting.back() {
            self.waiting.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSING: Closing = Closing {
        code: 1000,
        words: "over",
    };

    fn text(text: &str) -> Utf8Bytes {
        text.to_owned().into()
    }

    fn drained(outbox: &Outbox) -> Vec<String> {
        std::iter::from_fn(|| outbox.state().next())
            .map_while(|next| match next {
                Next::Send(message) => Some(message.to_string()),
                Next::Close(_) => None,
            })
            .collect()
    }

    #[test]
    fn messages_come_out_in_order_and_only_the_newest_roster() {
        let outbox = Outbox::new(100);
        for (message, kind) in [
            ("a", Kind::Lasting),
            ("roster 1", Kind::Roster),
            ("b", Kind::Lasting),
            ("roster 2", Kind::Roster),
            ("c", Kind::Lasting),
        ] {
            outbox.push(text(message), kind);
        }
        assert_eq!(drained(&outbox), ["a", "b", "roster 2", "c"]);
        assert_eq!(outbox.state().bytes, 0);
        outbox.push(text("roster 3"), Kind::Roster);
        outbox.push(text("roster 4"), Kind::Roster);
        assert_eq!(drained(&outbox), ["roster 4"]);
    }

    #[tokio::test]
    async fn a_client_that_is_too_slow_is_cut_off_and_costs_nothing_more() {
        let outbox = Outbox::new(10);
        outbox.push(text("12345"), Kind::Lasting);
        outbox.push(text("12345"), Kind::Lasting);
        outbox.push(text("6"), Kind::Lasting);
        outbox.cut_off().await;
        outbox.push(text("7"), Kind::Lasting);
        assert_eq!(drained(&outbox), [""; 0]);
        assert_eq!(outbox.state().bytes, 0);
    }

    #[test]
    fn rosters_alone_never_fill_the_queue() {
        let outbox = Outbox::new(10);
        for _ in 0..100 {
            outbox.push(text("123456789"), Kind::Roster);
        }
        assert!(!outbox.state().cut);
        assert_eq!(outbox.state().waiting.len(), 1);
        assert_eq!(drained(&outbox), ["123456789"]);
    }

    #[test]
    fn replaced_rosters_leave_no_more_places_than_there_are_messages() {
        let outbox = Outbox::new(100);
        for number in 0..10 {
            outbox.push(text(&number.to_string()), Kind::Lasting);
            for _ in 0..100 {
                outbox.push(text("roster"), Kind::Roster);
            }
        }
        let places = outbox.state().waiting.len();
        assert!(places <= 20, "{places}");
        let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let mut got = drained(&outbox);
        assert_eq!(got.pop().as_deref(), Some("roster"));
        assert_eq!(got, expected);
        assert_eq!(outbox.state().bytes, 0);
    }

    #[tokio::test]
    async fn what_was_sent_before_the_close_still_goes_out() {
        let outbox = Outbox::new(10);
        outbox.push(text("last"), Kind::Lasting);
        outbox.close(CLOSING);
        outbox.push(text("late"), Kind::Lasting);
        outbox.closed().await;
        assert_eq!(outbox.next().await, Next::Send(text("last")));
        assert_eq!(outbox.next().await, Next::Close(CLOSING));
    }
}
