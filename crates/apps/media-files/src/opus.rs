//! The first byte of a packet of Opus (RFC 6716, section 3.1).

use core::time::Duration;

/// Returns the time that a packet plays, at most 120 ms; `None` for bytes that are no packet.
#[must_use]
pub fn packet_duration(packet: &[u8]) -> Option<Duration> {
    let first = *packet.first()?;
    // In units of 2.5 ms.
    let units: u32 = match first >> 3 {
        config @ 0..12 => [4, 8, 16, 24][usize::from(config % 4)],
        config @ 12..16 => [4, 8][usize::from(config % 2)],
        config => [1, 2, 4, 8][usize::from(config % 4)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*packet.get(1)? & 0x3f),
    };
    let units = units * frames;
    (1..=48)
        .contains(&units)
        .then(|| Duration::from_micros(2_500) * units)
}

/// Returns a packet that plays 20 ms of nothing new, as decoders conceal a loss.
pub(crate) const fn silence() -> [u8; 1] {
    // Configuration 31 (CELT, full band, 20 ms), mono, one frame without bytes.
    [31 << 3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_tell_their_duration() {
        for (packet, millis) in [
            (&[0x00][..], Some(10.0)),
            (&[0x08], Some(20.0)),
            (&[0x18], Some(60.0)),
            (&[0x60], Some(10.0)),
            (&[0x68], Some(20.0)),
            (&[0x80], Some(2.5)),
            (&[0xf8], Some(20.0)),
            (&[0xf9], Some(40.0)),
            (&[0xfb, 6], Some(120.0)),
            (&[0xfb, 7], None),
            (&[0xfb, 0], None),
            (&[0xfb], None),
            (&[0x1a], Some(120.0)),
            (&[], None),
        ] {
            let expected = millis.map(|millis| Duration::from_secs_f64(millis / 1_000.0));
            assert_eq!(packet_duration(packet), expected, "{packet:?}");
        }
        assert_eq!(packet_duration(&silence()), Some(Duration::from_millis(20)));
    }
}
