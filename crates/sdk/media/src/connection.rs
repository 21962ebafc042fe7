//! One connection to the media server: str0m's `Rtc` in the role of the client, without socket and clock.

use core::{net::SocketAddr, time::Duration};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use anteroom_protocol::{media::Source, redacted_debug};
use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc,
    bwe::Bitrate,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    media::{Frequency, KeyframeRequestKind, MediaData, MediaTime, Mid, Pt, Rid, Writer},
    net::{Protocol, Receive, TcpType},
    rtp::Extension,
};

use crate::{
    candidates::{ServerAddress, addresses},
    connection_output::{ConnectionOutput, SealedFrame},
    estimate::BandwidthEstimate,
    frame::AudioLevel,
    layer::Layer,
    lines::{Lines, SlotCounts, SlotKind, SlotNumber},
    sound_codec::add_sound,
};

/// The time for which a gap in the sound of a slot is waited for: as long as listeners do without noticing, so that
/// packets that are sent again come in time.
const SOUND_REORDERING: Duration = Duration::from_millis(120);

/// The number of packets for which a gap in a picture is waited for.
const PICTURE_REORDERING: usize = 100;

/// The reason why a description is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DescriptionError {
    /// It is no answer to the last offer.
    #[error("the media server's answer is not one to the last offer")]
    NotAsked,
    /// It is no answer.
    #[error("the media server's answer is not as it must be")]
    Malformed,
}

/// The reason why a frame is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The connection does not work yet, or no longer.
    #[error("there is no connection to the media server now")]
    NotConnected,
    /// The connection was not negotiated for the source or the layer.
    #[error("the media server does not take this source")]
    NotNegotiated,
}

/// One connection to the media server.
pub(crate) struct Connection {
    rtc: Rtc,
    lines: Lines,
    pending: Option<SdpPendingOffer>,
    is_answered: bool,
    has_begun: bool,
    /// Whether a path works at the moment.
    has_path: bool,
    has_ended: bool,
    estimate: BandwidthEstimate,
    /// The last packet of each slot.
    last: BTreeMap<SlotNumber, u64>,
    waiting: VecDeque<ConnectionOutput>,
}

redacted_debug!(Connection);

impl Connection {
    /// Creates a connection, and its offer.
    pub(crate) fn new(counts: SlotCounts, now: Instant) -> Option<(Self, String)> {
        let mut config = Rtc::builder()
            .clear_codecs()
            .enable_vp8(true)
            .clear_extension_map()
            .set_extension(1, Extension::AudioLevel)
            .set_extension(2, Extension::AbsoluteCaptureTime)
            .set_extension(3, Extension::TransportSequenceNumber)
            .set_extension(4, Extension::RtpMid)
            .set_extension(10, Extension::RtpStreamId)
            .set_extension(11, Extension::RepairedRtpStreamId)
            .set_reordering_timeout_audio(Some(SOUND_REORDERING))
            .set_reordering_size_video(PICTURE_REORDERING)
            .set_stats_interval(Some(Duration::from_secs(1)));
        add_sound(config.codec_config());
        let mut rtc = config.build(now);
        let mut api = rtc.sdp_api();
        let lines = Lines::add(&mut api, counts);
        let (offer, pending) = api.apply()?;
        let connection = Self {
            rtc,
            lines,
            pending: Some(pending),
            is_answered: false,
            has_begun: false,
            has_path: false,
            has_ended: false,
            estimate: BandwidthEstimate::new(now),
            last: BTreeMap::new(),
            waiting: VecDeque::new(),
        };
        Some((connection, offer.to_sdp_string()))
    }

    /// Makes the offer of a restart of ICE. Paths that work go on until a new one does. `None`: there is no connection
    /// to restart, because its first offer was never answered, or it has ended.
    pub(crate) fn restart(&mut self) -> Option<String> {
        if self.has_ended || !self.is_answered {
            return None;
        }
        let mut api = self.rtc.sdp_api();
        api.ice_restart(false);
        let (offer, pending) = api.apply()?;
        self.pending = Some(pending);
        Some(offer.to_sdp_string())
    }

    /// Takes the answer to the last offer. Returns the addresses of the media server, which the caller is to open ways
    /// to.
    pub(crate) fn answer(&mut self, answer: &str) -> Result<Vec<ServerAddress>, DescriptionError> {
        let pending = self.pending.take().ok_or(DescriptionError::NotAsked)?;
        let parsed = SdpAnswer::from_sdp_string(answer);
        let parsed = parsed.map_err(|_| DescriptionError::Malformed)?;
        let taken = self.rtc.sdp_api().accept_answer(pending, parsed);
        taken.map_err(|_| DescriptionError::Malformed)?;
        self.is_answered = true;
        Ok(addresses(answer))
    }

    /// Adds the near end of a way to the media server.
    pub(crate) fn add_way(&mut self, local: SocketAddr, is_tcp: bool) {
        let candidate = if is_tcp {
            let candidate = Candidate::builder().tcp().host(local);
            candidate.tcptype(TcpType::Active).build()
        } else {
            Candidate::host(local, "udp")
        };
        if let Ok(candidate) = candidate {
            self.rtc.add_local_candidate(candidate);
        }
    }

    /// Returns the kinds and the names of the slots.
    pub(crate) fn slots(&self) -> Vec<(SlotKind, String)> {
        self.lines.slots()
    }

    /// Returns whether it works at the moment.
    pub(crate) const fn is_connected(&self) -> bool {
        self.has_begun && self.has_path && !self.has_ended
    }

    /// Returns whether an answer was taken.
    pub(crate) const fn is_answered(&self) -> bool {
        self.is_answered
    }

    /// Returns whether the last offer has no answer yet.
    pub(crate) const fn awaits_answer(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes note that the last offer gets no answer.
    pub(crate) fn forget_offer(&mut self) {
        self.pending = None;
    }

    /// Takes a datagram.
    pub(crate) fn receive(
        &mut self,
        is_tcp: bool,
        (from, to): (SocketAddr, SocketAddr),
        bytes: &[u8],
        now: Instant,
    ) {
        self.estimate.receive(bytes.len());
        let protocol = if is_tcp { Protocol::Tcp } else { Protocol::Udp };
        if let Ok(received) = Receive::new(protocol, from, to, bytes) {
            self.input(Input::Receive(now, received));
        }
    }

    /// Lets the time pass.
    pub(crate) fn advance(&mut self, now: Instant) {
        if let Some(bits) = self.estimate.advance(now) {
            let mids = self.lines.video_mids();
            for mid in mids {
                let mut api = self.rtc.direct_api();
                if let Some(stream) = api.stream_rx_by_mid(mid, None) {
                    // One report is for the whole connection.
                    stream.request_remb(Bitrate::bps(bits));
                    break;
                }
            }
        }
        self.input(Input::Timeout(now));
    }

    fn input(&mut self, input: Input<'_>) {
        if !self.has_ended && self.rtc.handle_input(input).is_err() {
            self.end();
        }
    }

    fn end(&mut self) {
        if !self.has_ended {
            self.has_ended = true;
            self.waiting.push_back(ConnectionOutput::Ended);
        }
    }

    /// Returns the next output, until it is [`ConnectionOutput::Wait`].
    pub(crate) fn poll_output(&mut self, now: Instant) -> ConnectionOutput {
        loop {
            if let Some(output) = self.waiting.pop_front() {
                return output;
            }
            if self.has_ended {
                return ConnectionOutput::Wait(now + Duration::from_secs(3_600));
            }
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    return ConnectionOutput::Wait(at.min(self.estimate.due()));
                }
                Ok(Output::Transmit(datagram)) => return ConnectionOutput::Transmit(datagram),
                Ok(Output::Event(event)) => {
                    if let Some(output) = self.event(event) {
                        return output;
                    }
                }
                Err(_) => self.end(),
            }
        }
    }

    fn event(&mut self, event: Event) -> Option<ConnectionOutput> {
        match event {
            Event::Connected => {
                (self.has_begun, self.has_path) = (true, true);
                Some(ConnectionOutput::Begun)
            }
            Event::IceConnectionStateChange(state) => match state {
                // One that has not worked yet may still do.
                IceConnectionState::Disconnected if self.is_connected() => {
                    self.has_path = false;
                    Some(ConnectionOutput::Interrupted)
                }
                IceConnectionState::Connected | IceConnectionState::Completed if self.has_begun => {
                    self.has_path = true;
                    Some(ConnectionOutput::Connected)
                }
                _ => None,
            },
            Event::MediaData(data) => self.frame(data),
            Event::KeyframeRequest(request) => {
                let source = self.lines.source(request.mid)?;
                let layer = request.rid.and_then(|rid| Layer::named(&rid));
                Some(ConnectionOutput::KeyFrame(
                    source,
                    layer.unwrap_or(Layer::Low),
                ))
            }
            Event::MediaIngressStats(stats) => {
                let loss = stats.loss.unwrap_or_default().clamp(0.0, 1.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "it is between 0 and 1,000"
                )]
                self.estimate.lose((loss * 1_000.0) as u32);
                None
            }
            _ => None,
        }
    }

    /// Asks the sender of a slot's picture for a key frame.
    pub(crate) fn request_key_frame(&mut self, slot: SlotNumber) {
        if let Some(mid) = self.lines.mid_of_slot(slot) {
            let mut api = self.rtc.direct_api();
            if let Some(stream) = api.stream_rx_by_mid(mid, None) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        }
    }

    fn frame(&mut self, data: MediaData) -> Option<ConnectionOutput> {
        let (slot, kind) = self.lines.slot(data.mid)?;
        let (first, last) = (**data.seq_range.start(), **data.seq_range.end());
        let before = self.last.insert(slot, last);
        let lost = before.map_or(0, |before| first.saturating_sub(before.saturating_add(1)));
        let time = Duration::from_micros(data.time.as_micros());
        self.estimate.receive_frame(slot, time, data.network_time);
        let level = data.ext_vals.audio_level;
        Some(ConnectionOutput::Frame(SealedFrame {
            slot,
            kind,
            time,
            lost,
            level: level.map(|level| AudioLevel::below_loudest(level.unsigned_abs())),
            data: data.data,
        }))
    }

    /// Sends a sealed packet of sound at a time of its source, in ticks of 48 kHz.
    pub(crate) fn write_sound(
        &mut self,
        source: Source,
        data: Vec<u8>,
        (ticks, is_start): (u64, bool),
        level: AudioLevel,
        now: Instant,
    ) -> Result<(), WriteError> {
        let mid = self.mid(source, false)?;
        let time = MediaTime::new(ticks, Frequency::FORTY_EIGHT_KHZ);
        let level = i8::try_from(level.decibels()).map_or(i8::MIN + 1, |level| -level);
        let writer = self.rtc.writer(mid).ok_or(WriteError::NotNegotiated)?;
        let pt = payload_type(&writer, Codec::Opus)?;
        let writer = writer
            .audio_level(level, level > -127)
            .start_of_talkspurt(is_start);
        let written = writer.write(pt, now, time, data);
        written.map_err(|_| WriteError::NotNegotiated)?;
        self.input(Input::Timeout(now));
        Ok(())
    }

    /// Sends a sealed frame of a picture.
    pub(crate) fn write_picture(
        &mut self,
        (source, layer): (Source, Layer),
        data: Vec<u8>,
        time: Duration,
        now: Instant,
    ) -> Result<(), WriteError> {
        let mid = self.mid(source, true)?;
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let time = MediaTime::from_90khz(micros / 100 * 9 + micros % 100 * 9 / 100);
        let writer = self.rtc.writer(mid).ok_or(WriteError::NotNegotiated)?;
        let pt = payload_type(&writer, Codec::Vp8)?;
        let writer = match source {
            Source::Camera => writer.rid(Rid::from(layer.name())),
            _ => writer,
        };
        let written = writer.write(pt, now, time, data);
        written.map_err(|_| WriteError::NotNegotiated)?;
        self.input(Input::Timeout(now));
        Ok(())
    }

    fn mid(&self, source: Source, is_picture: bool) -> Result<Mid, WriteError> {
        if !self.is_connected() {
            return Err(WriteError::NotConnected);
        }
        let mid = self.lines.mid_of_source(source);
        let mid = mid.filter(|_| source.is_video() == is_picture);
        mid.ok_or(WriteError::NotNegotiated)
    }
}

/// Returns the number by which packets name a codec.
fn payload_type(writer: &Writer<'_>, codec: Codec) -> Result<Pt, WriteError> {
    let mut params = writer.payload_params();
    let params = params.find(|params| params.spec().codec == codec);
    let params = params.ok_or(WriteError::NotNegotiated)?;
    Ok(params.pt())
}
