//! A participant in plain lines.

use std::{io, thread, time::Duration};

use anyhow::Context as _;
use tokio::{sync::mpsc, time::Instant};

use super::{
    entry::Entry,
    input::Input,
    participant::{Moment, Participant},
};
use crate::{
    failure::ErrorReport,
    shutdown::Shutdown,
    terminal::{print, print_to_reader},
};

/// Lines that may wait to be said.
const TYPED_AHEAD: usize = 64;
/// When nothing is to be told.
const LATER: Duration = Duration::from_secs(3600);

/// Shows what happens and says what is typed, until one of both ends. Leaves the call also when
/// its lines can no longer be written.
pub(super) async fn run(mut participant: Participant) -> anyhow::Result<Option<ErrorReport>> {
    let mut shutdown = Shutdown::of_participant()?;
    match take_part(&mut participant, &mut shutdown).await {
        Ok(Stay::Over(failure)) => Ok(failure),
        Ok(Stay::Left) => {
            participant.leave().await;
            // The terminal may be gone: the call is left all the same.
            let _ = print("You left.");
            Ok(None)
        }
        Err(error) => {
            participant.leave().await;
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Ok(None);
            }
            Err(error).context("what happens in the call cannot be shown, so it was left")
        }
    }
}

/// The end of a stay in a call.
enum Stay {
    /// The user wants to leave.
    Left,
    /// The call is over, by this failure if by one.
    Over(Option<ErrorReport>),
}

/// Returns when the call is over, or the user leaves it.
async fn take_part(participant: &mut Participant, shutdown: &mut Shutdown) -> io::Result<Stay> {
    let start = Instant::now();
    // The first event says where one is: it comes before anything that was typed ahead.
    let mut event = participant.next().await;
    let mut typed = read_lines();
    loop {
        if let Some(event) = event.take() {
            match participant.apply(&event, start.elapsed()).await {
                Moment::Going(entries) => show(&entries)?,
                Moment::Over(entries, failure) => {
                    // The call is over, whether that can be shown or not.
                    let _ = show(&entries);
                    return Ok(Stay::Over(failure));
                }
            }
        }
        let deadline = participant.view.deadline();
        let wake = start + deadline.unwrap_or_else(|| start.elapsed() + LATER);
        tokio::select! {
            next = participant.next() => match next {
                Some(next) => event = Some(next),
                None => return Ok(Stay::Over(None)),
            },
            line = typed.recv() => match line.map(|line| Input::parse(&line)) {
                None | Some(Input::Quit) => {
                    show(&participant.view.tick(LATER + start.elapsed()))?;
                    return Ok(Stay::Left);
                }
                Some(input) => {
                    let reply = participant.act(input, start.elapsed()).await;
                    show(&reply.entries)?;
                }
            },
            () = tokio::time::sleep_until(wake) => {
                show(&participant.view.tick(start.elapsed()))?;
            }
            _ = shutdown.requested() => return Ok(Stay::Left),
        }
    }
}

fn show(entries: &[Entry]) -> io::Result<()> {
    let mut lines = entries.iter().flat_map(Entry::lines);
    lines.try_for_each(|line| print_to_reader(&line))
}

/// Standard input by lines. Reading blocks, and must not keep the process from ending.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(TYPED_AHEAD);
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}
