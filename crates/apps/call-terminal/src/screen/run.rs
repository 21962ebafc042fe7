//! The loop of a call on the whole screen.

use std::{
    io::{self, IsTerminal as _},
    iter,
    time::Duration,
};

use anteroom_console::{
    failure::Failure,
    report::ErrorReport,
    shutdown::Shutdown,
    terminal::{print, width},
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
    entry::Entry,
    full_screen::FullScreen,
    input::Input,
    participation::{CallParticipation, Moment},
    typed,
    view::View,
};

/// The interval at which displayed times are updated.
const TICK: Duration = Duration::from_secs(1);
/// The timeout when no change is gathered.
const LATER: Duration = Duration::from_secs(3600);
/// The maximum wait for a suspended process to stop. Without a shell that can continue it, it does not stop.
const STOP: Duration = Duration::from_millis(500);

/// The maximum number of events of the terminal that are looked at when the call is over.
const MAX_LATE: usize = 4096;

/// The sources of events, except the call.
struct Sources {
    events: mpsc::Receiver<Event>,
    shutdown: Shutdown,
    continued: unix::Signal,
    start: Instant,
}

/// The result of a call that ended without the user's command.
struct CallEnd {
    entries: Vec<Entry>,
    failure: Option<ErrorReport>,
}

/// Displays events and sends input until the call or the input ends. The display covers earlier log output,
/// so it starts with the notices that belong to the call.
pub async fn run(
    mut participation: CallParticipation,
    notices: impl Iterator<Item = String>,
) -> anyhow::Result<Option<ErrorReport>> {
    let shutdown = Shutdown::of_participant()?;
    let continued = unix::signal(continue_signal()).context("signals cannot be received")?;
    let mut terminal = FullScreen::open().map_err(|error| {
        Failure::failed("the call cannot take the whole screen")
            .with_reason(error)
            .next("Use --plain")
    })?;
    let mut screen = Screen::default();
    screen.add(notices.map(Entry::Problem), &participation.view);
    let hint = "F1 shows the keys, /help the commands.";
    screen.add([Entry::Notice(hint.to_owned())], &participation.view);
    let mut sources = Sources {
        events: typed::on_thread(|| event::read().ok()),
        shutdown,
        continued,
        start: Instant::now(),
    };
    let ended = run_session(&mut terminal, &mut screen, &mut participation, &mut sources).await;
    let ended = ended.or_else(|error| is_hang_up(&error).then_some(None).ok_or(error));
    // The screen, with all entries on it, vanishes.
    let mut last = participation.take_unsaid();
    let late = late_inputs(&mut screen, &mut sources.events, &participation.view);
    let late = participation.refuse(late);
    let mut ended_before = None;
    if !matches!(ended, Ok(Some(_))) {
        let parting = participation.leave(sources.start.elapsed()).await;
        last.extend(parting.entries);
        ended_before = parting.failure;
    }
    drop(terminal);
    match ended? {
        Some(CallEnd { entries, failure }) => {
            show(&last)?;
            show(&entries)?;
            show(&late)?;
            Ok(failure)
        }
        None => {
            // The terminal may be gone. The call was left in any case.
            let _ = show(&last);
            let _ = show(&late);
            if ended_before.is_none() {
                let _ = print("You left.");
            }
            Ok(ended_before)
        }
    }
}

fn show(entries: &[Entry]) -> anyhow::Result<()> {
    let width = width();
    let mut lines = entries.iter().flat_map(|entry| entry.lines(width));
    lines.try_for_each(|line| print(&line))
}

/// Returns the result of a call that ended; `None` if the user leaves it.
async fn run_session(
    terminal: &mut FullScreen,
    screen: &mut Screen,
    participation: &mut CallParticipation,
    sources: &mut Sources,
) -> io::Result<Option<CallEnd>> {
    let start = sources.start;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        screen.keep_choice(&participation.view);
        let now = start.elapsed();
        terminal.draw(|frame| screen.draw(frame, &participation.view, now))?;
        let deadline = participation.view.deadline().unwrap_or(now + LATER);
        let action = tokio::select! {
            event = participation.next() => {
                let moment = match event {
                    Some(event) => participation.apply(&event, start.elapsed()).await,
                    None => Moment::Over(Vec::new(), None),
                };
                match moment {
                    Moment::Going(entries) => screen.add(entries, &participation.view),
                    Moment::Over(entries, failure) => {
                        return Ok(Some(CallEnd { entries, failure }));
                    }
                }
                Action::None
            }
            event = sources.events.recv() => match event {
                Some(event) => screen.handle(event, &participation.view),
                None => Action::Leave,
            },
            () = sleep_until(start + deadline) => {
                let entries = participation.view.tick(start.elapsed());
                screen.add(entries, &participation.view);
                Action::None
            }
            _ = tick.tick() => Action::None,
            // Another process may have stopped this one, and the shell has used the terminal meanwhile.
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
                let reply = participation.act(input, now).await;
                screen.take_reply(reply, &participation.view);
            }
            Action::Decide(decision, tag) => {
                let reply = participation.act(Input::Decide(decision, tag), now).await;
                screen.add(reply.entries, &participation.view);
            }
            Action::Redraw => terminal.clear()?,
            Action::Suspend => suspend(terminal, &mut sources.continued).await?,
            Action::Leave => return Ok(None),
        }
    }
}

/// Returns the inputs of a call that is over: those whose keys were pressed, and the draft.
fn late_inputs(screen: &mut Screen, events: &mut mpsc::Receiver<Event>, view: &View) -> Vec<Input> {
    let mut inputs = Vec::new();
    let pressed = iter::from_fn(|| events.try_recv().ok()).take(MAX_LATE);
    for event in pressed {
        if let Action::Submit(input) = screen.handle(event, view) {
            inputs.push(input);
            screen.draft.finish();
        }
    }
    inputs.push(Input::parse_draft(screen.draft.text()));
    inputs
}

/// Returns whether the error means that the terminal is gone. Drawing may fail before the signal arrives, and
/// a query for the size of a terminal that is gone fails with the error of the last query method.
fn is_hang_up(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || !io::stdout().is_terminal()
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Stops the process as the terminal would, and restores full-screen mode when it continues.
async fn suspend(terminal: &mut FullScreen, continued: &mut unix::Signal) -> io::Result<()> {
    terminal.suspend();
    kill_current_process_group(Signal::TSTP)?;
    // The stop may take effect a moment later. Without a shell that can continue the process, it has no
    // effect.
    let _ = timeout(STOP, continued.recv()).await;
    terminal.resume()
}

fn continue_signal() -> SignalKind {
    SignalKind::from_raw(Signal::CONT.as_raw())
}
