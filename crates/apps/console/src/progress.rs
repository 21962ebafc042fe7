//! A progress indicator for long work, for a person at a terminal.

use std::{
    io::{self, IsTerminal as _},
    pin::pin,
    time::Duration,
};

use indicatif::ProgressBar;
use tokio::time::sleep;

/// The duration below which work shows no indicator.
const PATIENCE: Duration = Duration::from_secs(1);
/// The interval between two frames of the spinner.
const TICK: Duration = Duration::from_millis(100);

/// Does the work, and shows an indicator on standard error if it is a terminal.
pub async fn during<T>(message: &'static str, work: impl Future<Output = T>) -> T {
    if !io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = sleep(PATIENCE) => {}
    }
    let spinner = ProgressBar::new_spinner().with_message(message);
    spinner.enable_steady_tick(TICK);
    let done = work.await;
    spinner.finish_and_clear();
    done
}
