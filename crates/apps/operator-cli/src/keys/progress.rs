//! The progress of re-sealing.

use std::io::{self, IsTerminal as _};

use anteroom_console::terminal::print;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal; elsewhere a line for each tenth, or no output.
pub(super) struct Progress {
    service: String,
    is_silent: bool,
    all: u64,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(service: &str, all: u64, is_silent: bool) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(all);
            // A constant template is always valid.
            if let Ok(style) =
                ProgressStyle::with_template("{msg}: sealed anew {pos} of {len} {wide_bar} {eta}")
            {
                bar.set_style(style);
            }
            bar.set_message(service.to_owned());
            bar
        });
        Self {
            service: service.to_owned(),
            is_silent,
            all,
            done: 0,
            bar,
        }
    }

    pub(super) fn advance(&mut self, values: u64) -> anyhow::Result<()> {
        let tenth = |done: u64| done.saturating_mul(10) / self.all.max(1);
        let before = tenth(self.done);
        self.done += values;
        match &self.bar {
            Some(bar) => bar.inc(values),
            None if before < tenth(self.done) && !self.is_silent => self.say()?,
            None => {}
        }
        Ok(())
    }

    /// Removes the bar. Reports success if `all` values were re-sealed.
    pub(super) fn finish(self, all: bool) -> anyhow::Result<()> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if !all || self.is_silent {
            return Ok(());
        }
        print(&format!(
            "{}: all values are under the newest data key",
            self.service
        ))
    }

    fn say(&self) -> anyhow::Result<()> {
        print(&format!(
            "{}: sealed anew {} of {} values",
            self.service, self.done, self.all
        ))
    }
}
