//! The way between a person's process and the room service, which loses messages and breaks connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        handshake::server::{Callback, ErrorResponse, Request, Response},
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
    },
};

use crate::{
    dice::Dice,
    journal::{Event, Journal, Visit},
    message::look,
};

/// The mean time after which a connection is broken, in seconds.
const CONNECTION_LIFE: f64 = 90.0;

/// The share of connections that pass nothing for a time before they are broken.
const DEAD_SHARE: f64 = 0.3;

/// The faults of all ways.
pub(crate) struct Faults {
    /// Whether there are faults now.
    pub(crate) are_on: AtomicBool,
    /// The share of messages that are lost.
    pub(crate) loss: f64,
}

/// The way of one person.
pub(crate) struct Proxy {
    person: u32,
    /// The number of the present visit.
    visit: AtomicU32,
    service: String,
    faults: Arc<Faults>,
    journal: Journal,
    seed: u64,
    connections: AtomicU32,
}

impl Proxy {
    /// Starts a proxy before the service. Returns it and its URL.
    pub(crate) async fn start(
        person: u32,
        service: &str,
        faults: &Arc<Faults>,
        journal: &Journal,
        seed: u64,
        tasks: &mut JoinSet<()>,
    ) -> Result<(Arc<Self>, String)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let proxy = Arc::new(Self {
            person,
            visit: AtomicU32::new(0),
            service: service.to_owned(),
            faults: Arc::clone(faults),
            journal: journal.clone(),
            seed,
            connections: AtomicU32::new(0),
        });
        let serving = Arc::clone(&proxy);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let serving = Arc::clone(&serving);
                connections.spawn(async move { serving.serve(stream).await });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok((proxy, url))
    }

    /// Begins the next visit.
    pub(crate) fn begin_visit(&self, visit: Visit) {
        self.visit.store(visit.number, Ordering::Relaxed);
    }

    fn visit(&self) -> Visit {
        Visit {
            person: self.person,
            number: self.visit.load(Ordering::Relaxed),
        }
    }

    /// Passes a connection on. A connection that cannot be passed on is closed.
    async fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let request = socket_request(&stream).await?;
        let mut service = TcpStream::connect(&self.service).await?;
        service.set_nodelay(true)?;
        stream.set_nodelay(true)?;
        let Some((path, protocol)) = request else {
            copy_bidirectional(&mut stream, &mut service).await?;
            return Ok(());
        };
        let mut request = format!("ws://{}{path}", self.service).into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
        let (service, _) = client_async(request, service).await?;
        let stream = accept_hdr_async(stream, Protocol(protocol)).await?;
        let visit = self.visit();
        self.journal.add(visit, Event::Connected);
        self.carry(visit, stream, service).await;
        self.journal.add(visit, Event::Disconnected);
        Ok(())
    }

    /// Carries messages both ways until the connection ends or is broken.
    async fn carry<P, S>(
        &self,
        visit: Visit,
        person: WebSocketStream<P>,
        service: WebSocketStream<S>,
    ) where
        P: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let subject = u64::from(self.person) << 32 | u64::from(number) << 2;
        let mut dice = Dice::of(self.seed, subject);
        let life = dice.until_next(CONNECTION_LIFE);
        let dead_time = match dice.happens(DEAD_SHARE) {
            true => dice.time(0.5, 6.0),
            false => Duration::ZERO,
        };
        let dies_at = Instant::now() + life;
        let (to_person, from_person) = person.split();
        let (to_service, from_service) = service.split();
        let is_dead = |at: Instant| at >= dies_at && self.has_faults();
        let journal = &self.journal;
        let to_service = pass(
            from_person,
            to_service,
            Dice::of(self.seed, subject | 1),
            |text, dice| {
                let is_lost = self.loses(dice) || is_dead(Instant::now());
                let view = look(text);
                journal.add(visit, Event::ToService { view, is_lost });
                !is_lost
            },
        );
        let to_person = pass(
            from_service,
            to_person,
            Dice::of(self.seed, subject | 2),
            |text, dice| {
                let is_lost = self.loses(dice) || is_dead(Instant::now());
                let view = look(text);
                journal.add(visit, Event::ToPerson { view, is_lost });
                !is_lost
            },
        );
        let breaks = async {
            sleep_until(dies_at + dead_time).await;
            while !self.has_faults() {
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            _ = to_service => {}
            _ = to_person => {}
            () = breaks => {}
        }
    }

    fn has_faults(&self) -> bool {
        self.faults.are_on.load(Ordering::Relaxed)
    }

    fn loses(&self, dice: &mut Dice) -> bool {
        dice.happens(self.faults.loss) && self.has_faults()
    }
}

/// Passes messages on, unless `passes` says no to a text.
async fn pass(
    mut from: impl Stream<Item = Result<Message, Error>> + Unpin,
    mut to: impl Sink<Message, Error = Error> + Unpin,
    mut dice: Dice,
    mut passes: impl FnMut(&str, &mut Dice) -> bool,
) -> Result<()> {
    while let Some(message) = from.next().await {
        let message = message?;
        let is_passed = match &message {
            Message::Text(text) => passes(text, &mut dice),
            Message::Close(_) => {
                to.send(message).await?;
                return Ok(());
            }
            // Either end answers pings itself.
            Message::Ping(_) | Message::Pong(_) => false,
            _ => true,
        };
        if is_passed {
            to.send(message).await?;
        }
    }
    Ok(())
}

/// The subprotocol of a socket, for the answer to the request.
struct Protocol(HeaderValue);

impl Callback for Protocol {
    fn on_request(self, _: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
        let headers = response.headers_mut();
        headers.insert(SEC_WEBSOCKET_PROTOCOL, self.0);
        Ok(response)
    }
}

/// Returns the path and the subprotocol of a request for a socket, without taking it from the stream; `None` for
/// other requests.
async fn socket_request(stream: &TcpStream) -> Result<Option<(String, HeaderValue)>> {
    let mut head = vec![0; 8 * 1024];
    loop {
        stream.readable().await?;
        let length = stream.peek(&mut head).await?;
        let start = String::from_utf8_lossy(head.get(..length).unwrap_or_default());
        if let Some((start, _)) = start.split_once("\r\n\r\n") {
            let mut headers = start.lines().filter_map(|line| line.split_once(": "));
            let protocol =
                headers.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
            let Some((_, protocol)) = protocol else {
                return Ok(None);
            };
            let path = start
                .split(' ')
                .nth(1)
                .context("a request without a path")?;
            return Ok(Some((path.to_owned(), protocol.parse()?)));
        }
        if length == 0 || length == head.len() {
            return Ok(None);
        }
        // The rest of the head follows.
        sleep(Duration::from_millis(1)).await;
    }
}
