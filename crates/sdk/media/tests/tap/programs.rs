//! A tone and a picture, encoded and decoded by programs of others.

use core::{f64::consts::TAU, future::Future, time::Duration};
use std::{
    fs::{self, File},
    io::Cursor,
    path::Path,
    process::{Command, Stdio},
};

use anteroom_client_media::is_key_frame;
use anteroom_media_files::{IvfWriter, MediaFile, OpusWriter};
use tempfile::TempDir;

/// The time after which a test fails that waits for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tone, in hertz, and the samples of a second.
const TONE: f64 = 1_000.0;
const RATE: u32 = 48_000;
/// The samples in which the tone is looked for at a time.
const WINDOW: usize = 4_800;
/// The time that a packet plays.
const STEP: Duration = Duration::from_millis(20);

/// The size of the picture, half of it red and half of it blue: luma and both differences of colour.
const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const RED: [u8; 3] = [81, 90, 240];
const BLUE: [u8; 3] = [41, 240, 110];
/// The pictures of a recording, one with every third sound.
const PICTURES: usize = 16;
const SOUNDS_A_PICTURE: usize = 3;

/// Something that sends frames.
pub(crate) trait Player {
    /// Sends a sound.
    async fn say(&mut self, packet: &[u8]);
    /// Sends a picture, some time after the last one.
    async fn show(&mut self, frame: &[u8], after: Duration);
    /// Lets the time pass.
    async fn rest(&mut self, pause: Duration);
}

/// A tone and a picture of a second, encoded.
pub(crate) struct Recording {
    pub(crate) sounds: Vec<Vec<u8>>,
    pub(crate) pictures: Vec<Vec<u8>>,
}

impl Recording {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("tone.raw"), tone()).unwrap();
        let encoder =
            "opusenc --quiet --raw --raw-rate 48000 --raw-chan 1 --bitrate 64 --framesize 20";
        assert!(run(encoder, &[&path("tone.raw"), &path("tone.opus")]));
        let picture = picture();
        let film: Vec<u8> = core::iter::repeat_n(picture, PICTURES).flatten().collect();
        fs::write(path("film.yuv"), film).unwrap();
        let encoder = "vpxenc --quiet --codec=vp8 --ivf --passes=1 --rt --kf-max-dist=3 --lag-in-frames=0 \
                       --i420 --width=320 --height=180 --fps=50/3 --target-bitrate=500 -o";
        assert!(run(encoder, &[&path("film.ivf"), &path("film.yuv")]));
        let recording = Self {
            sounds: read(&path("tone.opus")),
            pictures: read(&path("film.ivf")),
        };
        assert!(recording.is_heard_in(&recording.sounds));
        assert!(recording.is_seen_in(&recording.pictures));
        recording
    }

    /// Plays it in its time.
    pub(crate) async fn play(&self, player: &mut impl Player) {
        let mut pictures = self.pictures.iter();
        for (number, sound) in self.sounds.iter().enumerate() {
            player.say(sound).await;
            if number % SOUNDS_A_PICTURE == 0
                && let Some(picture) = pictures.next()
            {
                player.show(picture, STEP * 3).await;
            }
            player.rest(STEP).await;
        }
        assert!(pictures.next().is_none());
    }

    /// Returns whether a decoder finds the tone in packets, most of the time.
    #[expect(clippy::unused_self, reason = "it is the tone of this recording")]
    pub(crate) fn is_heard_in(&self, packets: &[Vec<u8>]) -> bool {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut writer = OpusWriter::new(File::create(path("tapped.opus")).unwrap(), 1).unwrap();
        for (number, packet) in (0..).zip(packets) {
            // A packet that says nothing of its length is no sound.
            let _no_sound = writer.write(STEP * number, packet);
        }
        writer.finish().unwrap();
        let decoder = "opusdec --quiet --rate 48000 --force-stereo";
        let _damaged = run(decoder, &[&path("tapped.opus"), &path("tapped.raw")]);
        let bytes = fs::read(path("tapped.raw")).unwrap_or_default();
        let samples = bytes.as_chunks::<4>().0.iter();
        let left = samples.map(|[low, high, ..]| i16::from_le_bytes([*low, *high]));
        let samples: Vec<f64> = left.map(f64::from).collect();
        let windows = samples.chunks_exact(WINDOW);
        let count = windows.len();
        let with_tone = windows.filter(|window| share_of_tone(window) > 0.8);
        2 * with_tone.count() > count
    }

    /// Returns whether a decoder finds the picture in frames, most of the time.
    pub(crate) fn is_seen_in(&self, frames: &[Vec<u8>]) -> bool {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let file = File::create(path("tapped.ivf")).unwrap();
        let mut writer = IvfWriter::new(file, 320, 180).unwrap();
        let frames = frames.iter().skip_while(|frame| !is_key_frame(frame));
        for (number, frame) in (0..).zip(frames.clone()) {
            writer.write(STEP * 3 * number, frame).unwrap();
        }
        writer.finish().unwrap();
        let decoder = "vpxdec --keep-going --i420 -o";
        let _damaged = run(decoder, &[&path("tapped.yuv"), &path("tapped.ivf")]);
        let bytes = fs::read(path("tapped.yuv")).unwrap_or_default();
        let pictures = bytes.chunks_exact(WIDTH * HEIGHT * 3 / 2);
        let found = pictures.filter(|picture| is_the_picture(picture)).count();
        found > 0 && 2 * found > frames.count()
    }
}

/// Waits for something with the patience of a test.
pub(crate) async fn within<T>(done: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, done).await.unwrap()
}

/// Runs a program with its arguments and these files. Returns whether it succeeds.
fn run(command: &str, files: &[&Path]) -> bool {
    let mut words = command.split_whitespace();
    let program = words.next().unwrap();
    let mut process = Command::new(program);
    process.args(words).args(files);
    process.stdout(Stdio::null()).stderr(Stdio::null());
    let status = process.status();
    assert!(
        status.is_ok(),
        "{program} is missing: `cargo xtask test --step tools` installs it"
    );
    status.unwrap().success()
}

fn read(path: &Path) -> Vec<Vec<u8>> {
    let mut file = MediaFile::read(Cursor::new(fs::read(path).unwrap())).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = file.next_frame().unwrap() {
        frames.push(frame.data.clone());
    }
    frames
}

/// Returns the tone: a second of samples.
#[expect(clippy::cast_possible_truncation, reason = "samples are whole numbers")]
fn tone() -> Vec<u8> {
    let samples = (0..RATE).map(|number| {
        let sample = (TAU * TONE * f64::from(number) / f64::from(RATE)).sin() * 12_000.0;
        (sample as i16).to_le_bytes()
    });
    samples.flatten().collect()
}

/// Returns the part of the energy of samples that the tone has, by Goertzel's algorithm.
fn share_of_tone(samples: &[f64]) -> f64 {
    let coefficient = 2.0 * (TAU * TONE / f64::from(RATE)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    let mut energy = 0.0;
    for sample in samples {
        (last, before) = (sample + coefficient * last - before, last);
        energy += sample * sample;
    }
    let power = last * last + before * before - coefficient * last * before;
    let count = samples.len() as f64;
    if energy == 0.0 {
        return 0.0;
    }
    2.0 * power / (count * energy)
}

/// Returns the picture: luma, then the differences of colour at half the size.
fn picture() -> Vec<u8> {
    let plane = |index: usize, width: usize, height: usize| {
        let colour = move |x: usize| if x < width / 2 { RED } else { BLUE };
        (0..height).flat_map(move |_| (0..width).map(move |x| colour(x)[index]))
    };
    let colours = [1, 2].map(|index| plane(index, WIDTH / 2, HEIGHT / 2));
    let colours = colours.into_iter().flatten();
    plane(0, WIDTH, HEIGHT).chain(colours).collect()
}

/// Returns whether most points of a picture have the colours of ours.
fn is_the_picture(other: &[u8]) -> bool {
    let picture = picture();
    let points = picture.iter().zip(other);
    let near = points.filter(|(point, other)| point.abs_diff(**other) < 24);
    near.count() * 100 > picture.len() * 95
}
