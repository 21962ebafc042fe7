//! The settings of the media server.

use core::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use anteroom_sfu::limits::MediaLimits;

use crate::{frame_queue::QueueLimits, load::LoadLimit, tcp::TcpLimits};

/// The maximum number of threads.
pub const MAX_THREADS: usize = 8;

/// The settings of the media server.
#[derive(Clone, Debug)]
pub struct MediaSettings {
    /// The addresses and ports to listen on.
    pub listen: ListenAddresses,
    /// The addresses at which clients reach the server, in the order in which they are told: inside and outside
    /// ones, IPv4 and IPv6.
    pub public_addresses: Vec<IpAddr>,
    /// The number of threads, 1 to [`MAX_THREADS`]. Each has a UDP and a TCP port of its own.
    pub threads: usize,
    /// The time for which packets are gathered before they are sent: at most 2 ms are not heard.
    pub flush_interval: Duration,
    /// The limits of what devices send.
    pub limits: MediaLimits,
    /// The limits of connections over TCP.
    pub tcp: TcpLimits,
    /// The limits of what waits for a connection over TCP.
    pub tcp_queue: QueueLimits,
    /// The limit of the load of a thread.
    pub load: LoadLimit,
}

impl Default for MediaSettings {
    /// All addresses of the machine from port 4000 upwards, a thread for each core, and 2 ms.
    fn default() -> Self {
        Self {
            listen: ListenAddresses::default(),
            public_addresses: Vec::new(),
            threads: std::thread::available_parallelism()
                .map_or(1, core::num::NonZero::get)
                .min(MAX_THREADS),
            flush_interval: Duration::from_millis(2),
            limits: MediaLimits::default(),
            tcp: TcpLimits::default(),
            tcp_queue: QueueLimits::default(),
            load: LoadLimit::default(),
        }
    }
}

/// The addresses and ports to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddresses {
    /// The IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
    /// The port of the first thread; the others have the next ones. 0: each has free ones.
    pub port: u16,
}

impl Default for ListenAddresses {
    fn default() -> Self {
        Self {
            ipv4: Some(Ipv4Addr::UNSPECIFIED),
            ipv6: Some(Ipv6Addr::UNSPECIFIED),
            port: 4_000,
        }
    }
}

impl ListenAddresses {
    /// Returns the addresses.
    pub(crate) fn addresses(self) -> impl Iterator<Item = IpAddr> {
        let ipv4 = self.ipv4.map(IpAddr::V4);
        ipv4.into_iter().chain(self.ipv6.map(IpAddr::V6))
    }

    /// Returns the port of a thread.
    pub(crate) fn port_of(self, thread: usize) -> Option<u16> {
        if self.port == 0 {
            return Some(0);
        }
        self.port.checked_add(u16::try_from(thread).ok()?)
    }
}
