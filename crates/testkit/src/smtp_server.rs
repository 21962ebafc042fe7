//! A mail server that collects mails. `mailin` implements the protocol; this module owns the sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use parking_lot::{Mutex, MutexGuard};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::TestCertificate;

/// The options of a [`SmtpServer`].
#[derive(Clone, Debug, Default)]
pub struct SmtpServerOptions {
    /// Whether the connection uses TLS from its start.
    pub implicit_tls: bool,
    /// Whether the server offers STARTTLS.
    pub start_tls: bool,
    /// The user and the password that the server requires; only with TLS.
    pub login: Option<(String, String)>,
}

/// A received mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body.
    pub text: String,
    /// Whether the connection was encrypted.
    pub encrypted: bool,
}

/// A mail server on a free port of the loopback interface. It runs until the value is dropped.
pub struct SmtpServer {
    address: SocketAddr,
    certificate: Arc<TestCertificate>,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    options: SmtpServerOptions,
    mails: watch::Sender<Vec<ReceivedMail>>,
    refusals: Mutex<Vec<(u16, usize)>>,
    refused_domain: Mutex<Option<(u16, String)>>,
    attempts: watch::Sender<usize>,
    /// Whether mails wait before their text is accepted, and how many may pass.
    is_holding: AtomicBool,
    passes: Semaphore,
    /// The number of waiting mails.
    held: watch::Sender<usize>,
}

impl SmtpServer {
    /// Starts a server with these options.
    ///
    /// # Panics
    /// No port is available.
    pub async fn start(options: SmtpServerOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port's address");
        let certificate = Arc::new(TestCertificate::new());
        let shared = Arc::new(Shared {
            options,
            mails: watch::Sender::default(),
            refusals: Mutex::default(),
            refused_domain: Mutex::default(),
            attempts: watch::Sender::default(),
            is_holding: AtomicBool::default(),
            passes: Semaphore::new(0),
            held: watch::Sender::default(),
        });
        let stop = CancellationToken::new();
        let accepting = {
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            let acceptor = TlsAcceptor::from(certificate.server_config());
            async move {
                while let Ok((stream, peer)) = listener.accept().await {
                    let serving = serve(stream, peer.ip(), acceptor.clone(), Arc::clone(&shared));
                    tokio::spawn(stop.clone().run_until_cancelled_owned(serving));
                }
            }
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self {
            address,
            certificate,
            shared,
            _stop: stop.drop_guard(),
        }
    }

    /// Returns the port on `localhost`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the certificate, for clients to trust.
    #[must_use]
    pub fn certificate(&self) -> &TestCertificate {
        &self.certificate
    }

    /// Refuses the next `times` mails with this code, such as 451 or 550.
    pub fn refuse(&self, code: u16, times: usize) {
        self.shared.refusals().push((code, times));
    }

    /// Refuses all mails to addresses of this domain with this code.
    pub fn refuse_domain(&self, code: u16, domain: &str) {
        *self.shared.refused_domain() = Some((code, format!("@{domain}")));
    }

    /// Ends [`Self::refuse_domain`].
    pub fn accept_domain(&self) {
        *self.shared.refused_domain() = None;
    }

    /// Makes each mail wait before its text is accepted, as a slow server does.
    pub fn hold(&self) {
        self.shared.is_holding.store(true, Ordering::SeqCst);
    }

    /// Waits until `count` mails are waiting.
    ///
    /// # Panics
    /// Never: the server owns the sender.
    pub async fn wait_for_held(&self, count: usize) {
        let mut held = self.shared.held.subscribe();
        let reached = held.wait_for(|held| *held >= count).await;
        drop(reached.expect("the server lives"));
    }

    /// Accepts `count` of the waiting mails.
    pub fn release(&self, count: usize) {
        self.shared.passes.add_permits(count);
    }

    /// Returns the mails so far.
    #[must_use]
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.shared.mails.borrow().clone()
    }

    /// Waits until `count` mails have arrived, and returns all mails.
    ///
    /// # Panics
    /// Never: the server owns the sender.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        let mut mails = self.shared.mails.subscribe();
        let arrived = mails.wait_for(|mails| mails.len() >= count).await;
        arrived.expect("the server lives").clone()
    }

    /// Waits until `count` recipients were named, whether their mails were accepted or refused.
    ///
    /// # Panics
    /// Never: the server owns the sender.
    pub async fn wait_for_attempts(&self, count: usize) {
        let mut attempts = self.shared.attempts.subscribe();
        let reached = attempts.wait_for(|attempts| *attempts >= count).await;
        drop(reached.expect("the server lives"));
    }
}

impl Shared {
    async fn pass(&self) {
        if !self.is_holding.load(Ordering::SeqCst) {
            return;
        }
        self.held.send_modify(|held| *held += 1);
        if let Ok(permit) = self.passes.acquire().await {
            permit.forget();
        }
        self.held.send_modify(|held| *held -= 1);
    }

    fn refusals(&self) -> MutexGuard<'_, Vec<(u16, usize)>> {
        self.refusals.lock()
    }

    fn refused_domain(&self) -> MutexGuard<'_, Option<(u16, String)>> {
        self.refused_domain.lock()
    }

    fn next_refusal(&self, to: &str) -> Option<Response> {
        if let Some((code, domain)) = &*self.refused_domain()
            && to.ends_with(domain.as_str())
        {
            return Some(Response::custom(*code, "refused by the test".to_owned()));
        }
        let mut refusals = self.refusals();
        let (code, times) = refusals.first_mut()?;
        let code = *code;
        *times = times.saturating_sub(1);
        if *times == 0 {
            refusals.remove(0);
        }
        Some(Response::custom(code, "refused by the test".to_owned()))
    }
}

/// The mail in progress on one connection.
struct SmtpSession {
    shared: Arc<Shared>,
    encrypted: Arc<Mutex<bool>>,
    mail: ReceivedMail,
    bytes: Vec<u8>,
}

impl Handler for SmtpSession {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        self.bytes.clear();
        self.mail = ReceivedMail {
            from: from.to_owned(),
            to: Vec::new(),
            text: String::new(),
            encrypted: *self.encrypted.lock(),
        };
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.shared.attempts.send_modify(|attempts| *attempts += 1);
        if let Some(refusal) = self.shared.next_refusal(to) {
            return refusal;
        }
        self.mail.to.push(to.to_owned());
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.mail.text = String::from_utf8_lossy(&self.bytes).into_owned();
        let mail = self.mail.clone();
        self.shared.mails.send_modify(|mails| mails.push(mail));
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        match &self.shared.options.login {
            Some((known, right)) if known == user && right == password => response::AUTH_OK,
            _ => response::INVALID_CREDENTIALS,
        }
    }

    fn auth_login(&mut self, user: &str, password: &str) -> Response {
        self.auth_plain("", user, password)
    }
}

async fn serve(stream: TcpStream, peer: IpAddr, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let encrypted = Arc::new(Mutex::new(false));
    let mut builder = SessionBuilder::new("mail.example");
    if shared.options.start_tls {
        builder.enable_start_tls();
    }
    if shared.options.login.is_some() {
        builder.enable_auth(AuthMechanism::Plain);
        builder.enable_auth(AuthMechanism::Login);
    }
    let implicit = shared.options.implicit_tls;
    let mut session = builder.build(
        peer,
        SmtpSession {
            shared: Arc::clone(&shared),
            encrypted: Arc::clone(&encrypted),
            mail: ReceivedMail {
                from: String::new(),
                to: Vec::new(),
                text: String::new(),
                encrypted: false,
            },
            bytes: Vec::new(),
        },
    );
    let mut stream = BufReader::new(stream);
    if !implicit {
        let greeting = session.greeting();
        match serve_session(&mut session, &mut stream, &shared, Some(greeting)).await {
            Ok(End::UpgradeTls) => {}
            Ok(End::Closed) | Err(_) => return,
        }
    }
    // A client that rejects the certificate closes the connection.
    let Ok(stream) = acceptor.accept(stream.into_inner()).await else {
        return;
    };
    session.tls_active();
    *encrypted.lock() = true;
    let greeting = implicit.then(|| session.greeting());
    let _ = serve_session(&mut session, &mut BufReader::new(stream), &shared, greeting).await;
}

enum End {
    Closed,
    UpgradeTls,
}

async fn serve_session<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<SmtpSession>,
    stream: &mut BufReader<S>,
    shared: &Shared,
    greeting: Option<Response>,
) -> io::Result<End> {
    if let Some(greeting) = greeting {
        stream.write_all(&greeting.buffer()?).await?;
        stream.flush().await?;
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(End::Closed);
        }
        if line.trim_ascii().eq_ignore_ascii_case(b"DATA") {
            shared.pass().await;
        }
        let response = session.process(&line);
        stream.write_all(&response.buffer()?).await?;
        stream.flush().await?;
        match response.action {
            Action::Reply | Action::NoReply => {}
            Action::Close => return Ok(End::Closed),
            Action::UpgradeTls => return Ok(End::UpgradeTls),
        }
    }
}
