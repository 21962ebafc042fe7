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
            uncover();
            hook(info);
        }));
        cover()?;
        Terminal::new(CrosstermBackend::new(stdout())).map(|terminal| Self(Some(terminal)))
    }

    /// Gives the terminal back for a while.
    pub(super) fn suspend(&mut self) {
        if let Some(terminal) = &mut self.0 {
            let _ = terminal.show_cursor();
        }
        uncover();
    }

    /// Covers the terminal again. The next frame draws all of it.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        cover()?;
        self.clear()
    }

    /// Clears the terminal, so that the next frame draws all of it.
    ///
    /// The library's `clear` asks the terminal where its cursor is, and the answer would go to the
    /// thread that reads keys.
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
            // Its drop would try again, and print the failure.
            mem::forget(terminal);
        }
        uncover();
    }
}

fn cover() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Gives the terminal back. One that is gone needs nothing.
fn uncover() {
    let _ = execute!(stdout(), DisableBracketedPaste);
    let _ = ratatui::try_restore();
    let _ = stdout().flush();
}
