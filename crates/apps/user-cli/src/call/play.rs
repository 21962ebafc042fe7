//! `anteroom call play`

use std::{path::PathBuf, time::Duration};

use anteroom_call_terminal::{ending, own_name::NameFile};
use anteroom_client::{
    CallEvent, CallSession, PerSource, Source,
    media::{
        AudioLevel, Layer, MediaEvent, MediaEvents, MediaSender, OpusPacket, SendError,
        SendOutcome, SlotCounts, Vp8Frame,
    },
};
use anteroom_console::{
    context::Context,
    exit_status::ExitStatus,
    report::ErrorReport,
    shutdown::Shutdown,
    terminal::{home_path, print_error},
};
use anteroom_media_files::{FileError, FileFrame, FrameKind, MediaFile};
use anyhow::{Context as _, bail};
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    audience::{Audience, no_media},
    visit::{JoinedCall, enter},
};
use crate::{
    arguments::CallPlay, links::LinkStore, room_session::LinkTarget, secret_text::Input,
    user_directory::user_directory,
};

/// The name under which a file is played, if no other is given.
const NAME: &str = "Player";
/// The number of frames that are read ahead.
const READ_AHEAD: usize = 64;
/// The time after the last frame before the device leaves: the last packets are on their way.
const AFTERGLOW: Duration = Duration::from_millis(300);

/// The frames that were played.
#[derive(Debug, Default, Serialize)]
struct Played {
    sounds: u64,
    pictures: u64,
    /// Frames that nobody watched, or that waited for a key frame.
    unwatched: u64,
    /// Frames for which there was no connection.
    missed: u64,
}

/// Plays a file in a call, and leaves.
pub async fn play(options: &CallPlay, context: &Context) -> anyhow::Result<ExitStatus> {
    let file = options.file.clone();
    let shown = home_path(&file);
    let opened = MediaFile::open(&file);
    let opened = opened.with_context(|| format!("{shown} cannot be played"))?;
    let (sound, picture) = match options.screen {
        true => (Source::ScreenAudio, Source::Screen),
        false => (Source::Audio, Source::Camera),
    };
    let mut sources = PerSource::default();
    *sources.of_mut(sound) = opened.has(FrameKind::Sound);
    *sources.of_mut(picture) = opened.has(FrameKind::Picture);
    drop(opened);
    let store = LinkStore::of_user(&context.environment)?;
    let named = LinkTarget::read(Some(&options.link.link), Input::FirstLine, &store)?;
    named.check_admin_key()?;
    let names = NameFile::of_user(&user_directory()?);
    let name = options.entry.name.as_deref().unwrap_or(NAME);
    let name = names.name(Some(name), || Ok(None))?;
    let JoinedCall {
        mut call,
        notices,
        visit: _visit,
        session: _session,
    } = enter(&options.entry, &named, name, context).await?;
    notices.iter().for_each(|notice| print_error(notice));
    // Nothing is received.
    let slots = SlotCounts { audio: 0, video: 0 };
    let Some((sender, events)) = call.start_media(slots).await? else {
        bail!("the call has no media");
    };
    call.publish(sources).await?;
    let player = Player {
        sender,
        sources: (sound, picture),
        played: Played::default(),
        largest: 1,
    };
    let end = player.run(&mut call, events, file).await?;
    let (played, failure) = match end {
        PlayEnd::Whole(played) => {
            tokio::time::sleep(AFTERGLOW).await;
            call.leave().await;
            (played, None)
        }
        PlayEnd::Left(played) => {
            call.leave().await;
            (played, None)
        }
        PlayEnd::Over(played, failure) => (played, failure),
    };
    if let Some(report) = &failure {
        report.print(context.json);
    } else {
        let text = format!(
            "Played {shown}: {} packets of sound, {} pictures.",
            played.sounds, played.pictures
        );
        context.show(&played, &text)?;
    }
    Ok(ending::exit_status(failure.as_ref()))
}

/// The end of a file in a call.
enum PlayEnd {
    /// The file is over.
    Whole(Played),
    /// The person has ended it.
    Left(Played),
    /// The call is over.
    Over(Played, Option<ErrorReport>),
}

struct Player {
    sender: MediaSender,
    /// The sources of sound and picture.
    sources: (Source, Source),
    played: Played,
    /// The length of the largest packet of sound.
    largest: usize,
}

impl Player {
    /// Waits for somebody to be there, and plays the file.
    async fn run(
        mut self,
        call: &mut CallSession,
        mut media: MediaEvents,
        file: PathBuf,
    ) -> anyhow::Result<PlayEnd> {
        let mut shutdown = Shutdown::of_participant()?;
        let mut audience = Audience::default();
        let mut is_connected = false;
        let mut frames: Option<mpsc::Receiver<Result<FileFrame, FileError>>> = None;
        let mut next: Option<FileFrame> = None;
        let mut start = Instant::now();
        loop {
            if frames.is_none() && is_connected && audience.has_listeners() {
                frames = Some(read(file.clone()));
                start = Instant::now();
            }
            let due = next.as_ref().map(|frame| start + frame.time);
            tokio::select! {
                event = call.next() => {
                    let Some(event) = event else {
                        return Ok(PlayEnd::Over(self.played, None));
                    };
                    if let Some(news) = audience.apply(&event) {
                        print_error(&news);
                    }
                    if let CallEvent::Ended(reason) = &event {
                        let failure = ending::failure(reason, audience.is_inside());
                        return Ok(PlayEnd::Over(self.played, failure));
                    }
                    if audience.lacks_media() {
                        bail!(no_media());
                    }
                }
                Some(event) = media.next() => {
                    if let MediaEvent::GivenUp(reason) = event {
                        bail!(reason);
                    }
                    is_connected |= matches!(event, MediaEvent::Connected { .. });
                    if let Some(news) = audience.apply_media(&event) {
                        print_error(&news);
                    }
                }
                frame = next_frame(&mut frames), if next.is_none() => match frame {
                    Some(frame) => next = Some(frame.context("the file cannot be read on")?),
                    None => return Ok(PlayEnd::Whole(self.played)),
                },
                () = until(due) => {
                    if let Some(frame) = next.take() {
                        self.send(frame).await?;
                    }
                }
                _ = shutdown.requested() => return Ok(PlayEnd::Left(self.played)),
            }
        }
    }

    async fn send(&mut self, frame: FileFrame) -> anyhow::Result<()> {
        let kind = frame.kind;
        let sent = match kind {
            FrameKind::Sound => {
                let packet = OpusPacket {
                    level: self.level(frame.data.len()),
                    data: frame.data.into(),
                    duration: frame.duration,
                };
                self.sender.send_sound(self.sources.0, packet).await
            }
            FrameKind::Picture => {
                let picture = Vp8Frame {
                    data: frame.data.into(),
                    time: frame.time,
                    layer: Layer::Low,
                };
                self.sender.send_picture(self.sources.1, picture).await
            }
        };
        match (sent, kind) {
            (Ok(SendOutcome::Sent), FrameKind::Sound) => self.played.sounds += 1,
            (Ok(SendOutcome::Sent), FrameKind::Picture) => self.played.pictures += 1,
            (Ok(_), _) => self.played.unwatched += 1,
            (Err(error @ (SendError::Size | SendError::Kind | SendError::Over)), _) => {
                return Err(error).context("a frame of the file cannot be sent");
            }
            // It may be back for the next one.
            (Err(_), _) => self.played.missed += 1,
        }
        Ok(())
    }

    /// Returns the loudness of a packet, as far as its length tells it: nothing is decoded. Encoders spend few bytes on
    /// silence, unless they always spend the same.
    fn level(&mut self, length: usize) -> AudioLevel {
        self.largest = self.largest.max(length);
        if length < 4 {
            return AudioLevel::SILENCE;
        }
        let below = 60 - 40 * length / self.largest;
        AudioLevel::below_loudest(u8::try_from(below).unwrap_or(u8::MAX))
    }
}

/// Reads a file on a thread of its own, some frames ahead.
fn read(file: PathBuf) -> mpsc::Receiver<Result<FileFrame, FileError>> {
    let (frames, read) = mpsc::channel(READ_AHEAD);
    tokio::task::spawn_blocking(move || {
        let each = || -> Result<(), FileError> {
            let mut file = MediaFile::open(&file)?;
            while let Some(frame) = file.next_frame()? {
                if frames.blocking_send(Ok(frame)).is_err() {
                    break;
                }
            }
            Ok(())
        };
        if let Err(error) = each() {
            // The player may have ended.
            let _gone = frames.blocking_send(Err(error));
        }
    });
    read
}

/// Returns the next frame; never before the file is read.
async fn next_frame(
    frames: &mut Option<mpsc::Receiver<Result<FileFrame, FileError>>>,
) -> Option<Result<FileFrame, FileError>> {
    match frames {
        Some(frames) => frames.recv().await,
        None => std::future::pending().await,
    }
}

/// Returns at a moment, never without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
