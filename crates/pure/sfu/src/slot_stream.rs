//! The stream that is sent in a slot, and the packets that are sent again.
//!
//! Packets of pictures and of sound that a receiver misses are sent again, if its offer has retransmissions (RTX) for
//! the codec. Browsers offer them for pictures alone.

use core::time::Duration;

use str0m::{
    Rtc,
    format::{Codec, CodecConfig, FormatParams, PayloadParams},
    media::{Frequency, Mid, Pt},
    rtp::{Ssrc, StreamTx},
};

use crate::input::SlotKind;

/// The number and age of packets that are kept for retransmission, and their share of what is sent: receivers ask for
/// a packet up to three times before the first answer is there, so a tenth that is lost needs more than a fifth.
const KEPT_PACKETS: usize = 128;
const KEPT_FOR: Duration = Duration::from_millis(500);
const MOST_RETRANSMISSIONS: f32 = 0.3;

/// The numbers by which packets name sound, and sound that is sent again, if the offer has no others.
const SOUND: u8 = 111;
const REPEATED_SOUND: u8 = 112;

/// The stream of a slot.
#[derive(Clone, Copy)]
pub(crate) struct SlotStream {
    pub(crate) ssrc: Ssrc,
    pub(crate) pt: Pt,
    /// Whether packets that the receiver misses can be sent again.
    pub(crate) has_repeats: bool,
}

impl SlotStream {
    /// Finds the stream of a slot's m-line, once the connection works.
    pub(crate) fn find(rtc: &mut Rtc, mid: Mid, kind: SlotKind) -> Option<Self> {
        let codec = match kind {
            SlotKind::Audio => Codec::Opus,
            SlotKind::Video => Codec::Vp8,
        };
        let mut params = rtc.codec_config().iter();
        let params = params.find(|params| params.spec().codec == codec);
        let pt = params.map(PayloadParams::pt)?;
        let mut api = rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        keep_packets(stream);
        Some(Self {
            ssrc: stream.ssrc(),
            pt,
            has_repeats: stream.rtx().is_some(),
        })
    }
}

/// Keeps packets of a stream from now on, and forgets earlier ones.
pub(crate) fn keep_packets(stream: &mut StreamTx) {
    stream.set_rtx_cache(KEPT_PACKETS, KEPT_FOR, Some(MOST_RETRANSMISSIONS));
}

/// Adds Opus with retransmissions.
pub(crate) fn add_sound(config: &mut CodecConfig) {
    let format = FormatParams {
        min_p_time: Some(10),
        use_inband_fec: Some(true),
        ..FormatParams::default()
    };
    let (sound, repeated) = (Pt::from(SOUND), Pt::from(REPEATED_SOUND));
    let rate = Frequency::FORTY_EIGHT_KHZ;
    config.add_config(sound, Some(repeated), Codec::Opus, rate, Some(2), format);
    let params = config.iter_mut();
    for params in params.filter(|params| params.spec().codec == Codec::Opus) {
        params.set_fb_nack(true);
    }
}
