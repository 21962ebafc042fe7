//! Ogg Opus (RFC 7845).

use core::time::Duration;
use std::io::{Read, Seek, Write};

use anteroom_client_media::packet_duration;
use ogg::{
    reading::{OggReadError, PacketReader},
    writing::{PacketWriteEndInfo, PacketWriter},
};

use crate::{
    error::FileError,
    frame::{FileFrame, FrameKind, MAX_FRAME},
};

/// A packet that plays 20 ms of nothing new, as decoders conceal a loss: configuration 31 (CELT, full band, 20 ms),
/// mono, one frame without bytes.
const SILENCE: [u8; 1] = [31 << 3];
/// The time that it plays.
const SILENCE_DURATION: Duration = Duration::from_millis(20);
/// The gap that is not filled: packets come unevenly.
const SLACK: Duration = Duration::from_millis(100);
/// The longest silence that is written at once.
const MAX_SILENCE: Duration = Duration::from_secs(4 * 3_600);
/// The silence after which a page is begun, so that players find their way.
const PAGE: Duration = Duration::from_secs(1);

/// Reads Ogg Opus.
pub(crate) struct OggOpusReader<R: Read + Seek> {
    packets: PacketReader<R>,
    stream: u32,
    time: Duration,
}

impl<R: Read + Seek> OggOpusReader<R> {
    /// Reads the headers.
    pub(crate) fn new(input: R) -> Result<Self, FileError> {
        let mut packets = PacketReader::new(input);
        // Headers of other streams may be before it.
        let stream = loop {
            let packet = packets.read_packet().map_err(damaged)?;
            let packet = packet.ok_or(FileError::Codec)?;
            if !packet.first_in_stream() {
                return Err(FileError::Codec);
            }
            if packet.data.starts_with(b"OpusHead") {
                let channels = packet.data.get(9).copied().unwrap_or_default();
                let family = packet.data.get(18).copied().unwrap_or(1);
                if family != 0 || !(1..=2).contains(&channels) {
                    return Err(FileError::Damaged("it has more than two channels"));
                }
                break packet.stream_serial();
            }
        };
        Ok(Self {
            packets,
            stream,
            time: Duration::ZERO,
        })
    }

    /// Reads the next packet of sound.
    pub(crate) fn next_frame(&mut self) -> Result<Option<FileFrame>, FileError> {
        loop {
            let Some(packet) = self.packets.read_packet().map_err(damaged)? else {
                return Ok(None);
            };
            let is_other = packet.stream_serial() != self.stream;
            let data = packet.data;
            if is_other || data.starts_with(b"OpusTags") || data.len() > MAX_FRAME {
                continue;
            }
            let duration = packet_duration(&data);
            let duration = duration.ok_or(FileError::Damaged("a packet is none of Opus"))?;
            let time = self.time;
            self.time += duration;
            return Ok(Some(FileFrame {
                kind: FrameKind::Sound,
                time,
                duration,
                data,
            }));
        }
    }
}

fn damaged(error: OggReadError) -> FileError {
    match error {
        OggReadError::ReadError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            FileError::Io(error)
        }
        OggReadError::HashMismatch(..) => FileError::Damaged("the check of a page does not hold"),
        _ => FileError::Damaged("a page is not as it must be"),
    }
}

/// Writes Ogg Opus: the packets of one sender, with silence where nothing came.
pub struct OpusWriter<W: Write> {
    packets: PacketWriter<'static, W>,
    serial: u32,
    /// The time that was written.
    time: Duration,
    page_time: Duration,
    /// The last packet, which is written with the next one: the last one of all has the end mark.
    last: Option<Vec<u8>>,
    written: u64,
}

impl<W: Write> OpusWriter<W> {
    /// Writes the headers. Two streams in one file need other numbers.
    ///
    /// # Errors
    /// The output refuses.
    pub fn new(output: W, serial: u32) -> Result<Self, FileError> {
        let mut packets = PacketWriter::new(output);
        // Version 1, two channels, no samples to skip, 48 kHz, no gain, mapping family 0.
        let head = [
            b"OpusHead".as_slice(),
            &[1, 2],
            &[0; 2],
            &48_000_u32.to_le_bytes(),
            &[0; 3],
        ]
        .concat();
        let vendor = b"anteroom";
        let length = u32::try_from(vendor.len()).unwrap_or_default();
        let tags = [
            b"OpusTags".as_slice(),
            &length.to_le_bytes(),
            vendor,
            &[0; 4],
        ]
        .concat();
        let written = u64::try_from(head.len() + tags.len() + 56).unwrap_or_default();
        for header in [head, tags] {
            packets.write_packet(header, serial, PacketWriteEndInfo::EndPage, 0)?;
        }
        Ok(Self {
            packets,
            serial,
            time: Duration::ZERO,
            page_time: Duration::ZERO,
            last: None,
            written,
        })
    }

    /// Writes a packet that came at a time since the beginning. Silence is before it where nothing came for long. One
    /// that is no packet of Opus is left out.
    ///
    /// # Errors
    /// The output refuses.
    pub fn write(&mut self, at: Duration, packet: &[u8]) -> Result<(), FileError> {
        let Some(duration) = packet_duration(packet) else {
            return Ok(());
        };
        if at > self.time + SLACK {
            let end = at.min(self.time + MAX_SILENCE);
            while self.time + SILENCE_DURATION <= end {
                self.push(SILENCE.to_vec(), SILENCE_DURATION)?;
            }
        }
        self.push(packet.to_vec(), duration)
    }

    fn push(&mut self, packet: Vec<u8>, duration: Duration) -> Result<(), FileError> {
        self.written += u64::try_from(packet.len() + 1).unwrap_or_default();
        if let Some(last) = self.last.replace(packet) {
            let is_page = self.time - self.page_time >= PAGE;
            if is_page {
                self.page_time = self.time;
            }
            let end = match is_page {
                true => PacketWriteEndInfo::EndPage,
                false => PacketWriteEndInfo::NormalPacket,
            };
            self.put(last, end)?;
        }
        self.time += duration;
        Ok(())
    }

    fn put(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo) -> Result<(), FileError> {
        // The time at the end of the packet, in samples of 48 kHz.
        let samples = u64::try_from(self.time.as_micros() * 48 / 1_000).unwrap_or(u64::MAX);
        self.packets
            .write_packet(packet, self.serial, end, samples)?;
        Ok(())
    }

    /// Returns the number of bytes that were written, about, with the packet that is kept for the end mark.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Writes the end mark, and returns the output.
    ///
    /// # Errors
    /// The output refuses.
    pub fn finish(mut self) -> Result<W, FileError> {
        if let Some(last) = self.last.take() {
            self.put(last, PacketWriteEndInfo::EndStream)?;
        }
        let mut output = self.packets.into_inner();
        output.flush()?;
        Ok(output)
    }
}
