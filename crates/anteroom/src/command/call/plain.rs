//! A participant in plain lines.

use std::{io, thread};

use anteroom_client::RoomsError;
use anyhow::Context as _;
use tokio::sync::mpsc;

use super::{
    input::Input,
    participant::{Moment, Participant},
};
use crate::{
    shutdown::Shutdown,
    terminal::{print, print_to_reader},
};

/// Lines that may wait to be said.
const TYPED_AHEAD: usize = 64;

/// Shows what happens and says what is typed, until one of both ends. Leaves the call also when
/// its lines can no longer be written.
pub(super) async fn run(mut participant: Participant) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::of_participant()?;
    match take_part(&mut participant, &mut shutdown).await {
        Ok(Some(failure)) => failure.map_or(Ok(()), |error| Err(error.into())),
        Ok(None) => {
            participant.leave().await;
            // The terminal may be gone: what was asked for is done all the same.
            let _ = print("You left.");
            Ok(())
        }
        Err(error) => {
            participant.leave().await;
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Ok(());
            }
            Err(error).context("what happens in the call cannot be shown, so it was left")
        }
    }
}

/// Gives the failure, if any, of a call that is over, and nothing if the user leaves it.
async fn take_part(
    participant: &mut Participant,
    shutdown: &mut Shutdown,
) -> io::Result<Option<Option<RoomsError>>> {
    // Where one is comes before anything that was typed ahead.
    let mut event = participant.next().await;
    let mut typed = read_lines();
    loop {
        if let Some(event) = event.take() {
            match participant.take(event).await {
                Moment::Lines(lines) => show(&lines)?,
                Moment::Over(lines, failure) => {
                    // The call is over, whether that can be shown or not.
                    let _ = show(&lines);
                    return Ok(Some(failure));
                }
            }
        }
        tokio::select! {
            next = participant.next() => match next {
                Some(next) => event = Some(next),
                None => return Ok(Some(None)),
            },
            line = typed.recv() => match line.map(|line| Input::parse(&line)) {
                None | Some(Input::Quit) => return Ok(None),
                Some(input) => show(&participant.act(input).await)?,
            },
            _ = shutdown.requested() => return Ok(None),
        }
    }
}

fn show(lines: &[String]) -> io::Result<()> {
    lines.iter().try_for_each(|line| print_to_reader(line))
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
