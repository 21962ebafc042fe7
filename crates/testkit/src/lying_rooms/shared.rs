//! The lies of the service, its connections and its record.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_wire::rooms::socket::ServerMessage;
use parking_lot::Mutex;
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::hop::{Hop, HttpHop};

type Lie = Box<dyn FnMut(Hop) -> Vec<Hop> + Send>;
type HttpLie = Box<dyn FnMut(usize, HttpHop) -> HttpHop + Send>;

/// The state that all connections share.
pub(super) struct Shared {
    /// The address of the honest service.
    pub(super) service: String,
    pub(super) http: reqwest::Client,
    state: Mutex<State>,
    /// The number of delivered messages.
    delivered: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    lie: Option<Lie>,
    http_lie: Option<HttpLie>,
    /// The newest connection of each client.
    connections: BTreeMap<usize, Connection>,
    next_connection: u64,
    refused: BTreeSet<usize>,
    record: Vec<Hop>,
    /// A feature that clients are not told.
    left_out: Option<&'static str>,
}

struct Connection {
    number: u64,
    to_service: UnboundedSender<Message>,
    to_client: UnboundedSender<Message>,
    breaking: CancellationToken,
}

/// The ends of a connection for its task.
pub(super) struct ConnectionEnds {
    pub(super) number: u64,
    pub(super) to_service: UnboundedReceiver<Message>,
    pub(super) to_client: UnboundedReceiver<Message>,
    /// Cancelled when the connection breaks.
    pub(super) breaking: CancellationToken,
}

/// The direction of a message.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    ToService,
    ToClient,
}

impl Shared {
    /// Creates the state of a proxy before the service with this `http://` URL.
    pub(super) fn new(service: &str) -> Self {
        let service = service.strip_prefix("http://").expect("an http URL");
        Self {
            service: service.to_owned(),
            http: crate::http_client(),
            state: Mutex::default(),
            delivered: watch::Sender::new(0),
        }
    }

    pub(super) fn set_lie(&self, lie: Option<Lie>) {
        self.state.lock().lie = lie;
    }

    pub(super) fn leave_out(&self, feature: &'static str) {
        self.state.lock().left_out = Some(feature);
    }

    pub(super) fn set_http_lie(&self, lie: HttpLie) {
        self.state.lock().http_lie = Some(lie);
    }

    pub(super) fn refuse_connections(&self, client: usize, refuses: bool) {
        let refused = &mut self.state.lock().refused;
        match refuses {
            true => refused.insert(client),
            false => refused.remove(&client),
        };
    }

    pub(super) fn is_refused(&self, client: usize) -> bool {
        self.state.lock().refused.contains(&client)
    }

    /// Makes a new connection the newest one of its client.
    pub(super) fn open(&self, client: usize) -> ConnectionEnds {
        let (to_service, service_queue) = unbounded_channel();
        let (to_client, client_queue) = unbounded_channel();
        let breaking = CancellationToken::new();
        let mut state = self.state.lock();
        let number = state.next_connection;
        state.next_connection += 1;
        let connection = Connection {
            number,
            to_service,
            to_client,
            breaking: breaking.clone(),
        };
        state.connections.insert(client, connection);
        ConnectionEnds {
            number,
            to_service: service_queue,
            to_client: client_queue,
            breaking,
        }
    }

    /// Forgets a connection that is over.
    pub(super) fn close(&self, client: usize, number: u64) {
        let connections = &mut self.state.lock().connections;
        if connections
            .get(&client)
            .is_some_and(|one| one.number == number)
        {
            connections.remove(&client);
        }
    }

    pub(super) fn break_connection(&self, client: usize) {
        if let Some(connection) = self.state.lock().connections.remove(&client) {
            connection.breaking.cancel();
        }
    }

    /// Passes a text of a connection through the lie, and delivers the result. Texts of a connection that is not
    /// the newest one of its client are lost.
    pub(super) fn pass(&self, client: usize, number: u64, to: Direction, text: &Utf8Bytes) {
        let mut state = self.state.lock();
        let newest = state.connections.get(&client);
        if newest.is_none_or(|newest| newest.number != number) {
            return;
        }
        let mut hop = match to {
            Direction::ToService => Hop::from_client(client, text),
            Direction::ToClient => Hop::from_service(client, text),
        };
        if let Hop::ToClient(_, ServerMessage::Joined(joined)) = &mut hop {
            joined.features.retain(|one| Some(&**one) != state.left_out);
        }
        let hops = match &mut state.lie {
            Some(lie) => lie(hop),
            None => vec![hop],
        };
        for hop in hops {
            state.deliver(hop);
        }
        self.delivered.send_replace(state.record.len());
    }

    pub(super) fn deliver(&self, hop: Hop) {
        let mut state = self.state.lock();
        state.deliver(hop);
        self.delivered.send_replace(state.record.len());
    }

    /// Passes a message outside of the sockets through the lie.
    pub(super) fn pass_http(&self, client: usize, hop: HttpHop) -> HttpHop {
        match &mut self.state.lock().http_lie {
            Some(lie) => lie(client, hop),
            None => hop,
        }
    }

    pub(super) fn record(&self) -> Vec<Hop> {
        self.state.lock().record.clone()
    }

    /// Returns the number of delivered messages.
    pub(super) fn count(&self) -> usize {
        self.state.lock().record.len()
    }

    /// Waits for a message that meets a condition, after this number of others.
    pub(super) async fn delivered(&self, mut seen: usize, is_wanted: impl Fn(&Hop) -> bool) -> Hop {
        let mut counts = self.delivered.subscribe();
        loop {
            let count = *counts.borrow_and_update();
            let found = {
                let state = self.state.lock();
                let new = state.record.get(seen..).unwrap_or_default();
                new.iter().find(|hop| is_wanted(hop)).cloned()
            };
            if let Some(found) = found {
                return found;
            }
            seen = count;
            counts.changed().await.expect("the sender lives as long");
        }
    }
}

impl State {
    fn deliver(&mut self, hop: Hop) {
        let message = Message::text(hop.text());
        // A connection whose task has ended loses its messages.
        let _ = match &hop {
            Hop::ToService(client, _) => {
                let connection = self.connections.get(client);
                connection.map(|one| one.to_service.send(message))
            }
            Hop::ToClient(client, _) => {
                let connection = self.connections.get(client);
                connection.map(|one| one.to_client.send(message))
            }
        };
        self.record.push(hop);
    }
}
