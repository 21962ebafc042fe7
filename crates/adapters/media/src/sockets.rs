//! The sockets of a thread, and the way out: datagrams go to addresses that are proven, and nowhere else.

use core::net::SocketAddr;
use std::{io, time::Instant};

use mio::{Interest, Registry, Token};
use str0m::net::{Protocol, Transmit};

use crate::{
    call::SocketOutput,
    client_key::ClientKey,
    incoming::is_check,
    routes::Routes,
    settings::MediaSettings,
    statistics::MediaCounts,
    tcp::TcpPort,
    udp::{Batch, SentBatch, UdpPort},
};

/// The token of the first UDP socket; those of the listeners and of the connections follow.
pub(crate) const FIRST_UDP: usize = 1;
pub(crate) const FIRST_LISTENER: usize = 8;
const FIRST_CONNECTION: usize = 16;

/// The sockets of a thread.
pub(crate) struct Sockets {
    pub(crate) udp: Vec<UdpPort>,
    pub(crate) tcp: TcpPort,
    batch: Batch,
}

/// A socket cannot be opened.
#[derive(Debug)]
pub(crate) struct SocketError {
    pub(crate) protocol: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) error: io::Error,
}

/// The addresses of the sockets of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketAddresses {
    /// Those of UDP.
    pub udp: Vec<SocketAddr>,
    /// Those of TCP.
    pub tcp: Vec<SocketAddr>,
}

impl Sockets {
    /// Opens the sockets of a thread.
    pub(crate) fn open(
        settings: &MediaSettings,
        port: u16,
        registry: &Registry,
    ) -> Result<(Self, SocketAddresses), SocketError> {
        let mut sockets = Self {
            udp: Vec::new(),
            tcp: TcpPort::new(settings.tcp, settings.tcp_queue, FIRST_CONNECTION),
            batch: Batch::new(),
        };
        let mut addresses = SocketAddresses::default();
        for (number, address) in settings.listen.addresses().enumerate() {
            let address = SocketAddr::new(address, port);
            match sockets.open_one(address, number, registry, &mut addresses) {
                // A machine without IPv6 listens on all addresses that it has.
                Err(failed)
                    if address.is_ipv6()
                        && address.ip().is_unspecified()
                        && number > 0
                        && is_family_missing(&failed.error) => {}
                result => result?,
            }
        }
        Ok((sockets, addresses))
    }

    fn open_one(
        &mut self,
        address: SocketAddr,
        number: usize,
        registry: &Registry,
        addresses: &mut SocketAddresses,
    ) -> Result<(), SocketError> {
        let failed = |protocol| {
            move |error| SocketError {
                protocol,
                address,
                error,
            }
        };
        let mut udp = UdpPort::open(address).map_err(failed("UDP"))?;
        let token = Token(FIRST_UDP + number);
        registry
            .register(&mut udp.socket, token, Interest::READABLE)
            .map_err(failed("UDP"))?;
        let token = Token(FIRST_LISTENER + number);
        let tcp = self
            .tcp
            .listen(address, registry, token)
            .map_err(failed("TCP"))?;
        addresses.udp.push(udp.address);
        addresses.tcp.push(tcp);
        self.udp.push(udp);
        Ok(())
    }

    /// Carries an output of a call out. Datagrams over UDP may wait until [`Self::finish`].
    pub(crate) fn put(
        &mut self,
        output: SocketOutput,
        routes: &mut Routes,
        counts: &mut MediaCounts,
        now: Instant,
    ) {
        match output {
            SocketOutput::Transmit(key, datagram) => match datagram.proto {
                Protocol::Udp => self.put_udp(key, &datagram, routes, counts),
                _ => {
                    let bytes = datagram.contents.len() as u64;
                    if self
                        .tcp
                        .send(key, datagram.destination, datagram.contents, now)
                    {
                        counts.sent_packets += 1;
                        counts.sent_bytes += bytes;
                    } else {
                        counts.behind_packets += 1;
                    }
                }
            },
            SocketOutput::Close(key) => {
                routes.remove(key);
                self.tcp.close_of(key);
                counts.ended_connections += 1;
            }
        }
    }

    fn put_udp(
        &mut self,
        key: ClientKey,
        datagram: &Transmit,
        routes: &Routes,
        counts: &mut MediaCounts,
    ) {
        let to = datagram.destination;
        let bytes = &datagram.contents[..];
        let Some(number) = self.port_for(to) else {
            counts.unsent_packets += 1;
            return;
        };
        if !self.batch.is_empty() && self.batch.to() == to {
            // The batch is for one connection: it is sent before an address changes hands.
            if let Some(port) = self.udp.get(number)
                && may_send(key, to, bytes, routes)
                && self.batch.add(to, port, bytes)
            {
                return;
            }
        }
        self.finish(counts);
        if may_send(key, to, bytes, routes) {
            self.batch.begin(to, routes.local(to), bytes);
        } else {
            counts.unproven_packets += 1;
        }
    }

    /// Sends what waits.
    pub(crate) fn finish(&mut self, counts: &mut MediaCounts) {
        if self.batch.is_empty() {
            return;
        }
        let port = self.port_for(self.batch.to());
        let Some(port) = port.and_then(|number| self.udp.get(number)) else {
            return;
        };
        let SentBatch {
            sends,
            sent,
            bytes,
            unsent,
        } = self.batch.send(port);
        counts.sends += sends;
        counts.sent_packets += sent;
        counts.sent_bytes += bytes;
        counts.unsent_packets += unsent;
    }

    fn port_for(&self, to: SocketAddr) -> Option<usize> {
        let mut ports = self.udp.iter();
        ports.position(|port| port.address.is_ipv4() == to.is_ipv4())
    }
}

/// Returns whether a datagram may go to an address: media only if it is proven, checks if it is claimed.
fn may_send(key: ClientKey, to: SocketAddr, bytes: &[u8], routes: &Routes) -> bool {
    routes.proven(to) == Some(key) || is_check(bytes) && routes.is_claimed(key, to)
}

fn is_family_missing(error: &io::Error) -> bool {
    // "Address family not supported by protocol" has no kind of its own; its number is 97 on Linux.
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(97)
}
