//! UDP sockets: many datagrams are received at once, and those of one viewer are sent at once (GSO).

use core::{
    cmp::Ordering,
    net::{IpAddr, SocketAddr},
};
use std::{
    io::{self, IoSliceMut},
    net::UdpSocket as StdUdpSocket,
};

use mio::net::UdpSocket;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

/// The number of buffers that are filled at once. Each may have several datagrams of one sender (GRO).
const BUFFERS: usize = 16;

/// The length of a buffer: the longest that the operating system fills.
const BUFFER: usize = 65_535;

/// The room that the operating system is asked for, in each direction: about 100 ms of a full thread.
const SYSTEM_BUFFER: usize = 4 * 1_024 * 1_024;

/// The maximum number of bytes that are sent at once.
const MAX_BATCH: usize = 60_000;

/// A UDP socket of a thread.
pub(crate) struct UdpPort {
    pub(crate) socket: UdpSocket,
    state: UdpSocketState,
    pub(crate) address: SocketAddr,
    /// Whether there may be more to receive.
    pub(crate) is_readable: bool,
}

/// The buffers for datagrams that come, which all sockets of a thread use in turn.
pub(crate) struct ReceiveBuffers {
    bytes: Vec<u8>,
    metas: [RecvMeta; BUFFERS],
}

impl ReceiveBuffers {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; BUFFERS * BUFFER],
            metas: [RecvMeta::default(); BUFFERS],
        }
    }
}

/// A datagram that has come.
pub(crate) struct Datagram<'a> {
    pub(crate) from: SocketAddr,
    /// The address of ours to which it was sent.
    pub(crate) local: Option<IpAddr>,
    pub(crate) bytes: &'a [u8],
}

impl UdpPort {
    /// Opens a socket at an address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // The operating system may allow less.
        let _smaller = socket.set_recv_buffer_size(SYSTEM_BUFFER);
        let _smaller = socket.set_send_buffer_size(SYSTEM_BUFFER);
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket = UdpSocket::from_std(StdUdpSocket::from(socket));
        let state = UdpSocketState::new((&socket).into())?;
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            state,
            address,
            is_readable: true,
        })
    }

    /// Receives what there is, up to all buffers once, and passes each datagram on.
    pub(crate) fn receive(
        &mut self,
        buffers: &mut ReceiveBuffers,
        mut take: impl FnMut(Datagram<'_>),
    ) {
        let ReceiveBuffers { bytes, metas } = buffers;
        let mut chunks = bytes.chunks_mut(BUFFER);
        let mut slices: [IoSliceMut<'_>; BUFFERS] =
            core::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let socket = (&self.socket).into();
        let Ok(filled) = self.state.recv(socket, &mut slices, metas) else {
            // Nothing is left, or an error of an earlier packet was told: the next one wakes the thread.
            self.is_readable = false;
            return;
        };
        for (slice, meta) in slices.iter().zip(&*metas).take(filled) {
            let all = slice.get(..meta.len).unwrap_or_default();
            for bytes in all.chunks(meta.stride.max(1)) {
                take(Datagram {
                    from: meta.addr,
                    local: meta.dst_ip,
                    bytes,
                });
            }
        }
    }

    /// Returns the number of datagrams that can be sent at once.
    fn most_segments(&self) -> usize {
        self.state.max_gso_segments().max(1)
    }

    fn send(&self, batch: &Batch, bytes: &[u8], segment_size: Option<usize>) -> io::Result<()> {
        let transmit = Transmit {
            destination: batch.to,
            ecn: None,
            contents: bytes,
            segment_size,
            src_ip: batch.from.filter(|_| self.address.ip().is_unspecified()),
        };
        self.state.try_send((&self.socket).into(), &transmit)
    }
}

/// Datagrams for one address that are sent at once: all of one length, but for the last one, which may be shorter. A
/// shorter one waits for its place at the end while longer ones of other streams are added: sounds come between
/// pictures, and would end the batch each time.
pub(crate) struct Batch {
    bytes: Vec<u8>,
    to: SocketAddr,
    /// The address of ours from which they are sent.
    from: Option<IpAddr>,
    /// The length of each but the last.
    length: usize,
    count: usize,
    /// The shorter one, which is the last. Empty: there is none.
    last: Vec<u8>,
}

/// The outcome of sending a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SentBatch {
    pub(crate) sends: u64,
    pub(crate) sent: u64,
    pub(crate) bytes: u64,
    /// The datagrams for which there was no room, or that were refused.
    pub(crate) unsent: u64,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(MAX_BATCH),
            to: SocketAddr::from(([0, 0, 0, 0], 0)),
            from: None,
            length: 0,
            count: 0,
            last: Vec::new(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) const fn to(&self) -> SocketAddr {
        self.to
    }

    /// Begins with the first datagram.
    pub(crate) fn begin(&mut self, to: SocketAddr, from: Option<IpAddr>, datagram: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(datagram);
        self.to = to;
        self.from = from;
        self.length = datagram.len();
        self.count = 1;
        self.last.clear();
    }

    /// Adds a datagram for the same address. Returns whether it fits.
    pub(crate) fn add(&mut self, to: SocketAddr, port: &UdpPort, datagram: &[u8]) -> bool {
        let fits = !self.is_empty()
            && to == self.to
            && self.count < port.most_segments()
            && self.bytes.len() + self.last.len() + datagram.len() <= MAX_BATCH
            && self.place(datagram);
        self.count += usize::from(fits);
        fits
    }

    /// Puts a datagram where its length allows it. Returns whether there is such a place.
    fn place(&mut self, datagram: &[u8]) -> bool {
        match datagram.len().cmp(&self.length) {
            Ordering::Less if self.last.is_empty() => self.last.extend_from_slice(datagram),
            Ordering::Equal if self.last.is_empty() || may_overtake(datagram, &self.last) => {
                self.bytes.extend_from_slice(datagram);
            }
            Ordering::Greater if self.count == 1 && may_overtake(datagram, &self.bytes) => {
                core::mem::swap(&mut self.bytes, &mut self.last);
                self.bytes.clear();
                self.bytes.extend_from_slice(datagram);
                self.length = datagram.len();
            }
            _ => return false,
        }
        true
    }

    /// Sends the batch, which is empty afterwards.
    pub(crate) fn send(&mut self, port: &UdpPort) -> SentBatch {
        let count = core::mem::take(&mut self.count) as u64;
        if count == 0 {
            return SentBatch::default();
        }
        self.bytes.append(&mut self.last);
        let all = SentBatch {
            sends: 1,
            sent: count,
            bytes: self.bytes.len() as u64,
            unsent: 0,
        };
        let segment_size = (count > 1).then_some(self.length);
        match port.send(self, &self.bytes, segment_size) {
            Ok(()) => all,
            // The interface may refuse several at once, though the operating system can.
            Err(error) if count > 1 && error.kind() != io::ErrorKind::WouldBlock => {
                self.send_each(port)
            }
            Err(_) => SentBatch {
                sends: 1,
                unsent: count,
                ..SentBatch::default()
            },
        }
    }

    fn send_each(&self, port: &UdpPort) -> SentBatch {
        let mut outcome = SentBatch::default();
        for bytes in self.bytes.chunks(self.length.max(1)) {
            outcome.sends += 1;
            if port.send(self, bytes, None).is_ok() {
                outcome.sent += 1;
                outcome.bytes += bytes.len() as u64;
            } else {
                outcome.unsent += 1;
            }
        }
        outcome
    }
}

/// Returns whether a datagram may be sent before an earlier one: both carry media, of different streams.
fn may_overtake(datagram: &[u8], earlier: &[u8]) -> bool {
    let streams = media_stream(datagram).zip(media_stream(earlier));
    streams.is_some_and(|(stream, earlier)| stream != earlier)
}

/// Returns the SSRC of a datagram that carries media (RFC 7983, RFC 5761).
fn media_stream(datagram: &[u8]) -> Option<[u8; 4]> {
    let header: &[u8; 12] = datagram.first_chunk()?;
    let [first, second, .., a, b, c, d] = *header;
    let is_media = matches!(first, 128..=191) && !matches!(second, 192..=223);
    is_media.then_some([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn port(address: &str) -> UdpPort {
        UdpPort::open(address.parse().unwrap()).unwrap()
    }

    /// Receives until there are so many datagrams.
    fn receive(port: &mut UdpPort, count: usize) -> Vec<(SocketAddr, Option<IpAddr>, Vec<u8>)> {
        let mut buffers = ReceiveBuffers::new();
        let mut datagrams = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        while datagrams.len() < count && Instant::now() < deadline {
            port.receive(&mut buffers, |datagram| {
                datagrams.push((datagram.from, datagram.local, datagram.bytes.to_vec()));
            });
        }
        datagrams
    }

    #[test]
    fn a_batch_arrives_as_the_datagrams_that_it_is_of() {
        let sender = port("127.0.0.1:0");
        let mut receiver = port("0.0.0.0:0");
        let to = SocketAddr::from(([127, 0, 0, 1], receiver.address.port()));
        let mut batch = Batch::new();
        assert_eq!(batch.send(&sender), SentBatch::default());
        let mut datagrams: Vec<Vec<u8>> = (0..10).map(|number| vec![number; 1_200]).collect();
        datagrams.push(vec![10; 7]);
        batch.begin(to, None, &datagrams[0]);
        for datagram in &datagrams[1..] {
            // Without GSO each is a batch of its own.
            if !batch.add(to, &sender, datagram) {
                batch.send(&sender);
                batch.begin(to, None, datagram);
            }
        }
        assert!(
            !batch.add(to, &sender, &[1; 8]),
            "a shorter one is the last"
        );
        assert_eq!(batch.send(&sender).unsent, 0);
        assert!(batch.is_empty());
        let received = receive(&mut receiver, datagrams.len());
        let local: IpAddr = [127, 0, 0, 1].into();
        let expected = datagrams
            .into_iter()
            .map(|bytes| (sender.address, Some(local), bytes));
        assert_eq!(received, expected.collect::<Vec<_>>());
    }

    /// A packet of a stream, with a number and a length.
    fn media(ssrc: u8, number: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        bytes[..4].copy_from_slice(&[0x80, 96, 0, number]);
        bytes[11] = ssrc;
        bytes
    }

    #[test]
    fn short_packets_go_behind_longer_ones_of_other_streams() {
        let to = SocketAddr::from(([127, 0, 0, 1], 9));
        let (sound, one, two) = (media(1, 0, 80), media(2, 0, 900), media(2, 1, 900));
        let short = media(2, 2, 500);
        let control = [[0x80, 200].as_slice(), &[0; 78]].concat();
        let cases: [[&[&Vec<u8>]; 2]; 5] = [
            [&[&sound, &one, &two], &[&one, &two, &sound]],
            [&[&one, &sound, &two], &[&one, &two, &sound]],
            // Another one that is shorter has no place.
            [&[&one, &short, &sound], &[&one, &short]],
            // No packet overtakes one of its own stream, or something else than media.
            [&[&short, &one], &[&short]],
            [&[&control, &one], &[&control]],
        ];
        for [added, expected] in cases {
            let mut batch = Batch::new();
            batch.begin(to, None, added[0]);
            for (place, datagram) in (1..).zip(&added[1..]) {
                let has_place = batch.place(datagram);
                assert_eq!(has_place, place < expected.len());
                batch.count += usize::from(has_place);
            }
            let expected: Vec<u8> = expected
                .iter()
                .flat_map(|one| one.iter().copied())
                .collect();
            assert_eq!([batch.bytes, batch.last].concat(), expected);
        }
    }

    #[test]
    fn a_batch_is_for_one_address_and_of_one_length() {
        let sender = port("127.0.0.1:0");
        let one = SocketAddr::from(([127, 0, 0, 1], 9));
        let other = SocketAddr::from(([127, 0, 0, 1], 10));
        let mut batch = Batch::new();
        assert!(!batch.add(one, &sender, &[1]), "it is not begun");
        batch.begin(one, None, &[1; 100]);
        assert!(!batch.add(other, &sender, &[1; 100]));
        assert!(!batch.add(one, &sender, &[1; 101]));
        assert_eq!(batch.to(), one);
    }
}
