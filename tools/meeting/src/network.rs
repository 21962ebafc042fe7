//! The network of a participant: its socket to the room service, and its path to the media server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anteroom_testkit::{LinkShape, ShapedPath};
use anyhow::{Context as _, Result};
use futures::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        handshake::server::{Callback, ErrorResponse, Request, Response},
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
    },
};

/// The shape of both ways of a network.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) up: LinkShape,
    pub(crate) down: LinkShape,
}

/// Everything is lost.
const GONE: LinkShape = LinkShape {
    bits_per_second: None,
    delay: Duration::ZERO,
    loss: 1_000,
    queue: Duration::ZERO,
};

/// The network of a participant.
pub(crate) struct Network {
    /// Host and port of the room service.
    service: String,
    seed: u64,
    paths: Mutex<Paths>,
    /// The state of the network, which connections look at.
    state: watch::Sender<NetworkState>,
}

/// The paths to the media server: one for each answer of it, since an earlier one goes on until another one works.
struct Paths {
    shape: Shape,
    is_gone: bool,
    /// The paths with their seeds.
    all: Vec<ShapedPath>,
}

/// The state of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct NetworkState {
    /// The number of breaks of the connections until now.
    breaks: u32,
    /// Whether nothing can be reached.
    is_gone: bool,
    /// Whether the participant gets no message of the room service.
    is_withheld: bool,
}

impl Network {
    /// Creates a network before the room service at a URL. Returns it and the URL at which the service is reached by it.
    pub(crate) async fn start(
        service: &str,
        seed: u64,
        tasks: &mut JoinSet<()>,
    ) -> Result<(Arc<Self>, String)> {
        let service = service.trim_start_matches("http://").trim_end_matches('/');
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let network = Arc::new(Self {
            service: service.to_owned(),
            seed,
            paths: Mutex::new(Paths {
                shape: Shape::default(),
                is_gone: false,
                all: Vec::new(),
            }),
            state: watch::Sender::default(),
        });
        let serving = Arc::clone(&network);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let serving = Arc::clone(&serving);
                connections.spawn(async move { serving.serve(stream).await });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok((network, url))
    }

    /// Sets the shape of the path to the media server.
    pub(crate) fn shape(&self, shape: Shape) {
        let mut paths = self.paths.lock();
        paths.shape = shape;
        paths.apply();
    }

    /// Breaks the connection to the room service, once.
    pub(crate) fn break_socket(&self) {
        self.state.send_modify(|state| state.breaks += 1);
    }

    /// Takes the whole network away, or gives it back.
    pub(crate) fn set_gone(&self, is_gone: bool) {
        self.state.send_modify(|state| {
            state.is_gone = is_gone;
            state.breaks += u32::from(is_gone);
        });
        let mut paths = self.paths.lock();
        paths.is_gone = is_gone;
        paths.apply();
    }

    /// Keeps the messages of the room service back, or passes them on, those that were kept back first.
    pub(crate) fn withhold(&self, is_withheld: bool) {
        self.state
            .send_modify(|state| state.is_withheld = is_withheld);
    }

    /// Returns the number of datagrams that the media server has sent to the participant.
    pub(crate) fn sent_downloads(&self) -> u64 {
        self.paths
            .lock()
            .all
            .iter()
            .map(ShapedPath::sent_downloads)
            .sum()
    }

    /// Passes a connection on. A connection that cannot be passed on is closed.
    async fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let breaks = self.state.borrow().breaks;
        let mut state = self.state.subscribe();
        let request = socket_request(&stream).await?;
        if self.state.borrow().is_gone {
            return Ok(());
        }
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
        tokio::select! {
            carried = self.carry(stream, service) => carried,
            _ = state.wait_for(|state| state.breaks != breaks) => Ok(()),
        }
    }

    /// Carries messages both ways until the connection ends.
    async fn carry(
        &self,
        participant: WebSocketStream<TcpStream>,
        service: WebSocketStream<TcpStream>,
    ) -> Result<()> {
        let (mut to_participant, mut from_participant) = participant.split();
        let (mut to_service, mut from_service) = service.split();
        let upload = async {
            while let Some(message) = from_participant.next().await {
                let message = message?;
                // Either end answers pings itself.
                let is_ping = matches!(message, Message::Ping(_) | Message::Pong(_));
                if !is_ping && to_service.send(message).await.is_err() {
                    // The last words of the service are passed on yet.
                    std::future::pending::<()>().await;
                }
            }
            anyhow::Ok(())
        };
        let mut state = self.state.subscribe();
        let download = async {
            while let Some(message) = from_service.next().await {
                let message = match message? {
                    Message::Ping(_) | Message::Pong(_) => continue,
                    Message::Text(text) => Message::text(self.with_path(text.as_str()).await?),
                    message => message,
                };
                state.wait_for(|state| !state.is_withheld).await?;
                to_participant.send(message).await?;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            over = upload => over,
            over = download => over,
        }
    }

    /// Returns a message with the address of a path in place of the media server's, if it has such.
    async fn with_path(&self, text: &str) -> Result<String> {
        let mut message: Value = serde_json::from_str(text)?;
        let kind = message.get("type").and_then(Value::as_str);
        let Some(Value::String(answer)) = message
            .get("answer")
            .filter(|_| kind == Some("media"))
            .cloned()
        else {
            return Ok(text.to_owned());
        };
        let server = udp_address(&answer).context("the media server names no address")?;
        let number = u64::try_from(self.paths.lock().all.len())?;
        let path = ShapedPath::start(server, self.seed.wrapping_add(number << 32)).await?;
        let answer = with_address(&answer, path.address());
        {
            let mut paths = self.paths.lock();
            paths.all.push(path);
            paths.apply();
        }
        if let Some(place) = message.get_mut("answer") {
            *place = Value::String(answer);
        }
        Ok(message.to_string())
    }
}

impl Paths {
    fn apply(&self) {
        let shape = match self.is_gone {
            true => Shape {
                up: GONE,
                down: GONE,
            },
            false => self.shape,
        };
        for path in &self.all {
            path.shape_upload(shape.up);
            path.shape_download(shape.down);
        }
    }
}

/// Returns the words of an answer's line that names an address over UDP: the fifth and the sixth are address and port
/// (RFC 8839, section 5.1).
fn candidate(line: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.strip_prefix("a=candidate:")?.split(' ').collect();
    let is_udp = words
        .get(2)
        .is_some_and(|word| word.eq_ignore_ascii_case("udp"));
    is_udp.then_some(words)
}

fn udp_address(answer: &str) -> Option<SocketAddr> {
    let words = answer.lines().find_map(candidate)?;
    let (ip, port) = (words.get(4)?, words.get(5)?);
    Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
}

/// Returns an answer with this address in place of those over UDP, and without those over TCP.
fn with_address(answer: &str, address: SocketAddr) -> String {
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let lines = answer.split_inclusive('\n').filter_map(|line| {
        if !line.starts_with("a=candidate:") {
            return Some(line.to_owned());
        }
        let mut words = candidate(line)?;
        *words.get_mut(4)? = &ip;
        *words.get_mut(5)? = &port;
        Some(format!("a=candidate:{}", words.join(" ")))
    });
    lines.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_path_takes_the_place_of_the_servers() {
        let answer = "a=mid:0\r\na=candidate:1 1 udp 9 127.0.0.1 4000 typ host\r\na=candidate:2 1 tcp 8 127.0.0.1 4000 typ host tcptype passive\r\na=end-of-candidates\r\n";
        assert_eq!(udp_address(answer), "127.0.0.1:4000".parse().ok());
        assert_eq!(
            with_address(answer, "127.0.0.2:5".parse().unwrap()),
            "a=mid:0\r\na=candidate:1 1 udp 9 127.0.0.2 5 typ host\r\na=end-of-candidates\r\n"
        );
        assert_eq!(udp_address("a=mid:0\r\n"), None);
    }
}
