//! `anteroom call record`

use std::{collections::BTreeSet, time::Instant};

use anteroom_call_terminal::{ending, own_name::NameFile};
use anteroom_client::{
    CallEvent, CallSession, DemuxId, PerSource, SlotWish, Source, Subject, ViewRequest,
    media::{MediaEvent, MediaEvents, ReceivedFrame, Slot, SlotCounts, SlotKind, SlotNumber},
};
use anteroom_console::{
    context::Context,
    exit_status::ExitStatus,
    report::ErrorReport,
    shutdown::Shutdown,
    terminal::{home_path, print_error},
};
use anyhow::{Context as _, bail};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    audience::{Audience, no_media},
    recording::{FinishedRecording, RecordedFile, RecordedFrame, Recording, RecordingError},
    visit::{JoinedCall, enter},
};
use crate::{
    arguments::CallRecord, links::LinkStore, room_session::LinkTarget, secret_text::Input,
    user_directory::user_directory,
};

/// The name under which a call is recorded, if no other is given.
const NAME: &str = "Recorder";
/// The height in which pictures are recorded, in pixels.
const HEIGHT: u16 = 720;
/// The number of frames that wait for the disk.
const WAITING: usize = 1_024;

/// A recording that is over.
#[derive(Serialize)]
struct Recorded {
    folder: String,
    files: Vec<RecordedFile>,
    /// Frames that came and are in no file: they did not open, the disk was too slow, there was no room for a file, or
    /// a picture waited for a key frame.
    left_out: u64,
}

/// Records a call until it ends, or the person leaves.
pub async fn record(options: &CallRecord, context: &Context) -> anyhow::Result<ExitStatus> {
    let store = LinkStore::of_user(&context.environment)?;
    let named = LinkTarget::read(Some(&options.link.link), Input::FirstLine, &store)?;
    named.check_admin_key()?;
    let folder = home_path(&options.folder);
    let recording = Recording::new(&options.folder, options.limit.saturating_mul(1_000_000));
    let recording = recording.with_context(|| format!("{folder} cannot be written"))?;
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
    let Some((sender, media)) = call.start_media(SlotCounts::default()).await? else {
        bail!("the call has no media");
    };
    call.publish(PerSource::default()).await?;
    let (present, devices) = watch::channel(BTreeSet::new());
    let (frames, ended) = write(recording, devices);
    let recorder = Recorder {
        frames: Some(frames),
        ended,
        start: Instant::now(),
        audience: Audience::default(),
        slots: Vec::new(),
        view: None,
        dropped: 0,
        gaps: BTreeSet::new(),
        present,
    };
    let end = recorder.run(&mut call, media).await;
    let counts = sender.counts();
    let (files, dropped, failure) = match end? {
        RecordEnd::Left(files, dropped) => {
            call.leave().await;
            (files, dropped, None)
        }
        RecordEnd::Over(files, dropped, failure) => (files, dropped, failure),
    };
    let FinishedRecording { files, left_out } = files.context("the recording has ended")?;
    let text = match files.as_slice() {
        [] => format!("Nothing was said or shown: {folder} has no new files."),
        files => {
            let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
            format!("Recorded in {folder}: {}", names.join(", "))
        }
    };
    let recorded = Recorded {
        folder,
        files,
        left_out: left_out + dropped + counts.refused + counts.unread,
    };
    context.show(&recorded, &text)?;
    if let Some(report) = &failure {
        report.print(context.json);
    }
    Ok(ending::exit_status(failure.as_ref()))
}

type Files = Result<FinishedRecording, RecordingError>;

/// The end of a recording.
enum RecordEnd {
    /// The person has ended it, or the files are full.
    Left(Files, u64),
    /// The call is over.
    Over(Files, u64, Option<ErrorReport>),
}

struct Recorder {
    frames: Option<mpsc::Sender<RecordedFrame>>,
    ended: oneshot::Receiver<Files>,
    start: Instant,
    audience: Audience,
    slots: Vec<Slot>,
    view: Option<ViewRequest>,
    /// The frames for which the disk was too slow.
    dropped: u64,
    /// The slots whose last frame was one of them.
    gaps: BTreeSet<SlotNumber>,
    /// The devices in the call.
    present: watch::Sender<BTreeSet<DemuxId>>,
}

impl Recorder {
    async fn run(
        mut self,
        call: &mut CallSession,
        mut media: MediaEvents,
    ) -> anyhow::Result<RecordEnd> {
        let mut shutdown = Shutdown::of_participant()?;
        loop {
            tokio::select! {
                event = call.next() => {
                    let Some(event) = event else {
                        let files = self.finish().await;
                        return Ok(RecordEnd::Over(files, self.dropped, None));
                    };
                    if let Some(news) = self.audience.apply(&event) {
                        print_error(&news);
                    }
                    if let CallEvent::Ended(reason) = &event {
                        let failure = ending::failure(reason, self.audience.is_inside());
                        let files = self.finish().await;
                        return Ok(RecordEnd::Over(files, self.dropped, failure));
                    }
                    if self.audience.lacks_media() {
                        bail!(no_media());
                    }
                    let devices = self.audience.others().map(|one| one.demux).collect();
                    self.present.send_if_modified(|present| {
                        let has_changed = *present != devices;
                        *present = devices;
                        has_changed
                    });
                    self.look(call).await?;
                }
                Some(event) = media.next() => {
                    if let Some(news) = self.audience.apply_media(&event) {
                        print_error(&news);
                    }
                    match event {
                        MediaEvent::Connected { slots } => {
                            self.slots = slots;
                            self.view = None;
                            self.look(call).await?;
                        }
                        MediaEvent::Frame(frame) => self.take(&frame),
                        _ => {}
                    }
                }
                files = &mut self.ended => {
                    // A file cannot be written on.
                    let files = files.unwrap_or(Err(RecordingError::Over));
                    return Ok(RecordEnd::Left(files, self.dropped));
                }
                _ = shutdown.requested() => {
                    let files = self.finish().await;
                    return Ok(RecordEnd::Left(files, self.dropped));
                }
            }
        }
    }

    fn take(&mut self, frame: &ReceivedFrame) {
        let recorded = RecordedFrame {
            device: frame.sender,
            name: self.audience.name(frame.sender),
            source: frame.source,
            at: self.start.elapsed(),
            has_gap: frame.has_gap | self.gaps.remove(&frame.slot),
            data: frame.data.to_vec(),
        };
        let taken = self.frames.as_ref().map(|frames| frames.try_send(recorded));
        if !matches!(taken, Some(Ok(()))) {
            self.dropped += 1;
            self.gaps.insert(frame.slot);
        }
    }

    /// Asks for the pictures of all who show one: screens first.
    async fn look(&mut self, call: &CallSession) -> anyhow::Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        let screens = self.audience.others().filter(|one| one.media.screen);
        let screens = screens.map(|one| (one.demux, Source::Screen));
        let cameras = self.audience.others().filter(|one| one.media.camera);
        let cameras = cameras.map(|one| (one.demux, Source::Camera));
        let shown = screens.chain(cameras);
        let slots = self.slots.iter();
        let slots = slots.filter(|slot| slot.kind == SlotKind::Video);
        let wishes = slots.zip(shown).map(|(slot, (device, source))| SlotWish {
            mid: slot.mid.clone(),
            subject: Subject::Device(device),
            source,
            height: HEIGHT,
        });
        let mut wishes: Vec<SlotWish> = wishes.collect();
        // The sound of a screen has the last slot for sound, while there is one.
        let mut sharing = self.audience.others().filter(|one| one.media.screen_audio);
        let mut sounds = self.slots.iter().rev();
        let sound = sounds.find(|slot| slot.kind == SlotKind::Audio);
        wishes.extend(sharing.next().zip(sound).map(|(one, slot)| SlotWish {
            mid: slot.mid.clone(),
            subject: Subject::Device(one.demux),
            source: Source::ScreenAudio,
            height: 0,
        }));
        let view = ViewRequest {
            slots: wishes,
            audio_without: Vec::new(),
        };
        if self.view.as_ref() != Some(&view) {
            call.view(view.clone()).await?;
            self.view = Some(view);
        }
        Ok(())
    }

    /// Ends the files.
    async fn finish(&mut self) -> Files {
        self.frames = None;
        let ended = (&mut self.ended).await;
        ended.unwrap_or(Err(RecordingError::Over))
    }
}

/// Writes frames on a thread of its own, until there are no more, or one cannot be written. The files are ended then.
fn write(
    mut recording: Recording,
    mut devices: watch::Receiver<BTreeSet<DemuxId>>,
) -> (mpsc::Sender<RecordedFrame>, oneshot::Receiver<Files>) {
    let (sender, mut frames) = mpsc::channel::<RecordedFrame>(WAITING);
    let (ended, end) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let mut failed = None;
        while let Some(frame) = frames.blocking_recv() {
            let ended = match devices.has_changed() {
                Ok(true) => recording.take_present(devices.borrow_and_update().clone()),
                _ => Ok(()),
            };
            if let Err(error) = ended.and_then(|()| recording.write(&frame)) {
                failed = Some(error);
                break;
            }
            if let Some(news) = recording.take_news() {
                print_error(news);
            }
        }
        let files = recording.finish();
        // The recorder waits for it, unless it has failed itself.
        let _gone = ended.send(match failed {
            Some(RecordingError::Full(megabytes)) => {
                print_error(&RecordingError::Full(megabytes).to_string());
                files
            }
            Some(error) => Err(error),
            None => files,
        });
    });
    (sender, end)
}
