//! A participant in plain lines.

use std::{
    io::{self, IsTerminal as _},
    iter,
    time::Duration,
};

use anteroom_client::CallEvent;
use anteroom_console::{
    report::ErrorReport,
    shutdown::Shutdown,
    terminal::{self, print_json_to_reader, print_to_reader},
};
use anyhow::Context as _;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    entry::Entry,
    input::Input,
    participation::{CallParticipation, Moment},
    typed::{self, TYPED_AHEAD},
};

/// The timeout when no entry is due.
const LATER: Duration = Duration::from_secs(3600);

/// The form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineForm {
    /// Rows of text.
    Text,
    /// One line of JSON for each entry.
    Json,
}

/// Prints events and sends typed lines until the call or the input ends. Leaves the call also when its output
/// cannot be written.
pub async fn run(
    mut participation: CallParticipation,
    form: LineForm,
) -> anyhow::Result<Option<ErrorReport>> {
    let mut shutdown = Shutdown::of_participant()?;
    let start = Instant::now();
    // The first event precedes all typed input, since it reports whether the device is in the call or the
    // lobby.
    let first = participation.next().await;
    let mut typed = typed::on_thread(|| io::stdin().lines().next()?.ok());
    let sources = (&mut typed, &mut shutdown);
    let end = run_session(&mut participation, first, sources, (start, form)).await;
    let rest = iter::from_fn(|| typed.try_recv().ok()).take(TYPED_AHEAD);
    // The output may be gone, and the call is over, or is left, in any case.
    let failure = match end {
        Ok(SessionEnd::Over(failure)) => {
            let _ = form.show(&participation.refuse(rest.map(|line| Input::parse(&line))));
            failure
        }
        Ok(SessionEnd::Left) => {
            let _ = form.show(&participation.refuse(rest.map(|line| Input::parse(&line))));
            let parting = participation.leave(start.elapsed()).await;
            let _ = form.show(&parting.entries);
            if parting.failure.is_none() {
                let _ = form.show(&[Entry::Notice("You left.".to_owned())]);
            }
            parting.failure
        }
        Err(error) => {
            participation.refuse(rest.map(|line| Input::parse(&line)));
            participation.leave(start.elapsed()).await;
            if error.kind() != io::ErrorKind::BrokenPipe {
                return Err(error)
                    .context("what happens in the call cannot be shown, so it was left");
            }
            None
        }
    };
    // Somebody at a terminal has read the lines.
    let is_script = !io::stdin().is_terminal();
    Ok(failure.or_else(|| participation.failure().filter(|_| is_script)))
}

/// The end of the participation in a call.
enum SessionEnd {
    /// The user leaves.
    Left,
    /// The call is over, with the failure if there was one.
    Over(Option<ErrorReport>),
}

/// Returns when the call is over, or the user leaves it.
async fn run_session(
    participation: &mut CallParticipation,
    mut event: Option<CallEvent>,
    (typed, shutdown): (&mut mpsc::Receiver<String>, &mut Shutdown),
    (start, form): (Instant, LineForm),
) -> io::Result<SessionEnd> {
    loop {
        if let Some(event) = event.take() {
            match participation.apply(&event, start.elapsed()).await {
                Moment::Going(entries) => form.show(&entries)?,
                Moment::Over(entries, failure) => {
                    // An output error is ignored, since the call is over.
                    let _ = form.show(&entries);
                    return Ok(SessionEnd::Over(failure));
                }
            }
        }
        let deadline = participation.view.deadline();
        let wake = start + deadline.unwrap_or_else(|| start.elapsed() + LATER);
        tokio::select! {
            next = participation.next() => match next {
                Some(next) => event = Some(next),
                None => return Ok(SessionEnd::Over(None)),
            },
            line = typed.recv() => match line.map(|line| Input::parse(&line)) {
                None | Some(Input::Quit) => {
                    form.show(&participation.view.tick(LATER + start.elapsed()))?;
                    return Ok(SessionEnd::Left);
                }
                Some(input) => {
                    let reply = participation.act(input, start.elapsed()).await;
                    form.show(&reply.entries)?;
                }
            },
            () = tokio::time::sleep_until(wake) => {
                form.show(&participation.view.tick(start.elapsed()))?;
            }
            _ = shutdown.requested() => return Ok(SessionEnd::Left),
        }
    }
}

impl LineForm {
    /// Prints entries.
    fn show(self, entries: &[Entry]) -> io::Result<()> {
        match self {
            Self::Json => entries
                .iter()
                .try_for_each(|entry| print_json_to_reader(&entry.body())),
            Self::Text => {
                let width = terminal::width();
                let mut lines = entries.iter().flat_map(|entry| entry.lines(width));
                lines.try_for_each(|line| print_to_reader(&line))
            }
        }
    }
}
