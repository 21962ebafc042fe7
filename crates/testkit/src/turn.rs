//! A real relay, coturn as a process, and a client of it.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use stun_types::{
    attribute::{ErrorCode, MessageIntegrity, Nonce, Realm, Username},
    message::{
        IntegrityAlgorithm, LongTermCredentials, Message, MessageClass, MessageWriteVec,
        TransactionId,
    },
    prelude::{MessageWrite as _, MessageWriteExt as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::UdpSocket,
    process::{Child, Command},
    time::timeout,
};
use turn_types::{
    attribute::{RequestedTransport, XorRelayedAddress},
    message::ALLOCATE,
};

use crate::LogGuard;

/// Far more than any start takes, so that only one that hangs meets it.
const PATIENCE: Duration = Duration::from_secs(60);
/// RFC 8489, section 6.2.1: a request is sent again, so many times, after pauses that double.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MOST_SENT: u32 = 7;

/// Debian's coturn, on a free port of the loopback interface. Killed when dropped.
pub struct TurnServer {
    address: SocketAddr,
    _child: Child,
    _directory: TempDir,
}

impl TurnServer {
    /// Starts one that shares this secret with who makes credentials.
    ///
    /// # Panics
    /// When `turnserver` is not installed or does not start.
    pub async fn start(secret: &str) -> Self {
        LogGuard::global().watch_text("relay secret", secret);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = free_port().await;
        let file = directory.path().join("turnserver.conf");
        let settings = configuration(directory.path(), port, secret);
        std::fs::write(&file, settings).expect("a settings file");
        let mut child = Command::new("turnserver")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("turnserver, of Debian's package coturn, must be installed for this test");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let started = async {
            while let Some(line) = lines.next_line().await.expect("its output is text") {
                if line.contains("Total General servers") {
                    return true;
                }
            }
            false
        };
        let started = timeout(PATIENCE, started).await;
        assert_eq!(started, Ok(true), "turnserver did not start");
        // What it says later has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            _child: child,
            _directory: directory,
        }
    }

    /// Where it listens, over UDP.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for an allocation, as a client with these credentials does: the relayed address, or the
    /// code of the refusal.
    ///
    /// # Errors
    /// The relay refuses.
    ///
    /// # Panics
    /// When the relay does not answer, or not as RFC 8656 says.
    pub async fn allocate(&self, username: &str, password: &str) -> Result<SocketAddr, u16> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        socket.connect(self.address).await.expect("an address");

        // Section 7.2: the first answer is always a refusal, with realm and nonce.
        let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
        let udp = RequestedTransport::new(RequestedTransport::UDP);
        request.add_attribute(&udp).expect("room");
        let id = request.transaction_id();
        let challenge = exchange(&socket, &request.finish(), id).await;
        let challenge = parsed(&challenge);
        assert_eq!(
            code(&challenge),
            Some(401),
            "the relay asks for no credentials"
        );
        let realm = challenge.attribute::<Realm>().expect("a realm");
        let nonce = challenge.attribute::<Nonce>().expect("a nonce");

        let key = LongTermCredentials::new(username.to_owned(), password.to_owned())
            .to_key(realm.realm().to_owned())
            .into();
        let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
        let user = Username::new(username).expect("a short name");
        request.add_attribute(&udp).expect("room");
        request.add_attribute(&user).expect("room");
        request.add_attribute(&realm).expect("room");
        request.add_attribute(&nonce).expect("room");
        request
            .add_message_integrity(&key, IntegrityAlgorithm::Sha1)
            .expect("room");
        let id = request.transaction_id();
        let answer = exchange(&socket, &request.finish(), id).await;
        let answer = parsed(&answer);
        if let Some(code) = code(&answer) {
            return Err(code);
        }
        assert!(answer.has_class(MessageClass::Success));
        // The relay proves that it knows the password too.
        assert!(answer.attribute::<MessageIntegrity>().is_ok());
        answer
            .validate_integrity(&key)
            .expect("the relay's own proof");
        let relayed = answer.attribute::<XorRelayedAddress>();
        Ok(relayed.expect("a relayed address").addr(id))
    }
}

fn configuration(directory: &Path, port: u16, secret: &str) -> String {
    let directory = directory.display();
    format!(
        "listening-ip=127.0.0.1\n\
         relay-ip=127.0.0.1\n\
         listening-port={port}\n\
         no-tcp\n\
         no-tls\n\
         no-dtls\n\
         no-cli\n\
         use-auth-secret\n\
         static-auth-secret={secret}\n\
         realm=relay.example\n\
         log-file=stdout\n\
         simple-log\n\
         pidfile={directory}/pid\n\
         userdb={directory}/db\n"
    )
}

async fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    socket.local_addr().expect("the port's address").port()
}

/// Sends a request until its answer comes.
async fn exchange(socket: &UdpSocket, request: &[u8], id: TransactionId) -> Vec<u8> {
    let mut pause = FIRST_PAUSE;
    let mut buffer = vec![0; 1_500];
    for _ in 0..MOST_SENT {
        // A refused port is one where nobody listens yet.
        let _ = socket.send(request).await;
        let answer = async {
            loop {
                if let Ok(length) = socket.recv(&mut buffer).await {
                    let answer = buffer.get(..length).unwrap_or_default();
                    if Message::from_bytes(answer).is_ok_and(|it| it.transaction_id() == id) {
                        return answer.to_vec();
                    }
                }
            }
        };
        if let Ok(answer) = timeout(pause, answer).await {
            return answer;
        }
        pause *= 2;
    }
    unreachable!("the relay does not answer")
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    Message::from_bytes(bytes).expect("a STUN message")
}

fn code(answer: &Message<'_>) -> Option<u16> {
    let refused = answer.has_class(MessageClass::Error);
    refused.then(|| answer.attribute::<ErrorCode>().expect("a code").code())
}
