//! One connection of the load, with a socket of its own.

use core::net::SocketAddr;
use std::{
    io,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use mio::net::UdpSocket;
use socket2::{Domain, Protocol as SocketProtocol, Socket, Type};
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    bwe::Bitrate,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    config::DtlsCert,
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::{Extension, ExtensionMap},
};

use crate::{
    messages::NewClient,
    own_address::own_address,
    publication::{Beat, Publication},
    reception::Reception,
};

/// The bytes that may wait in a socket of a client, if the system allows so many.
const SOCKET_BUFFER: usize = 4 << 20;

/// The bandwidth that viewers estimate: more than any row needs.
const ESTIMATE: u64 = 200_000_000;

/// The time between two estimates.
const ESTIMATE_INTERVAL: Duration = Duration::from_secs(1);

/// A connection.
pub struct Client {
    pub(crate) group: u32,
    pub(crate) number: u32,
    rtc: Rtc,
    pub(crate) socket: UdpSocket,
    local: SocketAddr,
    pending: Option<SdpPendingOffer>,
    /// The m-lines in which it receives, for sound and for pictures.
    slots: (Vec<Mid>, Vec<Mid>),
    pub(crate) publication: Option<Publication>,
    pub(crate) reception: Reception,
    pub(crate) is_connected: bool,
    pub(crate) timeout: Instant,
    estimation: bool,
    next_estimate: Option<Instant>,
    start: Instant,
    /// Whether its publication is on.
    pub(crate) sends: bool,
}

impl Client {
    fn new(wanted: &NewClient, certificate: &DtlsCert, start: Instant) -> Result<Self> {
        let now = Instant::now();
        let mut config = Rtc::builder()
            .set_rtp_mode(true)
            .set_dtls_cert(certificate.clone())
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true);
        if !wanted.estimation {
            let mut extensions = ExtensionMap::empty();
            for (id, extension) in ExtensionMap::standard().iter() {
                if *extension != Extension::TransportSequenceNumber {
                    extensions.set(id, extension.clone());
                }
            }
            config = config.set_extension_map(extensions);
        }
        let mut rtc = config.build(now);
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(SocketProtocol::UDP))?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((own_address(), 0)).into())?;
        let socket = UdpSocket::from_std(socket.into());
        let local = socket.local_addr()?;
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        Ok(Self {
            group: wanted.group,
            number: wanted.number,
            rtc,
            socket,
            local,
            pending: None,
            slots: (Vec::new(), Vec::new()),
            publication: None,
            reception: Reception::default(),
            is_connected: false,
            timeout: now,
            estimation: wanted.estimation,
            next_estimate: None,
            start,
            sends: false,
        })
    }

    /// Makes a client and its offer.
    pub(crate) fn offering(
        wanted: &NewClient,
        certificate: &DtlsCert,
        start: Instant,
    ) -> Result<(Self, String)> {
        let mut client = Self::new(wanted, certificate, start)?;
        let mut api = client.rtc.sdp_api();
        if let Some(traffic) = wanted.sends {
            let [sound, camera] = [MediaKind::Audio, MediaKind::Video]
                .map(|kind| api.add_media(kind, Direction::SendOnly, None, None, None));
            client.publication = Some(Publication::new(traffic, sound, camera, start));
        }
        let (sounds, pictures) = wanted.slots;
        let mut slots = |count: u32, kind: MediaKind| -> Vec<Mid> {
            let slots =
                (0..count).map(|_| api.add_media(kind, Direction::RecvOnly, None, None, None));
            slots.collect()
        };
        client.slots = (
            slots(sounds, MediaKind::Audio),
            slots(pictures, MediaKind::Video),
        );
        let (offer, pending) = api.apply().context("an offer has nothing to say")?;
        client.pending = Some(pending);
        Ok((client, offer.to_sdp_string()))
    }

    /// Makes a client that receives all that the server offers, and its answer.
    pub(crate) fn accepting(
        wanted: &NewClient,
        offer: &str,
        certificate: &DtlsCert,
        start: Instant,
    ) -> Result<(Self, String)> {
        let mut client = Self::new(wanted, certificate, start)?;
        let offer = SdpOffer::from_sdp_string(offer)?;
        let answer = client.rtc.sdp_api().accept_offer(offer)?;
        Ok((client, answer.to_sdp_string()))
    }

    /// Takes the answer to its offer.
    pub(crate) fn take_answer(&mut self, answer: &str) -> Result<()> {
        let answer = SdpAnswer::from_sdp_string(answer)?;
        let pending = self.pending.take().context("no offer waits")?;
        Ok(self.rtc.sdp_api().accept_answer(pending, answer)?)
    }

    /// Returns the port of its socket.
    pub(crate) fn port(&self) -> u16 {
        self.local.port()
    }

    /// Returns the names of the m-lines in which it receives.
    pub(crate) fn slots(&self) -> (Vec<String>, Vec<String>) {
        let names = |slots: &[Mid]| slots.iter().map(ToString::to_string).collect();
        (names(&self.slots.0), names(&self.slots.1))
    }

    /// Takes at most `limit` datagrams that have come. Returns how many, or `None` if there are no more.
    pub(crate) fn receive(
        &mut self,
        buffer: &mut [u8],
        limit: usize,
        window: u32,
    ) -> Result<Option<usize>> {
        for _ in 0..limit {
            let (length, from) = match self.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                // The answer to a datagram that nobody took.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error.into()),
            };
            let bytes = buffer.get(..length).unwrap_or_default();
            let datagram = Receive::new(Protocol::Udp, from, self.local, bytes)?;
            self.rtc
                .handle_input(Input::Receive(Instant::now(), datagram))?;
            self.drain(window)?;
        }
        Ok(Some(limit))
    }

    /// Lets the time pass.
    pub(crate) fn pass_time(&mut self, now: Instant, window: u32) -> Result<()> {
        if self.is_connected && self.next_estimate.is_none_or(|due| due <= now) {
            self.estimate(now);
        }
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(window)
    }

    /// Sends what is due.
    pub(crate) fn publish(&mut self, beat: Beat) -> Result<()> {
        let Some(publication) = self.publication.as_mut() else {
            return Ok(());
        };
        if publication.write(&mut self.rtc, beat)? {
            self.rtc.handle_input(Input::Timeout(beat.now))?;
            self.drain(beat.window)?;
        }
        Ok(())
    }

    /// Tells the server how much the client can receive, on one stream for all.
    fn estimate(&mut self, now: Instant) {
        let mut api = self.rtc.direct_api();
        for mid in &self.slots.1 {
            if let Some(stream) = api.stream_rx_by_mid(*mid, None) {
                stream.request_remb(Bitrate::from(ESTIMATE));
                let again = self.estimation.then(|| now + ESTIMATE_INTERVAL);
                // Without estimation the first one stands: the time for another never comes.
                self.next_estimate = Some(again.unwrap_or(now + Duration::from_secs(86_400)));
                return;
            }
        }
    }

    fn drain(&mut self, window: u32) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    self.timeout = at;
                    return Ok(());
                }
                Output::Transmit(datagram) => {
                    match self
                        .socket
                        .send_to(&datagram.contents, datagram.destination)
                    {
                        Ok(_) => {}
                        // Lost, as on any way.
                        Err(error)
                            if matches!(
                                error.kind(),
                                io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused
                            ) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Output::Event(Event::Connected) => self.is_connected = true,
                Output::Event(Event::RtpPacket(packet)) => {
                    let at = packet.timestamp.saturating_duration_since(self.start);
                    let (ssrc, sequence) = (*packet.header.ssrc, *packet.seq_no);
                    self.reception
                        .count(ssrc, sequence, &packet.payload, at, window);
                }
                Output::Event(Event::MediaAdded(media)) if self.pending.is_none() => {
                    // The m-lines of an offer of the server, of which one carries the estimate.
                    if media.kind == MediaKind::Video
                        && self.publication.is_none()
                        && !self.slots.1.contains(&media.mid)
                    {
                        self.slots.1.push(media.mid);
                    }
                }
                Output::Event(Event::KeyframeRequest(_)) => {
                    if let Some(publication) = &mut self.publication {
                        publication.needs_key_frame = true;
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
