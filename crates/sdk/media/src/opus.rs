//! The first byte of a packet of Opus (RFC 6716, section 3.1).

use core::time::Duration;

/// Returns the time that a packet of Opus plays, at most 120 ms; `None` for bytes that are no packet.
#[must_use]
pub fn packet_duration(packet: &[u8]) -> Option<Duration> {
    let first = *packet.first()?;
    let config = first >> 3;
    // In units of 2.5 ms.
    let units: u32 = match (config, config % 4) {
        (0..12, 0) => 4,
        (0..12, 1) => 8,
        (0..12, 2) => 16,
        (0..12, _) => 24,
        (12..16, 0 | 2) => 4,
        (12..16, _) => 8,
        (_, 0) => 1,
        (_, 1) => 2,
        (_, 2) => 4,
        (_, _) => 8,
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
    }
}
