//! The loop of a call on the whole screen.

use std::{
    io::{self, IsTerminal as _},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use ratatui::crossterm::event::{self, Event};
use rustix::process::{Signal, kill_current_process_group};
use tokio::{
    signal::unix::{self, SignalKind},
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{Action, Screen};
use crate::{
    command::call::{
        entry::Entry,
        full_screen::FullScreen,
        participant::{Moment, Participant},
    },
    failure::{ErrorReport, Failure},
    shutdown::Shutdown,
    terminal::print,
};

/// Keys that may wait.
const TYPED_AHEAD: usize = 64;
/// When the times on the screen are drawn anew.
const TICK: Duration = Duration::from_secs(1);
/// When nothing is gathered.
const LATER: Duration = Duration::from_secs(3600);
/// Within which a suspended process is stopped. Where nobody can continue it, it is not.
const STOP: Duration = Duration::from_millis(500);

/// The sources of events besides the call.
struct Sources {
    events: mpsc::Receiver<Event>,
    shutdown: Shutdown,
    continued: unix::Signal,
    start: Instant,
}

/// How a call ended by itself.
struct Ended {
    entries: Vec<Entry>,
    failure: Option<ErrorReport>,
}

/// Shows what happens and says what is typed, until one of both ends. It covers what was logged
/// before, so it begins with the notices that belong to the call.
pub(in crate::command::call) async fn run(
    mut participant: Participant,
    notices: impl Iterator<Item = String>,
) -> anyhow::Result<Option<ErrorReport>> {
    let shutdown = Shutdown::of_participant()?;
    let continued = unix::signal(continue_signal()).context("signals cannot be received")?;
    let mut terminal = FullScreen::open().map_err(|error| {
        Failure::failed("the call cannot take the whole screen")
            .because(error)
            .next("Use --plain")
    })?;
    let mut screen = Screen::default();
    screen.add(notices.map(Entry::Problem), &participant.view);
    let hint = "F1 shows the keys, /help the commands.";
    screen.add([Entry::Notice(hint.to_owned())], &participant.view);
    let mut sources = Sources {
        events: read_events(),
        shutdown,
        continued,
        start: Instant::now(),
    };
    let ended = take_part(&mut terminal, screen, &mut participant, &mut sources).await;
    let ended = ended.or_else(|error| is_hang_up(&error).then_some(None).ok_or(error));
    if !matches!(ended, Ok(Some(_))) {
        participant.leave().await;
    }
    drop(terminal);
    match ended? {
        Some(Ended { entries, failure }) => {
            let mut lines = entries.iter().flat_map(Entry::lines);
            lines.try_for_each(|line| print(&line))?;
            Ok(failure)
        }
        None => {
            // The terminal may be gone: the call is left all the same.
            let _ = print("You left.");
            Ok(None)
        }
    }
}

/// Returns when the call ended by itself, or nothing when the user leaves it.
async fn take_part(
    terminal: &mut FullScreen,
    mut screen: Screen,
    participant: &mut Participant,
    sources: &mut Sources,
) -> io::Result<Option<Ended>> {
    let start = sources.start;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        screen.keep_choice(&participant.view);
        let now = start.elapsed();
        terminal.draw(|frame| screen.draw(frame, &participant.view, now))?;
        let deadline = participant.view.deadline().unwrap_or(now + LATER);
        let action = tokio::select! {
            event = participant.next() => {
                let Some(event) = event else {
                    return Ok(Some(Ended { entries: Vec::new(), failure: None }));
                };
                match participant.apply(&event, start.elapsed()).await {
                    Moment::Going(entries) => screen.add(entries, &participant.view),
                    Moment::Over(entries, failure) => return Ok(Some(Ended { entries, failure })),
                }
                Action::None
            }
            event = sources.events.recv() => match event {
                Some(event) => screen.handle(event, &participant.view),
                None => Action::Leave,
            },
            () = sleep_until(start + deadline) => {
                let entries = participant.view.tick(start.elapsed());
                screen.add(entries, &participant.view);
                Action::None
            }
            _ = tick.tick() => Action::None,
            // Somebody else may have stopped the process, and the shell had the terminal meanwhile.
            _ = sources.continued.recv() => {
                terminal.resume()?;
                Action::None
            }
            _ = sources.shutdown.requested() => Action::Leave,
        };
        let now = start.elapsed();
        match action {
            Action::None => {}
            Action::Submit(input) => {
                let reply = participant.act(input, now).await;
                screen.take_reply(reply, &participant.view);
            }
            Action::Decide(decision, tag) => {
                let reply = participant.decide(decision, &tag).await;
                screen.add(reply.entries, &participant.view);
            }
            Action::Redraw => terminal.clear()?,
            Action::Suspend => suspend(terminal, &mut sources.continued).await?,
            Action::Leave => return Ok(None),
        }
    }
}

/// Whether the terminal is gone: a frame may notice it before the signal comes. The question for the
/// size of one that is gone fails with whatever the last way to ask said.
fn is_hang_up(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || !io::stdout().is_terminal()
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Stops the process as the terminal would, and covers the terminal again when it goes on.
async fn suspend(terminal: &mut FullScreen, continued: &mut unix::Signal) -> io::Result<()> {
    terminal.suspend();
    kill_current_process_group(Signal::TSTP)?;
    // The stop may come a moment later; without a shell that could continue it, it never comes.
    let _ = timeout(STOP, continued.recv()).await;
    terminal.resume()
}

fn continue_signal() -> SignalKind {
    SignalKind::from_raw(Signal::CONT.as_raw())
}

/// The events of the terminal. Reading blocks, and must not keep the process from ending.
fn read_events() -> mpsc::Receiver<Event> {
    let (sender, events) = mpsc::channel(TYPED_AHEAD);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(event).is_err() {
                break;
            }
        }
    });
    events
}
