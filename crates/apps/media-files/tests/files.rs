//! Files are read as they were written, and anything else is an error.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;
use std::io::Cursor;

use anteroom_media_files::{FileError, FileFrame, FrameKind, IvfWriter, MediaFile, OpusWriter};
use proptest::{collection::vec, prelude::*};

/// A packet of 20 ms with a number.
fn packet(number: u8) -> Vec<u8> {
    vec![0xf8, number, 1, 2, 3]
}

fn frames(bytes: Vec<u8>) -> Result<Vec<FileFrame>, FileError> {
    let mut file = MediaFile::read(Cursor::new(bytes))?;
    let mut frames = Vec::new();
    while let Some(frame) = file.next_frame()? {
        frames.push(frame);
    }
    Ok(frames)
}

const STEP: Duration = Duration::from_millis(20);

fn ogg(packets: u8) -> Vec<u8> {
    let mut writer = OpusWriter::new(Cursor::new(Vec::new()), 7).unwrap();
    for number in 0..packets {
        writer.write(STEP * number.into(), &packet(number)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn ivf(count: u8) -> Vec<u8> {
    let mut writer = IvfWriter::new(Cursor::new(Vec::new()), 320, 180).unwrap();
    for number in 0..count {
        let time = Duration::from_millis(33) * number.into();
        writer.write(time, &[number; 40]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn sounds_come_back_with_their_times() {
    let read = frames(ogg(200)).unwrap();
    assert_eq!(read.len(), 200);
    for (number, frame) in (0..).zip(read) {
        assert_eq!(frame.kind, FrameKind::Sound);
        assert_eq!(frame.time, STEP * number);
        assert_eq!(frame.duration, STEP);
        assert_eq!(frame.data, packet(u8::try_from(number).unwrap()));
    }
}

#[test]
fn a_gap_is_filled_with_silence_and_unevenness_is_not() {
    let mut writer = OpusWriter::new(Cursor::new(Vec::new()), 7).unwrap();
    for at in [0, 60, 40, 1_000, 1_020] {
        writer.write(Duration::from_millis(at), &packet(1)).unwrap();
    }
    let read = frames(writer.finish().unwrap().into_inner()).unwrap();
    let spoken = read.iter().filter(|frame| frame.data == packet(1));
    let times: Vec<u128> = spoken.map(|frame| frame.time.as_millis()).collect();
    assert_eq!(times, [0, 20, 40, 1_000, 1_020]);
    assert_eq!(read.len(), 52);
}

#[test]
fn pictures_come_back_with_their_times_and_are_counted() {
    let bytes = ivf(50);
    assert_eq!(bytes[24..28], 50_u32.to_le_bytes());
    for (number, frame) in (0..).zip(frames(bytes).unwrap()) {
        assert_eq!(frame.kind, FrameKind::Picture);
        assert_eq!(frame.time, Duration::from_millis(33) * number);
        assert_eq!(frame.data, [u8::try_from(number).unwrap(); 40]);
    }
}

#[test]
fn a_recording_that_was_cut_off_is_read_as_far_as_it_goes() {
    let bytes = ivf(10);
    let cut = bytes[..bytes.len() - 5].to_vec();
    assert_eq!(frames(cut).unwrap().len(), 9);
}

/// An element of EBML: its id, its length in one byte of eight, and its content.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u64::try_from(content.len()).unwrap() | 1 << 56;
    [id, &length.to_be_bytes(), content].concat()
}

/// A file of WebM with Opus and a picture in some codec.
fn webm(codec: &[u8]) -> Vec<u8> {
    let head = [
        element(&[0x42, 0x82], b"webm"),
        element(&[0x42, 0x87], &[4]),
        element(&[0x42, 0x85], &[2]),
    ];
    let track = |number: u8, kind: u8, codec: &[u8], rest: &[u8]| {
        let parts = [
            element(&[0xd7], &[number]),
            element(&[0x73, 0xc5], &[number]),
            element(&[0x83], &[kind]),
            element(&[0x86], codec),
            rest.to_vec(),
        ];
        element(&[0xae], &parts.concat())
    };
    let video = element(
        &[0xe0],
        &[element(&[0xb0], &[64]), element(&[0xba], &[36])].concat(),
    );
    let sound = element(
        &[0xe1],
        &[
            element(&[0xb5], &48_000.0_f32.to_be_bytes()),
            element(&[0x9f], &[2]),
        ]
        .concat(),
    );
    let tracks = [track(1, 1, codec, &video), track(2, 2, b"A_OPUS", &sound)].concat();
    let info = [
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x4d, 0x80], b"test"),
        element(&[0x57, 0x41], b"test"),
    ];
    let block = |track: u8, time: u16, data: &[u8]| {
        let head = [&[0x80 | track][..], &time.to_be_bytes(), &[0x80]].concat();
        element(&[0xa3], &[&head[..], data].concat())
    };
    let cluster = [
        element(&[0xe7], &[5]),
        block(1, 0, &[0x50; 30]),
        block(2, 1, &packet(1)),
        block(2, 21, &packet(2)),
        block(1, 33, &[0x51; 20]),
    ];
    let segment = [
        element(&[0x15, 0x49, 0xa9, 0x66], &info.concat()),
        element(&[0x16, 0x54, 0xae, 0x6b], &tracks),
        element(&[0x1f, 0x43, 0xb6, 0x75], &cluster.concat()),
    ];
    [
        element(&[0x1a, 0x45, 0xdf, 0xa3], &head.concat()),
        element(&[0x18, 0x53, 0x80, 0x67], &segment.concat()),
    ]
    .concat()
}

#[test]
fn both_tracks_of_a_film_are_read_in_their_order() {
    let read = frames(webm(b"V_VP8")).unwrap();
    let facts: Vec<_> = read
        .iter()
        .map(|frame| (frame.kind, frame.time.as_millis(), frame.data.len()))
        .collect();
    let expected = [
        (FrameKind::Picture, 5, 30),
        (FrameKind::Sound, 6, 5),
        (FrameKind::Sound, 26, 5),
        (FrameKind::Picture, 38, 20),
    ];
    assert_eq!(facts, expected);
    // A picture in another codec is left out.
    let sound = frames(webm(b"V_VP9")).unwrap();
    assert!(sound.iter().all(|frame| frame.kind == FrameKind::Sound));
}

#[test]
fn other_files_are_refused_with_what_to_do() {
    for (bytes, expected) in [
        (b"RIFF....WAVE".to_vec(), "ffmpeg"),
        (Vec::new(), "neither"),
        (b"DKIF".to_vec(), "ends within its header"),
        ([b"DKIF\0\0\x20\0VP90".as_slice(), &[0; 20]].concat(), "VP8"),
        (b"OggS".to_vec(), "damaged"),
        (vec![0x1a, 0x45, 0xdf, 0xa3], "damaged"),
    ] {
        let error = frames(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

proptest! {
    #[test]
    fn a_damaged_file_is_an_error_or_an_end(
        which in 0..3,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match which {
            0 => ogg(20),
            1 => ivf(20),
            _ => webm(b"V_VP8"),
        };
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(frames) = frames(bytes) {
            prop_assert!(frames.iter().all(|frame| frame.data.len() < 1_000));
        }
    }
}
