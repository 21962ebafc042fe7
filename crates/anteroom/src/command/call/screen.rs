//! A participant on the whole screen: what is said, who is there, and a line to type.

use std::{collections::VecDeque, io, thread};

use anteroom_client::RoomsError;
use anyhow::Context as _;
use ratatui::{
    Frame,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Modifier, Style},
    text::Line,
    widgets::{Block, Paragraph, Wrap},
};
use tokio::sync::mpsc;

use super::{
    full_screen::FullScreen,
    input::Input,
    participant::{Moment, Participant},
    view::View,
};
use crate::{shutdown::Shutdown, terminal::print};

/// Keys that may wait.
const TYPED_AHEAD: usize = 64;
/// Lines that are kept.
const MAX_LINES: usize = 1000;
/// The longest line that can be typed, in characters.
const MAX_TYPED: usize = 4000;
/// Columns of the list of people.
const PEOPLE: u16 = 28;

/// What is on the screen besides the people.
#[derive(Default)]
struct Screen {
    lines: VecDeque<String>,
    typed: String,
    /// Which of those who wait the keys are about.
    chosen: usize,
}

/// What a key means.
enum Action {
    None,
    Do(Input),
    Leave,
}

/// Shows what happens and says what is typed, until one of both ends. It covers what was logged
/// before, so it begins with the notices that belong to the call.
pub(super) async fn run(
    mut participant: Participant,
    notices: impl Iterator<Item = String>,
) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::of_participant()?;
    let mut terminal = FullScreen::open().context("this is no terminal: use --plain")?;
    let mut screen = Screen::default();
    screen.add(notices.map(|notice| format!("! {notice}")));
    let outcome = take_part(&mut terminal, screen, &mut participant, &mut shutdown).await;
    if !matches!(outcome, Ok(Some(_))) {
        participant.leave().await;
    }
    drop(terminal);
    match outcome? {
        Some(Over {
            failure: Some(error),
            ..
        }) => Err(error.into()),
        Some(Over { lines, .. }) => Ok(lines.iter().try_for_each(|line| print(line))?),
        None => {
            // The terminal may be gone: what was asked for is done all the same.
            let _ = print("You left.");
            Ok(())
        }
    }
}

/// How a call ended by itself.
#[derive(Default)]
struct Over {
    lines: Vec<String>,
    failure: Option<RoomsError>,
}

/// Returns when the call ended by itself, or nothing when the user leaves it.
async fn take_part(
    terminal: &mut FullScreen,
    mut screen: Screen,
    participant: &mut Participant,
    shutdown: &mut Shutdown,
) -> io::Result<Option<Over>> {
    screen.add([
        "Enter says the line, Tab chooses who waits, F2 admits, F3 denies, Ctrl-C leaves; \
         /help lists what else can be typed."
            .to_owned(),
    ]);
    let mut events = read_events();
    loop {
        terminal.draw(|frame| screen.draw(frame, &participant.view))?;
        tokio::select! {
            event = participant.next() => {
                let Some(event) = event else { return Ok(Some(Over::default())) };
                match participant.take(event).await {
                    Moment::Lines(lines) => screen.add(lines),
                    Moment::Over(lines, failure) => return Ok(Some(Over { lines, failure })),
                }
            }
            event = events.recv() => match event {
                Some(Event::Key(key)) => match screen.press(key, &participant.view) {
                    Action::None => {}
                    Action::Do(input) => screen.add(participant.act(input).await),
                    Action::Leave => return Ok(None),
                },
                Some(_) => {}
                None => return Ok(None),
            },
            _ = shutdown.requested() => return Ok(None),
        }
    }
}

impl Screen {
    fn add(&mut self, lines: impl IntoIterator<Item = String>) {
        self.lines.extend(lines);
        let surplus = self.lines.len().saturating_sub(MAX_LINES);
        self.lines.drain(..surplus);
    }

    fn press(&mut self, key: KeyEvent, view: &View) -> Action {
        if key.kind == KeyEventKind::Release {
            return Action::None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if control => return Action::Leave,
            KeyCode::Char(character) if !control && self.typed.chars().count() < MAX_TYPED => {
                self.typed.push(character);
            }
            KeyCode::Backspace => {
                self.typed.pop();
            }
            KeyCode::Tab => self.chosen = self.chosen.saturating_add(1),
            KeyCode::F(2) => return self.decide(view, Input::Admit),
            KeyCode::F(3) => return self.decide(view, Input::Deny),
            KeyCode::Enter => {
                let typed = std::mem::take(&mut self.typed);
                let input = Input::parse(&typed);
                if input == Input::Quit {
                    return Action::Leave;
                }
                if let Input::Say(text) = &input {
                    self.add([format!("You: {text}")]);
                }
                return Action::Do(input);
            }
            _ => {}
        }
        Action::None
    }

    fn decide(&self, view: &View, decision: fn(u32) -> Input) -> Action {
        let waiting = view.waiting();
        let chosen = self.chosen.checked_rem(waiting.len());
        match chosen.and_then(|chosen| waiting.get(chosen)) {
            Some((number, _)) => Action::Do(decision(*number)),
            None => Action::None,
        }
    }

    fn draw(&self, frame: &mut Frame<'_>, view: &View) {
        let [above, line] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(3)]).areas(frame.area());
        let [said, people] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(PEOPLE)]).areas(above);
        self.draw_said(frame, said, view);
        self.draw_people(frame, people, view);
        let room = usize::from(line.width.saturating_sub(3));
        let hidden = self.typed.chars().count().saturating_sub(room);
        let shown: String = self.typed.chars().skip(hidden).collect();
        let typed = Paragraph::new(format!("{shown}_")).block(Block::bordered());
        frame.render_widget(typed, line);
    }

    fn draw_said(&self, frame: &mut Frame<'_>, area: Rect, view: &View) {
        let title = format!(" {} ", view.place());
        let block = Block::bordered().title(title);
        let inner = block.inner(area);
        let width = usize::from(inner.width.max(1));
        let mut height = usize::from(inner.height);
        // The last lines that fit, long ones taking several rows.
        let mut lines: Vec<Line<'_>> = Vec::new();
        for line in self.lines.iter().rev() {
            let rows = line.chars().count().div_ceil(width).max(1);
            if rows > height {
                break;
            }
            height -= rows;
            lines.push(Line::raw(line.as_str()));
        }
        lines.reverse();
        let said = Paragraph::new(lines).wrap(Wrap { trim: false });
        frame.render_widget(said.block(block), area);
    }

    fn draw_people(&self, frame: &mut Frame<'_>, area: Rect, view: &View) {
        let mut lines: Vec<Line<'_>> = view.present().into_iter().map(Line::raw).collect();
        let waiting = view.waiting();
        if !waiting.is_empty() {
            lines.push(Line::raw(""));
            let title = Style::new().add_modifier(Modifier::BOLD);
            lines.push(Line::styled("In the lobby", title));
            let chosen = self.chosen.checked_rem(waiting.len());
            for (index, (_, label)) in waiting.into_iter().enumerate() {
                let style = if chosen == Some(index) && view.is_admin() {
                    Style::new().add_modifier(Modifier::REVERSED)
                } else {
                    Style::new()
                };
                lines.push(Line::styled(label, style));
            }
        }
        let people = Paragraph::new(lines).block(Block::bordered().title(" People "));
        frame.render_widget(people, area);
    }
}

/// What happens at the terminal. Reading blocks, and must not keep the process from ending.
fn read_events() -> mpsc::Receiver<Event> {
    let (sender, events) = mpsc::channel(TYPED_AHEAD);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(event).is_err() {
                break;
            }
        }
    });
    events
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::command::call::view::tests::{admin_with_two_waiting, roster_of_two_waiting};

    fn picture(screen: &Screen, view: &View, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| screen.draw(frame, view)).unwrap();
        terminal.backend().to_string()
    }

    fn press(screen: &mut Screen, view: &View, code: KeyCode) -> Action {
        screen.press(KeyEvent::new(code, KeyModifiers::NONE), view)
    }

    #[test]
    fn the_screen_shows_lines_people_and_what_is_typed() {
        let view = admin_with_two_waiting();
        let mut screen = Screen::default();
        screen.add((0..100).map(|number| format!("line {number}")));
        for character in "hello".chars() {
            press(&mut screen, &view, KeyCode::Char(character));
        }
        let shown = picture(&screen, &view, 80, 20);
        for expected in [
            "Tea",
            "You",
            "In the lobby",
            "#1",
            "#2",
            "line 99",
            "hello_",
        ] {
            assert!(shown.contains(expected), "{expected}:\n{shown}");
        }
        assert!(!shown.contains("line 50"), "{shown}");
        // However small it is.
        for (width, height) in [(1, 1), (3, 3), (30, 4), (200, 3)] {
            picture(&screen, &view, width, height);
        }
    }

    #[test]
    fn keys_decide_about_the_chosen_one_who_waits() {
        let view = admin_with_two_waiting();
        let [first, second] = roster_of_two_waiting();
        let mut screen = Screen::default();
        for (code, tabs, expected) in [
            (KeyCode::F(2), 0, Input::Admit(first)),
            (KeyCode::F(3), 1, Input::Deny(second)),
            (KeyCode::F(2), 1, Input::Admit(first)),
        ] {
            for _ in 0..tabs {
                press(&mut screen, &view, KeyCode::Tab);
            }
            match press(&mut screen, &view, code) {
                Action::Do(input) => assert_eq!(input, expected),
                _ => panic!("{code:?}"),
            }
        }
        let nobody = View::default();
        assert!(matches!(
            press(&mut screen, &nobody, KeyCode::F(2)),
            Action::None
        ));
    }

    #[test]
    fn lines_are_edited_said_and_commanded() {
        let view = View::default();
        let mut screen = Screen::default();
        for code in [
            KeyCode::Char('h'),
            KeyCode::Char('x'),
            KeyCode::Backspace,
            KeyCode::Char('i'),
        ] {
            press(&mut screen, &view, code);
        }
        match press(&mut screen, &view, KeyCode::Enter) {
            Action::Do(Input::Say(text)) => assert_eq!(text, "hi"),
            _ => panic!("nothing was said"),
        }
        assert_eq!(screen.lines.back().unwrap(), "You: hi");
        assert!(screen.typed.is_empty());
        for character in "/quit".chars() {
            press(&mut screen, &view, KeyCode::Char(character));
        }
        assert!(matches!(
            press(&mut screen, &view, KeyCode::Enter),
            Action::Leave
        ));
        let leave = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(matches!(screen.press(leave, &view), Action::Leave));
    }

    #[test]
    fn old_lines_go() {
        let mut screen = Screen::default();
        screen.add((0..2 * MAX_LINES).map(|number| number.to_string()));
        assert_eq!(screen.lines.len(), MAX_LINES);
        assert_eq!(screen.lines.front().unwrap(), &MAX_LINES.to_string());
    }
}
