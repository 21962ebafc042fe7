//! The connection of one device: str0m's `Rtc`, and the m-lines of its offer.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use str0m::{
    Candidate, Rtc,
    media::{KeyframeRequestKind, Mid, Rid},
    net::TcpType,
    rtp::{Extension, RtpPacket, RtpWrite, Ssrc},
    stats::MediaEgressStats,
};

use crate::{
    connection_limits::ConnectionLimits,
    description::{
        LineDirection, LineError, OfferLine, Writer, with_ssrcs, without_downlink_feedback,
    },
    device_offer::{DeviceOffer, OfferError},
    former_credentials::FormerCredentials,
    indexes::SlotIndex,
    input::{Codec, Connection, Sending, SlotKind},
    reported_loss::ReportedLoss,
    rewriting::SlotNumbers,
    settings::SfuSettings,
    slot_packet::{forwarded, patch},
    slot_stream::{SlotStream, add_sound, keep_packets},
    source::{Layer, PerSource, Source},
    ssrc_order::order_ssrcs,
};

/// The number of checks of the path without an answer after which a connection ends: with the waits between them,
/// within 15 s of the last answer.
const UNANSWERED_CHECKS: usize = 6;

/// The time from a restart of ICE until a path has to be proven: as long as an old path goes on without answers.
const PROOF: Duration = Duration::from_secs(15);

/// The connection of one device.
pub(crate) struct Peer {
    pub(crate) rtc: Rtc,
    /// The number by which the call tells its connections apart.
    pub(crate) number: u64,
    /// The moment at which the connection ends, if no path has been proven since a restart of ICE.
    pub(crate) proof_due: Option<Instant>,
    /// The credentials from before the last restart of ICE.
    pub(crate) former: Option<FormerCredentials>,
    /// The number by which the device tells its connections apart.
    pub(crate) session: u64,
    /// The moment at which the connection wants to know the time.
    pub(crate) timeout: Instant,
    /// The m-lines of the last offer.
    lines: Vec<OfferLine>,
    slots: Vec<SlotLine>,
    sources: Vec<SourceLine>,
    /// The id of the header extension with transport-wide numbers.
    transport_numbers: Option<u8>,
    /// The limits of what comes and goes at all.
    pub(crate) limits: ConnectionLimits,
    /// The streams that have come, by their SSRC.
    streams: Vec<(Ssrc, Source, Layer)>,
    /// Whether the connection has worked.
    pub(crate) has_begun: bool,
    /// The loss in the statistics since the last drain.
    pub(crate) loss: ReportedLoss,
}

/// The m-line of a slot.
struct SlotLine {
    mid: Mid,
    kind: SlotKind,
    /// The stream, once the connection works.
    stream: Option<SlotStream>,
    /// The packets that were sent until the last statistics.
    sent: u64,
}

/// The m-line of a source, with the names of its layers.
struct SourceLine {
    mid: Mid,
    source: Source,
    layers: Vec<Rid>,
}

impl Peer {
    /// Answers the first offer of a session with a new connection.
    pub(crate) fn answer(
        offer: DeviceOffer,
        session: u64,
        settings: &SfuSettings,
        now: Instant,
    ) -> Result<(Self, String), OfferError> {
        let DeviceOffer {
            lines,
            transport_numbers,
            description,
        } = offer;
        let description = description?;
        let mut config = Rtc::builder()
            .set_dtls_cert(settings.certificate.0.clone())
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_vp8(true)
            .clear_extension_map()
            .set_extension(1, Extension::AudioLevel)
            .set_extension(2, Extension::AbsoluteCaptureTime)
            .set_extension(4, Extension::RtpMid)
            .set_extension(5, Extension::AbsoluteSendTime)
            .set_extension(10, Extension::RtpStreamId)
            .set_extension(11, Extension::RepairedRtpStreamId)
            .set_stats_interval(Some(Duration::from_secs(1)));
        if transport_numbers.is_some() {
            config = config.set_extension(3, Extension::TransportSequenceNumber);
        }
        add_sound(config.codec_config());
        config.set_max_stun_retransmits(UNANSWERED_CHECKS);
        let mut rtc = config.build(now);
        for candidate in candidates(settings) {
            rtc.add_local_candidate(candidate);
        }
        let answer = rtc.sdp_api().accept_offer(description);
        let answer = answer.map_err(|_| OfferError::Malformed)?.to_sdp_string();
        let mut peer = Self {
            rtc,
            number: 0,
            proof_due: None,
            former: None,
            session,
            timeout: now,
            lines: Vec::new(),
            slots: Vec::new(),
            sources: Vec::new(),
            limits: ConnectionLimits::new(transport_numbers),
            transport_numbers,
            streams: Vec::new(),
            has_begun: false,
            loss: ReportedLoss::default(),
        };
        for line in lines {
            peer.add(line);
        }
        let answer = with_ssrcs(&answer, &peer.order_ssrcs());
        Ok((peer, without_downlink_feedback(&answer, Writer::Server)))
    }

    /// Answers a later offer of the session: a restart of ICE, or more slots. Returns the new slots with the
    /// answer.
    pub(crate) fn answer_again(
        &mut self,
        now: Instant,
        offer: DeviceOffer,
    ) -> Result<(Vec<SlotKind>, String), OfferError> {
        let DeviceOffer {
            lines,
            transport_numbers,
            description,
        } = offer;
        let changed = OfferError::Lines(LineError::Changed);
        let added = lines.strip_prefix(self.lines.as_slice()).ok_or(changed)?;
        let kinds = added.iter().map(|line| match line.direction {
            LineDirection::Receives(kind) => Ok(kind),
            LineDirection::Sends(..) => Err(changed),
        });
        let kinds = kinds.collect::<Result<Vec<SlotKind>, OfferError>>()?;
        if transport_numbers != self.transport_numbers {
            return Err(changed);
        }
        let description = description?;
        let before = self.rtc.direct_api().local_ice_credentials();
        let answer = self.rtc.sdp_api().accept_offer(description);
        // An offer that is refused may have restarted ICE, too.
        if self.rtc.direct_api().local_ice_credentials() != before {
            self.proof_due.get_or_insert(now + PROOF);
            self.former = Some(FormerCredentials::new(before, now));
        }
        let answer = answer.map_err(|_| OfferError::Malformed)?.to_sdp_string();
        for line in added {
            self.add(line.clone());
        }
        let answer = with_ssrcs(&answer, &self.order_ssrcs());
        self.find_streams();
        Ok((kinds, without_downlink_feedback(&answer, Writer::Server)))
    }

    fn add(&mut self, line: OfferLine) {
        let mid = Mid::from(line.mid.as_str());
        match &line.direction {
            LineDirection::Receives(kind) => self.slots.push(SlotLine {
                mid,
                kind: *kind,
                stream: None,
                sent: 0,
            }),
            LineDirection::Sends(source, layers) => self.sources.push(SourceLine {
                mid,
                source: *source,
                layers: layers.iter().map(|name| Rid::from(name.as_str())).collect(),
            }),
        }
        self.lines.push(line);
    }

    /// Orders the SSRCs of the slots that have no stream yet. Returns the old and the new ones.
    fn order_ssrcs(&mut self) -> Vec<(u32, u32)> {
        let mut changed = Vec::new();
        for line in self.slots.iter().filter(|line| line.stream.is_none()) {
            changed.extend(order_ssrcs(&mut self.rtc, line.mid));
        }
        changed
    }

    /// Finds the streams of the slots of a connection that works. Returns the result of the negotiation.
    pub(crate) fn begin(&mut self) -> Connection {
        self.has_begun = true;
        self.find_streams();
        let mut sources = PerSource::default();
        for line in &self.sources {
            let codec = if line.source.is_video() {
                Codec::Vp8
            } else {
                Codec::Opus
            };
            let layers = u8::try_from(line.layers.len().max(1)).unwrap_or(u8::MAX);
            *sources.of_mut(line.source) = Some(Sending { layers, codec });
        }
        Connection {
            slots: self.slots.iter().map(|line| line.kind).collect(),
            sources,
            decodes: vec![Codec::Opus, Codec::Vp8],
        }
    }

    /// Finds the streams of the slots that have none yet.
    pub(crate) fn find_streams(&mut self) {
        for line in self.slots.iter_mut().filter(|line| line.stream.is_none()) {
            line.stream = SlotStream::find(&mut self.rtc, line.mid, line.kind);
        }
    }

    /// Returns the source and the layer of a stream that has come.
    pub(crate) fn stream(&mut self, ssrc: Ssrc) -> Option<(Source, Layer)> {
        let mut known = self.streams.iter();
        if let Some((_, source, layer)) = known.find(|(other, ..)| *other == ssrc) {
            return Some((*source, *layer));
        }
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let line = self.sources.iter().find(|line| line.mid == mid)?;
        let place = line.layers.iter().position(|name| Some(*name) == rid);
        let layer = Layer::ALL.get(place.unwrap_or_default()).copied()?;
        // A device has four sources with three layers; more streams are those of a broken sender.
        if self.streams.len() < 16 {
            self.streams.push((ssrc, line.source, layer));
        }
        Some((line.source, layer))
    }

    /// Asks for a key frame.
    pub(crate) fn request_key_frame(&mut self, source: Source, layer: Layer) {
        let line = self.sources.iter().find(|line| line.source == source);
        let Some(line) = line else { return };
        let rid = line.layers.get(usize::from(layer.count()) - 1).copied();
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(line.mid, rid) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Writes a packet into a slot.
    pub(crate) fn write(
        &mut self,
        slot: SlotIndex,
        packet: &RtpPacket,
        slot_numbers: &SlotNumbers,
    ) {
        let line = self.slots.get(slot.number());
        let Some((kind, stream)) = line.and_then(|line| Some((line.kind, line.stream?))) else {
            return;
        };
        let SlotStream {
            ssrc,
            pt,
            has_repeats,
        } = stream;
        let numbers = slot_numbers.numbers;
        let mut write = RtpWrite::new(
            pt,
            numbers.sequence.into(),
            numbers.timestamp,
            packet.timestamp,
            Arc::clone(&packet.payload),
        )
        .marker(packet.header.marker || slot_numbers.has_marker)
        .ext_vals(forwarded(&packet.header.ext_vals))
        .nackable(has_repeats);
        if kind == SlotKind::Video {
            // A picture with the numbers of its sender would break those of the slot.
            let Some(patch) = patch(&packet.payload, numbers.vp8) else {
                return;
            };
            write = write.vp8_patch(patch);
        }
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx(&ssrc) {
            if slot_numbers.is_switch && kind == SlotKind::Video {
                // Nobody needs the packets from before a key frame again, and they would use up the share.
                keep_packets(stream);
            }
            stream.write_rtp(write);
            self.limits.forward(packet.payload.len());
        }
    }

    /// Takes the statistics of a slot.
    pub(crate) fn take_statistics(&mut self, statistics: &MediaEgressStats) {
        let mut slots = self.slots.iter_mut();
        let Some(line) = slots.find(|line| line.mid == statistics.mid) else {
            return;
        };
        let sent = statistics.packets.saturating_sub(line.sent);
        line.sent = statistics.packets;
        if let Some(share) = statistics.loss {
            self.loss.add(sent, share);
        }
    }

    /// Returns the slot of an m-line.
    pub(crate) fn slot_of(&self, mid: Mid) -> Option<SlotIndex> {
        let place = self.slots.iter().position(|line| line.mid == mid);
        place.map(SlotIndex::new)
    }

    /// Returns the name of the m-line of a slot.
    pub(crate) fn mid_of(&self, slot: SlotIndex) -> Option<Mid> {
        self.slots.get(slot.number()).map(|line| line.mid)
    }
}

/// Returns the candidates of the server: those for UDP first, since they are preferred.
fn candidates(settings: &SfuSettings) -> impl Iterator<Item = Candidate> + '_ {
    let udp = settings.addresses.iter();
    let udp = udp.filter_map(|address| Candidate::host(*address, "udp").ok());
    let tcp = settings.tcp_addresses.iter();
    let tcp = tcp.filter_map(|address| {
        let candidate = Candidate::builder().tcp().host(*address);
        candidate.tcptype(TcpType::Passive).build().ok()
    });
    udp.chain(tcp)
}
