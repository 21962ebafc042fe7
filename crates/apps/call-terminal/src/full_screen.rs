//! The terminal while a program covers it.

use std::{
    io::{self, Write as _, stdout},
    mem, panic,
};

use ratatui::{
    CompletedFrame, DefaultTerminal, Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        terminal::{EnterAlternateScreen, enable_raw_mode},
    },
    layout::{Position, Rect},
};

/// The terminal in full-screen mode. Restores it on drop, and ignores a terminal that is gone.
///
/// The library's own restoration reports errors with `eprintln!`, which panics if the terminal is gone.
pub(crate) struct FullScreen(Option<DefaultTerminal>);

impl FullScreen {
    /// Enters full-screen mode. A panic leaves it too.
    pub(super) fn open() -> io::Result<Self> {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            leave();
            hook(info);
        }));
        enter()?;
        Terminal::new(CrosstermBackend::new(stdout())).map(|terminal| Self(Some(terminal)))
    }

    /// Leaves full-screen mode temporarily.
    pub(super) fn suspend(&mut self) {
        if let Some(terminal) = &mut self.0 {
            let _ = terminal.show_cursor();
        }
        leave();
    }

    /// Returns to full-screen mode. The next frame is drawn completely.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        enter()?;
        self.clear()
    }

    /// Clears the terminal, so that the next frame is drawn completely.
    ///
    /// The library's `clear` queries the cursor position, and the thread that reads keys would receive the
    /// answer.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        let Some(terminal) = &mut self.0 else {
            return Ok(());
        };
        let size = terminal.size()?;
        terminal.resize(Rect::from((Position::ORIGIN, size)))
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
            // Dropping it would try again, and print the error.
            mem::forget(terminal);
        }
        leave();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Restores the terminal. Errors are ignored, since the terminal may be gone.
fn leave() {
    let _ = execute!(stdout(), DisableBracketedPaste);
    let _ = ratatui::try_restore();
    let _ = stdout().flush();
}
