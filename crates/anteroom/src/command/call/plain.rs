//! A participant in plain lines.

use std::{io, thread};

use tokio::sync::mpsc;

use super::{
    input::Input,
    participant::{Moment, Participant},
};
use crate::{shutdown::Shutdown, terminal::print};

/// Lines that may wait to be said.
const TYPED_AHEAD: usize = 64;

/// Shows what happens and says what is typed, until one of both ends.
pub(super) async fn run(mut participant: Participant) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::listen()?;
    // Where one is comes before anything that was typed ahead.
    let mut event = participant.next().await;
    let mut typed = read_lines();
    loop {
        if let Some(event) = event.take() {
            match participant.take(event).await {
                Moment::Lines(lines) => show(&lines)?,
                Moment::Over(lines, failure) => {
                    show(&lines)?;
                    return failure.map_or(Ok(()), |error| Err(error.into()));
                }
            }
        }
        tokio::select! {
            next = participant.next() => match next {
                Some(next) => event = Some(next),
                None => return Ok(()),
            },
            line = typed.recv() => match line.map(|line| Input::parse(&line)) {
                None | Some(Input::Quit) => break,
                Some(input) => show(&participant.act(input).await)?,
            },
            _ = shutdown.requested() => break,
        }
    }
    participant.leave().await;
    print("You left.")?;
    Ok(())
}

fn show(lines: &[String]) -> anyhow::Result<()> {
    for line in lines {
        print(line)?;
    }
    Ok(())
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
