//! Sound and picture through the real program: the SDK, `call play`, `call record`, and the bot of the examples.

use std::{
    collections::VecDeque,
    fs::{self, File},
    future::Future,
    io,
    path::Path,
    time::Duration,
};

use anteroom_client::{
    CallEvent, CallSession, Client, DemuxId, MediaNotice, OwnLink, Participant, PerSource,
    SlotWish, Source, Subject, ViewRequest,
    media::{
        AudioLevel, Layer, MediaEvent, MediaEvents, MediaSender, OpusPacket, ReceivedFrame,
        SlotCounts, SlotKind, Vp8Frame,
    },
};
use anteroom_media_files::{FrameKind, IvfWriter, MediaFile, OpusWriter};
use rustix::process::Signal;

use crate::{
    directory::{CallProcess, ServeProcess, TestAccount, TestDirectory},
    sdk::{client, create_link, url},
};

#[path = "../../../../sdk/client/examples/echo_bot.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod echo_bot;

/// The time after which a test fails that waits for something.
const PATIENCE: Duration = Duration::from_secs(90);

/// A service, a link without a lobby, and a person in its call with media.
struct Stage {
    place: TestDirectory,
    _service: ServeProcess,
    own: OwnLink,
    other: TestAccount,
    ann: Participation,
}

/// A person in a call with media.
struct Participation {
    client: Client,
    call: CallSession,
    sender: MediaSender,
    media: MediaEvents,
    /// The names of the slots for pictures.
    pictures: Vec<String>,
    /// The notices that came.
    notices: VecDeque<MediaNotice>,
    others: Vec<Participant>,
    /// The numbers of the next sound and of the next picture.
    said: u32,
    shown: u32,
    own: Option<DemuxId>,
}

async fn stage() -> Stage {
    let place = TestDirectory::new();
    let service = place.start();
    let (anns, other) = (place.add_account(), place.add_account());
    let ann = client(&place, &anns).await;
    let own = create_link::create(&ann, &url(&place, "rooms"))
        .await
        .unwrap();
    let call = ann.join_as_admin(&own.link, &own.rights).await.unwrap();
    let slots = SlotCounts { audio: 2, video: 2 };
    let (sender, media) = call.start_media(slots).await.unwrap().unwrap();
    assert!(call.start_media(slots).await.unwrap().is_none());
    let sources = PerSource {
        audio: true,
        camera: true,
        ..PerSource::default()
    };
    call.publish(sources).await.unwrap();
    let ann = Participation {
        client: ann,
        call,
        sender,
        media,
        pictures: Vec::new(),
        notices: VecDeque::new(),
        others: Vec::new(),
        said: 0,
        shown: 0,
        own: None,
    };
    Stage {
        place,
        _service: service,
        own,
        other,
        ann,
    }
}

impl Participation {
    /// Waits for a frame. Meanwhile whoever waits is let in, and what Ann says and shows goes out.
    async fn until_frame(&mut self, wanted: impl Fn(&ReceivedFrame) -> bool) -> ReceivedFrame {
        let waiting = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                tokio::select! {
                    event = self.call.next() => self.take(event.unwrap()).await,
                    event = self.media.next() => match event.unwrap() {
                        MediaEvent::Frame(frame) if wanted(&frame) => return frame,
                        MediaEvent::Connected { slots } => {
                            let slots = slots.into_iter().filter(|slot| slot.kind == SlotKind::Video);
                            self.pictures = slots.map(|slot| slot.mid).collect();
                        }
                        _ => {}
                    },
                    _ = ticks.tick() => self.speak().await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }

    async fn take(&mut self, event: CallEvent) {
        match event {
            CallEvent::Roster(roster) => {
                for device in &roster.pending {
                    self.call.approve(device.demux).await.unwrap();
                }
                self.others = roster.active;
            }
            CallEvent::Joined(seat) => self.own = Some(seat.demux),
            CallEvent::Media(notice) => self.notices.push_back(notice),
            CallEvent::Ended(end) => unreachable!("{end:?}"),
            _ => {}
        }
    }

    /// Says and shows something, if there is a connection: the next number each time.
    async fn speak(&mut self) {
        let packet = OpusPacket::new(packet(self.said), AudioLevel::below_loudest(20)).unwrap();
        let sent = self.sender.send_sound(Source::Audio, packet).await;
        self.said += u32::from(sent.is_ok());
        let frame = Vp8Frame {
            data: picture(self.shown).into(),
            time: Duration::from_millis(20) * self.shown,
            layer: Layer::Low,
        };
        let sent = self.sender.send_picture(Source::Camera, frame).await;
        self.shown += u32::from(sent.is_ok());
    }

    /// Waits for another device that is in the call.
    async fn until_other(&mut self, wanted: impl Fn(&Participant) -> bool) -> Participant {
        let own = self.own;
        loop {
            let mut others = self.others.iter().filter(|one| Some(one.demux) != own);
            if let Some(other) = others.find(|one| wanted(one)) {
                return other.clone();
            }
            let event = tokio::time::timeout(PATIENCE, self.call.next()).await;
            self.take(event.unwrap().unwrap()).await;
        }
    }

    /// Carries on until something else is done.
    async fn meanwhile<T>(&mut self, done: impl Future<Output = T>) -> T {
        let forever = self.until_frame(|_| false);
        tokio::select! {
            _ = forever => unreachable!("no frame ends it"),
            done = done => done,
        }
    }
}

/// A packet of 20 ms with a number.
fn packet(number: u32) -> Vec<u8> {
    [&[0xf8][..], &number.to_be_bytes(), &[7; 60]].concat()
}

/// A frame of 320 x 180 with a number: every tenth is a key frame.
fn picture(number: u32) -> Vec<u8> {
    let head: &[u8] = match number % 10 {
        0 => &[0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xb4, 0],
        _ => &[0x51, 0, 0],
    };
    [head, &number.to_be_bytes(), &[7; 600]].concat()
}

fn write_files(folder: &Path) {
    let sound = File::create(folder.join("sound.opus")).unwrap();
    let mut sound = OpusWriter::new(sound, 1).unwrap();
    let film = File::create(folder.join("film.ivf")).unwrap();
    let mut film = IvfWriter::new(film, 320, 180).unwrap();
    for number in 0..150 {
        let time = Duration::from_millis(20) * number;
        sound.write(time, &packet(number)).unwrap();
        film.write(time, &picture(number)).unwrap();
    }
    sound.finish().unwrap();
    film.finish().unwrap();
}

impl Stage {
    /// Starts a command in the call as the other person.
    fn start(&mut self, command: &[&str]) -> CallProcess {
        self.place.act_as(&self.other);
        let link = self.own.link.to_url();
        fs::write(self.place.path().join("link"), link.as_str()).unwrap();
        CallProcess::start(self.place.anteroom(command))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_played_is_heard_and_seen_as_it_is() {
    let mut stage = stage().await;
    write_files(stage.place.path());
    let player = stage.start(&["call", "play", "@link", "sound.opus", "--as", "Radio"]);
    let frame = stage
        .ann
        .until_frame(|frame| frame.source == Source::Audio)
        .await;
    let number = u32::from_be_bytes(*frame.data[1..].first_chunk().unwrap());
    assert_eq!(*frame.data, packet(number));
    let player_sends = stage.ann.until_other(|one| one.media.audio).await;
    assert_eq!(player_sends.demux, frame.sender);
    assert!(!player_sends.media.camera);
    let end = tokio::task::spawn_blocking(|| player.end());
    let (status, lines) = stage.ann.meanwhile(end).await.unwrap();
    assert!(status.success(), "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("150 packets of sound")),
        "{lines:?}"
    );

    let player = stage.start(&["call", "play", "@link", "film.ivf", "--screen", "--json"]);
    // The pictures of the screen are asked for once the roster says that there is one.
    let shows = stage.ann.until_other(|one| one.media.screen).await;
    let wish = SlotWish {
        mid: stage.ann.pictures[0].clone(),
        subject: Subject::Device(shows.demux),
        source: Source::Screen,
        height: 180,
    };
    let view = ViewRequest {
        slots: vec![wish],
        audio_without: Vec::new(),
    };
    stage.ann.call.view(view).await.unwrap();
    let frame = stage
        .ann
        .until_frame(|frame| frame.source == Source::Screen)
        .await;
    assert!(frame.is_key_frame());
    let end = tokio::task::spawn_blocking(|| player.end());
    let (status, lines) = stage.ann.meanwhile(end).await.unwrap();
    assert!(status.success(), "{lines:?}");
    assert_eq!(stage.ann.sender.counts().refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_has_a_whole_file_for_each_source() {
    let mut stage = stage().await;
    let folder = stage.place.path().join("evening");
    let recorder = stage.start(&["call", "record", "@link", "evening"]);
    // Until more than twenty frames of both sources are on the disk, in blocks of 8 KiB.
    let written = async {
        let is_written = |file: &io::Result<fs::DirEntry>| {
            let file = file.as_ref().unwrap();
            let is_picture = file
                .path()
                .extension()
                .is_some_and(|ending| ending == "ivf");
            file.metadata().unwrap().len() > if is_picture { 16_000 } else { 0 }
        };
        loop {
            let files = fs::read_dir(&folder);
            let files = files.map(|files| files.filter(is_written).count());
            if files.is_ok_and(|files| files == 2) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    stage.ann.meanwhile(written).await;
    recorder.signal(Signal::INT);
    let end = tokio::task::spawn_blocking(|| recorder.end());
    let (status, lines) = stage.ann.meanwhile(end).await.unwrap();
    assert!(status.success(), "{lines:?}");
    let said = lines.iter().find(|line| line.starts_with("Recorded in"));
    assert!(said.unwrap().contains("microphone.opus"), "{lines:?}");
    let mut kinds = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let mut file = MediaFile::open(&path).unwrap();
        let frames = std::iter::from_fn(|| file.next_frame().unwrap());
        // Beside the silence that stands for what was not heard.
        let frames: Vec<_> = frames.filter(|frame| frame.data.len() > 1).collect();
        let expected = |number: &u32| match frames[0].kind {
            FrameKind::Sound => packet(*number),
            FrameKind::Picture => picture(*number),
        };
        let place = match frames[0].kind {
            FrameKind::Sound => 1,
            FrameKind::Picture => 10,
        };
        let first = u32::from_be_bytes(*frames[0].data[place..].first_chunk().unwrap());
        for (number, frame) in (first..).zip(&frames) {
            assert_eq!(frame.data, expected(&number), "{}", path.display());
        }
        assert!(frames.len() > 20, "{}: {}", path.display(), frames.len());
        kinds.push(frames[0].kind);
    }
    kinds.sort_unstable();
    assert_eq!(kinds, [FrameKind::Sound, FrameKind::Picture]);
    let speakers = |notice: &MediaNotice| matches!(notice, MediaNotice::Speakers(_));
    assert!(
        stage
            .ann
            .notices
            .iter()
            .all(|notice| speakers(notice) || matches!(notice, MediaNotice::Slots(_)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_gives_back_what_it_hears() {
    let mut stage = stage().await;
    let bob = client(&stage.place, &stage.other).await;
    let link = stage.own.link.clone();
    let echoing = tokio::spawn(async move { echo_bot::echo(&bob, &link).await });
    let frame = stage
        .ann
        .until_frame(|frame| frame.source == Source::Audio)
        .await;
    let number = u32::from_be_bytes(*frame.data[1..].first_chunk().unwrap());
    assert_eq!(*frame.data, packet(number));
    let Participation { client, call, .. } = stage.ann;
    call.leave().await;
    drop(client);
    echoing.abort();
}

#[test]
fn a_file_that_cannot_be_played_is_refused_before_anything_is_joined() {
    let place = TestDirectory::new();
    fs::write(place.path().join("song.mp3"), b"ID3 and more").unwrap();
    for (file, expected) in [("song.mp3", "ffmpeg"), ("nothing.opus", "No such file")] {
        let refusal = place.refusal(&["call", "play", "@link", file]);
        assert!(refusal.contains(expected), "{refusal}");
    }
}
