//! The order of the SSRCs of slots: those of media come before all those of retransmissions.
//!
//! A receiver names the SSRCs of all that it receives with its estimate of the bandwidth (REMB), in their order,
//! and str0m gives the estimate to the stream that is named first. It ignores it if that is one of
//! retransmissions, so that a viewer which loses packets would be heard half of the time.

use str0m::{Rtc, change::DirectApi, media::Mid, rtp::Ssrc};

/// The bit that SSRCs of retransmissions have, and those of media do not.
const RETRANSMISSION: u32 = 1 << 31;

/// The number of SSRCs that are drawn until one has the right bit.
const MAX_DRAWS: usize = 64;

/// Gives the stream that is sent on an m-line SSRCs in this order, before anything is sent. Returns the old and the
/// new ones.
pub(crate) fn order_ssrcs(rtc: &mut Rtc, mid: Mid) -> Vec<(u32, u32)> {
    let mut api = rtc.direct_api();
    let stream = api.stream_tx_by_mid(mid, None);
    let Some((media, resent)) = stream.map(|stream| (stream.ssrc(), stream.rtx())) else {
        return Vec::new();
    };
    let new_media = ordered(&api, media, 0);
    let new_resent = resent.map(|resent| ordered(&api, resent, RETRANSMISSION));
    if (new_media, new_resent) == (media, resent) {
        return Vec::new();
    }
    api.remove_stream_tx(media);
    api.declare_stream_tx(new_media, new_resent, mid, None);
    let pairs = [Some((media, new_media)), resent.zip(new_resent)];
    let pairs = pairs.into_iter().flatten();
    pairs.map(|(old, new)| (*old, *new)).collect()
}

/// Returns an SSRC as it is if it has this value of the bit, else a new one that has it.
fn ordered(api: &DirectApi<'_>, ssrc: Ssrc, bit: u32) -> Ssrc {
    let has_bit = |ssrc: &Ssrc| **ssrc & RETRANSMISSION == bit;
    let drawn = (0..MAX_DRAWS).map(|_| api.new_ssrc());
    core::iter::once(ssrc)
        .chain(drawn)
        .find(has_bit)
        .unwrap_or(ssrc)
}
