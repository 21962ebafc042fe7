//! A name server for one host: real DNS over real UDP.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{DNSClass, Name, RData, Record, RecordType},
};
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A name server for one host. It runs until the value is dropped.
pub struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    _server: DropGuard,
}

struct Zone {
    host: Name,
    addresses: Vec<IpAddr>,
    ttl: u32,
    behaviour: Behaviour,
    questions: u32,
}

#[derive(Clone, Copy)]
enum Behaviour {
    Answers,
    Fails,
    IsSilent,
}

impl NameServer {
    /// Starts a server on a free port. Its host has no address yet; answers may not be cached.
    ///
    /// # Panics
    /// No port is available, or `host` is no name.
    pub async fn start(host: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("the port's address");
        let mut host = Name::from_ascii(host).expect("a name");
        host.set_fqdn(true);
        let zone = Arc::new(Mutex::new(Zone {
            host,
            addresses: Vec::new(),
            ttl: 0,
            behaviour: Behaviour::Answers,
            questions: 0,
        }));
        let stop = CancellationToken::new();
        tokio::spawn(serve(socket, Arc::clone(&zone), stop.clone()));
        Self {
            address,
            zone,
            _server: stop.drop_guard(),
        }
    }

    /// Returns the address of the server.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the addresses of the host, each of which may be cached for `ttl` seconds.
    ///
    /// # Panics
    /// A text is no address.
    pub fn set(&self, addresses: &[&str], ttl: u32) {
        let parse = |text: &&str| text.parse().expect("an address");
        let mut zone = self.zone.lock();
        zone.addresses = addresses.iter().map(parse).collect();
        zone.ttl = ttl;
        zone.behaviour = Behaviour::Answers;
    }

    /// Makes the server answer with an error.
    pub fn fail(&self) {
        self.zone.lock().behaviour = Behaviour::Fails;
    }

    /// Makes the server give no answer.
    pub fn stop_answering(&self) {
        self.zone.lock().behaviour = Behaviour::IsSilent;
    }

    /// Returns the number of questions so far.
    #[must_use]
    pub fn questions(&self) -> u32 {
        self.zone.lock().questions
    }
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>, stop: CancellationToken) {
    let mut buffer = [0; 1_500];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = stop.cancelled() => return,
        };
        let Ok((length, from)) = received else {
            continue;
        };
        let question = buffer.get(..length).map(Message::from_vec);
        let Some(Ok(question)) = question else {
            continue;
        };
        let answer = zone.lock().answer(&question);
        if let Some(answer) = answer.and_then(|answer| answer.to_vec().ok()) {
            // A client that has gone needs no answer.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

impl Zone {
    fn answer(&mut self, question: &Message) -> Option<Message> {
        self.questions += 1;
        let query = question.queries.first().cloned()?;
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        match self.behaviour {
            Behaviour::IsSilent => return None,
            Behaviour::Fails => answer.metadata.response_code = ResponseCode::ServFail,
            Behaviour::Answers if *query.name() != self.host => {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            Behaviour::Answers => {
                for address in &self.addresses {
                    let kind = match address {
                        IpAddr::V4(_) => RecordType::A,
                        IpAddr::V6(_) => RecordType::AAAA,
                    };
                    if query.query_type() == kind && query.query_class() == DNSClass::IN {
                        let data = RData::from(*address);
                        let record = Record::from_rdata(query.name().clone(), self.ttl, data);
                        answer.add_answer(record);
                    }
                }
            }
        }
        Some(answer)
    }
}
