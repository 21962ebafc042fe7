//! The media server: its threads, and the way to open a call on one of them.

use core::net::SocketAddr;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::Instant,
};

use anteroom_sfu::{Certificate, SfuSettings};
use mio::{Poll, Token, Waker};

use crate::{
    call_handle::{CallEvents, CallHandle},
    call_port::{CallPort, ThreadPort},
    client_key::CallNumber,
    local_addresses::LocalAddresses,
    media_thread::MediaThread,
    offers::OfferQueue,
    router::Router,
    settings::{MAX_THREADS, MediaSettings},
    sockets::{SocketAddresses, SocketError, Sockets},
    statistics::{MediaCounts, MediaHistograms, Statistics},
};

/// The token of the waker.
const WAKER: Token = Token(0);

/// The reason why the media server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket cannot be opened.
    #[error(
        "media cannot listen on {protocol} {address}: {error}. Set another address or port for media, or end the program that uses it"
    )]
    Socket {
        /// UDP or TCP.
        protocol: &'static str,
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        error: io::Error,
    },
    /// There is no address to listen on.
    #[error("media have no address to listen on: set an IPv4 or an IPv6 address")]
    NoAddress,
    /// No public address belongs to a family that is listened on.
    #[error(
        "media have no address to tell to devices: set a public IPv4 or IPv6 address of a kind that media listen on"
    )]
    NoPublicAddress,
    /// The port of a thread is beyond the last one.
    #[error(
        "media need a port for each thread, and there are too few from {port} upwards: set a lower port, or fewer threads"
    )]
    NoPort {
        /// The port of the first thread.
        port: u16,
    },
    /// The operating system refuses a thread, or the means to wait for sockets.
    #[error(
        "media cannot start a thread: {0}. Raise the limits of the process, or set fewer threads"
    )]
    Thread(io::Error),
    /// No certificate can be made.
    #[error("media cannot make a certificate: the operating system gives no randomness")]
    Certificate,
}

/// The reason why a call gets no media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnavailableError {
    /// All threads have too much to do.
    #[error("the media server has as many calls as it can carry: try again later")]
    Full,
    /// The server is about to stop.
    #[error("the media server is about to stop: try again in a minute")]
    Draining,
}

/// The media server. When it is dropped, all media end: that waits for the threads, which is done in a round.
pub struct MediaServer {
    threads: Vec<Thread>,
    next_call: AtomicU64,
    is_draining: AtomicBool,
    statistics: Arc<Statistics>,
}

struct Thread {
    port: Arc<ThreadPort>,
    addresses: SocketAddresses,
    /// The thread, and the one that answers offers. They end in this order.
    handles: Vec<JoinHandle<()>>,
}

impl MediaServer {
    /// Opens the sockets, and starts the threads.
    ///
    /// # Errors
    /// A socket or a thread is refused.
    pub fn start(settings: &MediaSettings) -> Result<Self, StartError> {
        let certificate = Certificate::generate().ok_or(StartError::Certificate)?;
        if settings.listen.addresses().next().is_none() {
            return Err(StartError::NoAddress);
        }
        let mut server = Self {
            threads: Vec::new(),
            next_call: AtomicU64::new(1),
            is_draining: AtomicBool::new(false),
            statistics: Arc::new(Statistics::new()),
        };
        // Those that are started end with the server if a later one fails.
        for number in 0..settings.threads.clamp(1, MAX_THREADS) {
            let thread = Thread::start(number, settings, &certificate, &server.statistics)?;
            server.threads.push(thread);
        }
        Ok(server)
    }

    /// Opens the media of a call, on the thread with the least to do.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn open_call(&self) -> Result<(CallHandle, CallEvents), UnavailableError> {
        if self.is_draining.load(Ordering::Acquire) {
            return Err(UnavailableError::Draining);
        }
        let threads = self.threads.iter().map(|thread| &thread.port);
        let open = threads.filter(|port| !port.is_full());
        let port = open.min_by_key(|port| port.burden());
        let port = port.ok_or(UnavailableError::Full)?;
        let number = CallNumber(self.next_call.fetch_add(1, Ordering::Relaxed));
        Ok(CallHandle::new(CallPort::open(number, Arc::clone(port))))
    }

    /// Takes no call any more. Those that there are go on.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    /// Returns the number of open calls.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.threads.iter().map(|thread| thread.port.calls()).sum()
    }

    /// Returns the addresses of the sockets of each thread.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddresses> {
        let threads = self.threads.iter();
        threads.map(|thread| thread.addresses.clone()).collect()
    }

    /// Returns the counts since the start.
    #[must_use]
    pub fn counts(&self) -> MediaCounts {
        self.statistics.counts()
    }

    /// Returns the histograms since the start.
    #[must_use]
    pub fn histograms(&self) -> MediaHistograms {
        self.statistics.histograms()
    }
}

impl Drop for MediaServer {
    fn drop(&mut self) {
        for thread in &self.threads {
            thread.port.stop();
        }
        for thread in &mut self.threads {
            for handle in thread.handles.drain(..) {
                // A thread that failed has ended, too.
                let _ended = handle.join();
            }
        }
    }
}

impl Thread {
    fn start(
        number: usize,
        settings: &MediaSettings,
        certificate: &Certificate,
        statistics: &Arc<Statistics>,
    ) -> Result<Self, StartError> {
        let poll = Poll::new().map_err(StartError::Thread)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(StartError::Thread)?;
        let listen = settings.listen;
        let port = listen.port_of(number);
        let port = port.ok_or(StartError::NoPort { port: listen.port })?;
        let (sockets, addresses) = Sockets::open(settings, port, poll.registry())?;
        let public = &settings.public_addresses;
        let told = LocalAddresses::new(public, &addresses.udp, &addresses.tcp);
        if told.udp.is_empty() {
            return Err(StartError::NoPublicAddress);
        }
        let port = Arc::new(ThreadPort::new(
            waker,
            SfuSettings {
                limits: settings.limits,
                addresses: told.udp.clone(),
                tcp_addresses: told.tcp.clone(),
                certificate: certificate.clone(),
            },
        ));
        let (offers, answering) =
            OfferQueue::start(format!("offers-{number}")).map_err(StartError::Thread)?;
        let thread = MediaThread {
            poll,
            port: Arc::clone(&port),
            statistics: Arc::clone(statistics),
            sockets,
            router: Router::new(told, offers, Instant::now()),
            settings: settings.clone(),
        };
        let running = Builder::new()
            .name(format!("media-{number}"))
            .spawn(move || thread.run())
            .map_err(StartError::Thread)?;
        Ok(Self {
            port,
            addresses,
            handles: vec![running, answering],
        })
    }
}

impl From<SocketError> for StartError {
    fn from(failed: SocketError) -> Self {
        let SocketError {
            protocol,
            address,
            error,
        } = failed;
        Self::Socket {
            protocol,
            address,
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use anteroom_protocol::{DemuxId, OpaqueUserId};
    use tokio::runtime::Builder as RuntimeBuilder;

    use super::*;
    use crate::{
        event::{MediaEvent, OfferRefusal},
        load::LoadStep,
        settings::ListenAddresses,
    };

    #[test]
    fn a_full_thread_takes_no_call_and_no_connection() {
        let mut settings = MediaSettings {
            listen: ListenAddresses {
                ipv4: Some(Ipv4Addr::LOCALHOST),
                ipv6: None,
                port: 0,
            },
            public_addresses: vec![Ipv4Addr::LOCALHOST.into()],
            threads: 1,
            ..MediaSettings::default()
        };
        settings.load.percent = 101;
        let server = MediaServer::start(&settings).unwrap();
        let (call, mut events) = server.open_call().unwrap();
        server.threads[0].port.set_load(LoadStep::Full);
        assert_eq!(server.open_call().err(), Some(UnavailableError::Full));
        let device = DemuxId::new(16).unwrap();
        call.activate(device, OpaqueUserId::parse("00").unwrap());
        call.offer(device, 1, String::new()).unwrap();
        let runtime = RuntimeBuilder::new_current_thread().build().unwrap();
        let expected = MediaEvent::OfferRefused {
            device,
            session: 1,
            reason: OfferRefusal::Busy,
        };
        assert_eq!(runtime.block_on(events.next()), Some(expected));
        server.threads[0].port.set_load(LoadStep::LowLayers);
        assert!(server.open_call().is_ok());
    }
}
