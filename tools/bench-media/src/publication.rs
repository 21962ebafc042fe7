//! The media that a client sends: sound at even times, and pictures of several packets at once.

use core::time::Duration;
use std::time::Instant;

use anyhow::{Context as _, Result};
use str0m::{
    Rtc,
    format::Codec,
    media::Mid,
    rtp::{ExtensionValues, RtpWrite},
};

use crate::{messages::Traffic, stamp::Stamp};

/// The lateness after which a publisher leaves out what it has missed.
const MOST_LATE: Duration = Duration::from_millis(200);

/// The audio levels: words with gaps.
const LOUD: i8 = -30;
const QUIET: i8 = -80;

/// A source with its m-line and the numbers of its next packet.
struct Line {
    mid: Mid,
    codec: Codec,
    /// The first one is below 65,536, so that nobody mistakes how often it has wrapped.
    sequence: u64,
    timestamp: u32,
    due: Instant,
    interval: Duration,
}

/// The sources of a client.
pub(crate) struct Publication {
    traffic: Traffic,
    sound: Line,
    camera: Line,
    sounds: u32,
    pictures: u32,
    /// Whether the next picture is to be a key frame.
    pub(crate) needs_key_frame: bool,
    /// The packets of the present window.
    pub(crate) sent: u64,
}

/// The moment of sending, and the window of the packets.
#[derive(Clone, Copy)]
pub(crate) struct Beat {
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    pub(crate) window: u32,
    /// The rate in hundredths.
    pub(crate) percent: u32,
}

impl Publication {
    pub(crate) fn new(traffic: Traffic, sound: Mid, camera: Mid, now: Instant) -> Self {
        let line = |mid, codec, micros| Line {
            mid,
            codec,
            sequence: 1_000,
            timestamp: 0,
            due: now,
            interval: Duration::from_micros(micros),
        };
        Self {
            traffic,
            sound: line(sound, Codec::Opus, traffic.sound_micros),
            camera: line(camera, Codec::Vp8, traffic.picture_micros),
            sounds: 0,
            pictures: 0,
            needs_key_frame: true,
            sent: 0,
        }
    }

    /// Begins to send. `phase` is the part of an interval after which it does, so that not all send at once.
    pub(crate) fn begin(&mut self, now: Instant, phase: f64) {
        for line in [&mut self.sound, &mut self.camera] {
            line.due = now + line.interval.mul_f64(phase);
        }
    }

    /// Returns the moment of the next packet.
    pub(crate) fn due(&self) -> Instant {
        self.sound.due.min(self.camera.due)
    }

    /// Writes what is due. Returns whether there was something.
    pub(crate) fn write(&mut self, rtc: &mut Rtc, beat: Beat) -> Result<bool> {
        let stamp = Stamp {
            window: beat.window,
            written: beat.now.saturating_duration_since(beat.start),
        };
        let mut packets = 0;
        if self.sound.due <= beat.now {
            self.sounds = self.sounds.wrapping_add(1);
            let level = if self.sounds % 25 < 18 { LOUD } else { QUIET };
            let values = ExtensionValues {
                audio_level: Some(level),
                voice_activity: Some(true),
                ..ExtensionValues::default()
            };
            let bytes = stamp.sound(self.traffic.sound_bytes as usize);
            self.sound.write(rtc, beat, &bytes, false, values)?;
            self.sound.pass(beat, 48);
            packets += 1;
        }
        if self.camera.due <= beat.now {
            self.pictures = self.pictures.wrapping_add(1);
            let count = self.traffic.picture_packets;
            for number in 0..count {
                let length = self.traffic.picture_bytes as usize;
                let (is_first, is_last) = (number == 0, number + 1 == count);
                let bytes = stamp.picture(length, self.pictures, is_first, self.needs_key_frame);
                let values = ExtensionValues::default();
                self.camera.write(rtc, beat, &bytes, is_last, values)?;
            }
            self.needs_key_frame = false;
            self.camera.pass(beat, 90);
            packets += u64::from(count);
        }
        if beat.window > 0 {
            self.sent += packets;
        }
        Ok(packets > 0)
    }
}

impl Line {
    fn write(
        &mut self,
        rtc: &mut Rtc,
        beat: Beat,
        bytes: &[u8],
        marker: bool,
        values: ExtensionValues,
    ) -> Result<()> {
        let params = rtc.codec_config();
        let params = params.find(|params| params.spec().codec == self.codec);
        let payload_type = params.context("the codec is not negotiated")?.pt();
        let write = RtpWrite::new(
            payload_type,
            self.sequence.into(),
            self.timestamp,
            beat.now,
            bytes,
        );
        self.sequence += 1;
        let mut api = rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None);
        let stream = stream.context("the source is not negotiated")?;
        stream.write_rtp(write.marker(marker).ext_vals(values));
        Ok(())
    }

    /// Goes on to the next packet, at `ticks` in a millisecond.
    fn pass(&mut self, beat: Beat, ticks: u32) {
        let interval = self.interval * 100 / beat.percent.max(1);
        let micros = u32::try_from(interval.as_micros()).unwrap_or(u32::MAX);
        self.timestamp = self
            .timestamp
            .wrapping_add(micros.saturating_mul(ticks) / 1_000);
        self.due += interval;
        if self.due + MOST_LATE < beat.now {
            self.due = beat.now;
        }
    }
}
