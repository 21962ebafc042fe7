//! The codec of sound in offers: Opus, with retransmissions of what the media server sends.

use str0m::{
    format::{Codec, CodecConfig, FormatParams},
    media::{Frequency, Pt},
};

/// The numbers by which packets name sound, and sound that is sent again.
const SOUND: u8 = 111;
const REPEATED_SOUND: u8 = 112;

/// Adds Opus.
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
