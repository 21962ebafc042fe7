//! TCP, where UDP is blocked: listeners, connections with frames both ways, and their limits.
//!
//! A connection belongs to nobody until a check of a path with the credentials of a device came over it. It is
//! closed if that does not happen in time, if a frame is too long, or when the connection of its device ends.

use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use std::{
    collections::HashMap,
    io::{self, Read},
    net::TcpListener as StdTcpListener,
    time::Instant,
};

use anteroom_protocol::media::framing::FrameReader;
use anteroom_runtime::{AddressGroup, ClientAddress};
use mio::{
    Interest, Registry, Token,
    net::{TcpListener, TcpStream},
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use str0m::net::DatagramSend;

use crate::{
    client_key::ClientKey,
    frame_queue::{FrameQueue, QueueLimits},
    statistics::MediaCounts,
};

/// The limits of connections over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpLimits {
    /// The number of connections of a thread.
    pub connections: usize,
    /// The number of connections of a client's network.
    pub per_client: usize,
    /// The time in which a connection has to say for whom it is.
    pub first_check: Duration,
}

impl Default for TcpLimits {
    /// 1,024 connections, 32 of a network, and 10 s.
    fn default() -> Self {
        Self {
            connections: 1_024,
            per_client: 32,
            first_check: Duration::from_secs(10),
        }
    }
}

/// The room for bytes in the operating system: what waits there cannot be dropped any more.
const SYSTEM_BUFFER: usize = 64 * 1_024;

/// The length of the queue of a listener.
const BACKLOG: i32 = 256;

/// The number of connections that are taken in one round.
const ACCEPTS: usize = 64;

/// The number of reads from one connection in one round.
const READS: usize = 16;

/// The TCP port of a thread.
pub(crate) struct TcpPort {
    listeners: Vec<(TcpListener, bool)>,
    connections: Vec<Option<Connection>>,
    by_address: HashMap<SocketAddr, usize>,
    groups: HashMap<AddressGroup, usize>,
    limits: TcpLimits,
    queue_limits: QueueLimits,
    /// The token of the first connection.
    first_token: usize,
    /// The connections with frames that are too long, until they are counted.
    invalid: u64,
}

struct Connection {
    stream: TcpStream,
    remote: SocketAddr,
    local: IpAddr,
    owner: Option<ClientKey>,
    since: Instant,
    reader: FrameReader,
    queue: FrameQueue,
    is_readable: bool,
    is_writable: bool,
    /// Whether the other side has ended, or something has failed.
    is_over: bool,
}

/// A frame that has come.
pub(crate) struct Frame<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) local: IpAddr,
    pub(crate) owner: Option<ClientKey>,
    pub(crate) bytes: &'a [u8],
}

impl TcpPort {
    pub(crate) fn new(limits: TcpLimits, queue_limits: QueueLimits, first_token: usize) -> Self {
        Self {
            listeners: Vec::new(),
            connections: Vec::new(),
            by_address: HashMap::new(),
            groups: HashMap::new(),
            limits,
            queue_limits,
            first_token,
            invalid: 0,
        }
    }

    /// Listens at an address. Returns the address with its port.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn listen(
        &mut self,
        address: SocketAddr,
        registry: &Registry,
        token: Token,
    ) -> io::Result<SocketAddr> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(StdTcpListener::from(socket));
        registry.register(&mut listener, token, Interest::READABLE)?;
        let address = listener.local_addr()?;
        self.listeners.push((listener, true));
        Ok(address)
    }

    /// Notes that a socket may be ready.
    pub(crate) fn note(&mut self, token: Token, is_readable: bool, is_writable: bool) {
        let Some(place) = token.0.checked_sub(self.first_token) else {
            // Listeners are few, and told apart by nobody.
            for (_, may_accept) in &mut self.listeners {
                *may_accept = true;
            }
            return;
        };
        if let Some(Some(connection)) = self.connections.get_mut(place) {
            connection.is_readable |= is_readable;
            connection.is_writable |= is_writable;
        }
    }

    /// Takes the connections that wait.
    pub(crate) fn accept(&mut self, registry: &Registry, now: Instant, counts: &mut MediaCounts) {
        for number in 0..self.listeners.len() {
            for _ in 0..ACCEPTS {
                let Some((listener, may_accept)) = self.listeners.get_mut(number) else {
                    break;
                };
                if !*may_accept {
                    break;
                }
                match listener.accept() {
                    Ok((stream, remote)) => {
                        if self.add(stream, remote, registry, now).is_some() {
                            counts.tcp_connections += 1;
                        } else {
                            counts.tcp_refused += 1;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => *may_accept = false,
                    // A connection that has gone before it was taken, or too many files: the next round tries
                    // again.
                    Err(_) => break,
                }
            }
        }
    }

    fn add(
        &mut self,
        mut stream: TcpStream,
        remote: SocketAddr,
        registry: &Registry,
        now: Instant,
    ) -> Option<()> {
        let open = self.by_address.len();
        let mut groups = ClientAddress::new(remote.ip()).groups();
        let has_room = groups.all(|group| {
            let of_group = self.groups.get(&group).copied().unwrap_or_default();
            of_group < group.share(self.limits.per_client, self.limits.connections)
        });
        if open >= self.limits.connections || !has_room {
            return None;
        }
        let local = stream.local_addr().ok()?.ip();
        stream.set_nodelay(true).ok()?;
        SockRef::from(&stream)
            .set_send_buffer_size(SYSTEM_BUFFER)
            .ok()?;
        let free = self.connections.iter().position(Option::is_none);
        let place = free.unwrap_or(self.connections.len());
        let token = Token(self.first_token + place);
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token, interest).ok()?;
        let connection = Some(Connection {
            stream,
            remote,
            local,
            owner: None,
            since: now,
            reader: FrameReader::default(),
            queue: FrameQueue::default(),
            is_readable: true,
            is_writable: true,
            is_over: false,
        });
        match self.connections.get_mut(place) {
            Some(free) => *free = connection,
            None => self.connections.push(connection),
        }
        self.by_address.insert(remote, place);
        for group in ClientAddress::new(remote.ip()).groups() {
            *self.groups.entry(group).or_default() += 1;
        }
        Some(())
    }

    /// Reads what has come, and passes each frame on; the answer is the owner of the connection from then on.
    /// Returns whether there may be more.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(Frame<'_>) -> Option<ClientKey>) -> bool {
        let mut has_more = false;
        for connection in self.connections.iter_mut().flatten() {
            for _ in 0..READS {
                if !connection.is_readable || connection.is_over {
                    break;
                }
                connection.read();
                loop {
                    match connection.reader.next_frame() {
                        Ok(Some(bytes)) => {
                            let frame = Frame {
                                from: connection.remote,
                                local: connection.local,
                                owner: connection.owner,
                                bytes,
                            };
                            connection.owner = take(frame);
                        }
                        Ok(None) => break,
                        Err(_) => {
                            self.invalid += 1;
                            connection.is_over = true;
                            break;
                        }
                    }
                }
            }
            has_more |= connection.is_readable && !connection.is_over;
        }
        has_more
    }

    /// Queues a datagram for a device's connection. Returns whether it is not lost.
    pub(crate) fn send(
        &mut self,
        client: ClientKey,
        to: SocketAddr,
        contents: DatagramSend,
        now: Instant,
    ) -> bool {
        let place = self.by_address.get(&to).copied();
        let connection = place.and_then(|place| self.connections.get_mut(place)?.as_mut());
        let connection = connection.filter(|connection| connection.owner == Some(client));
        connection
            .is_some_and(|connection| connection.queue.push(contents, now, &self.queue_limits))
    }

    /// Closes the connections of a device's connection that has ended, with nothing more sent: not even what the
    /// operating system still has.
    pub(crate) fn close_of(&mut self, client: ClientKey) {
        for place in 0..self.connections.len() {
            if let Some(Some(connection)) = self.connections.get(place)
                && connection.owner == Some(client)
            {
                let _gone = SockRef::from(&connection.stream).set_linger(Some(Duration::ZERO));
                self.close(place);
            }
        }
    }

    /// Writes what waits, and closes the connections that are over.
    pub(crate) fn flush(&mut self, now: Instant, counts: &mut MediaCounts) {
        let first_check = self.limits.first_check;
        counts.tcp_invalid += core::mem::take(&mut self.invalid);
        for place in 0..self.connections.len() {
            let Some(Some(connection)) = self.connections.get_mut(place) else {
                continue;
            };
            connection.write();
            let is_silent = connection.owner.is_none()
                && now.saturating_duration_since(connection.since) >= first_check;
            if is_silent && !connection.is_over {
                counts.tcp_invalid += 1;
            }
            if is_silent || connection.is_over {
                self.close(place);
            }
        }
    }

    /// Returns the moment at which the next connection without an owner is closed.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connections = self.connections.iter().flatten();
        let silent = connections.filter(|connection| connection.owner.is_none());
        let first = silent.map(|connection| connection.since).min();
        first.map(|since| since + self.limits.first_check)
    }

    /// Closes a connection, which ends its registration, too.
    fn close(&mut self, place: usize) {
        let connection = self.connections.get_mut(place).and_then(Option::take);
        let Some(connection) = connection else {
            return;
        };
        self.by_address.remove(&connection.remote);
        for group in ClientAddress::new(connection.remote.ip()).groups() {
            if let Some(count) = self.groups.get_mut(&group) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.groups.remove(&group);
                }
            }
        }
    }
}

impl Connection {
    /// Reads once.
    fn read(&mut self) {
        match self.stream.read(self.reader.room()) {
            Ok(0) => self.is_over = true,
            Ok(length) => self.reader.advance(length),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => self.is_readable = false,
                io::ErrorKind::Interrupted => {}
                _ => self.is_over = true,
            },
        }
    }

    fn write(&mut self) {
        if self.is_over || !self.is_writable || self.queue.is_empty() {
            return;
        }
        match self.queue.write_to(&mut self.stream) {
            Ok(()) => self.is_writable = self.queue.is_empty(),
            Err(_) => self.is_over = true,
        }
    }
}
