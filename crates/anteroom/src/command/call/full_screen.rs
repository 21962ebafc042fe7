//! The terminal while a program covers it.

use std::{
    io::{self, stdout},
    mem, panic,
};

use ratatui::{
    CompletedFrame, DefaultTerminal, Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        execute,
        terminal::{EnterAlternateScreen, enable_raw_mode},
    },
};

/// The covered terminal. Uncovers it when dropped; a terminal that is gone by then is no failure.
///
/// The library's own way back prints its failures with `eprintln!`, which panics where the terminal
/// is gone.
pub(super) struct FullScreen(Option<DefaultTerminal>);

impl FullScreen {
    /// Covers the terminal. A panic uncovers it too.
    pub(super) fn open() -> io::Result<Self> {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let _ = ratatui::try_restore();
            hook(info);
        }));
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen)?;
        Terminal::new(CrosstermBackend::new(stdout())).map(|terminal| Self(Some(terminal)))
    }

    /// Draws a frame.
    pub(super) fn draw(
        &mut self,
        render: impl FnOnce(&mut Frame<'_>),
    ) -> io::Result<Option<CompletedFrame<'_>>> {
        self.0
            .as_mut()
            .map(|terminal| terminal.draw(render))
            .transpose()
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        if let Some(mut terminal) = self.0.take()
            && terminal.show_cursor().is_err()
        {
            // Its drop would try again, and print the failure.
            mem::forget(terminal);
        }
        let _ = ratatui::try_restore();
    }
}
