//! Drawing of the screen.

use std::time::Duration;

use anteroom_console::terminal::is_colourless;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};

use super::{Pane, Screen, keys::KEYS, lists};
use crate::{
    conversation::{Row, RowStyle},
    layout::{Areas, Content, first_shown, guest_rows},
    status::status_line,
    view::{PresentRow, View, WaitingRow},
    wrap::{columns, cut, rows},
};

/// The prompt before the draft.
const PROMPT: &str = "> ";

impl Screen {
    /// Draws the screen. Sets the cursor in the draft, where an input method needs it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, view: &View, now: Duration) {
        let screen = frame.area();
        let content = Content {
            waiting: view.waiting_devices().len(),
            draft_rows: self.draft.rows(draft_width(screen.width)).rows.len(),
        };
        let areas = Areas::of(screen, content);
        let pane = |area| PaneArea {
            area,
            has_borders: areas.has_borders,
        };
        self.draw_main(frame, pane(areas.main), view);
        if !areas.people.is_empty() {
            self.draw_people(frame, pane(areas.people), view);
        }
        if !areas.lobby.is_empty() {
            self.draw_lobby(frame, pane(areas.lobby), view, now);
        }
        self.draw_draft(frame, areas);
        let width = usize::from(areas.status.width);
        let text = status_line(view, now, width);
        let style = Style::new().add_modifier(Modifier::REVERSED);
        frame.render_widget(
            Paragraph::new(format!("{text:<width$}")).style(style),
            areas.status,
        );
    }

    fn draw_main(&mut self, frame: &mut Frame<'_>, pane: PaneArea, view: &View) {
        match self.pane {
            Pane::Conversation => self.draw_conversation(frame, pane, view),
            Pane::People => self.draw_people(frame, pane, view),
            Pane::Keys => self.draw_keys(frame, pane),
        }
    }

    fn draw_conversation(&mut self, frame: &mut Frame<'_>, pane: PaneArea, view: &View) {
        let (width, height) = pane.size();
        let page = self.conversation.page(width, height);
        let lines = page.rows.iter().map(styled).collect();
        let mark = match page.newer {
            0 => String::new(),
            newer => format!("v {newer} newer"),
        };
        pane.draw(frame, view.room(), &mark, lines);
    }

    fn draw_people(&mut self, frame: &mut Frame<'_>, pane: PaneArea, view: &View) {
        let people = view.present();
        let (width, height) = pane.size();
        self.list_height = height;
        self.first_person = self.first_person.min(people.len().saturating_sub(height));
        let line = |row: &PresentRow| {
            let modifier = if row.is_own {
                Modifier::BOLD
            } else {
                Modifier::empty()
            };
            Line::styled(lists::person(row, width), modifier)
        };
        let shown = people.iter().skip(self.first_person).take(height);
        let lock = if view.is_locked() { ", locked" } else { "" };
        let title = format!("People {}{lock}", people.len());
        let mark = list_mark(self.first_person, people.len(), height);
        pane.draw(frame, &title, &mark, shown.map(line).collect());
    }

    fn draw_keys(&mut self, frame: &mut Frame<'_>, pane: PaneArea) {
        let (width, height) = pane.size();
        let all: Vec<String> = KEYS.iter().flat_map(|line| rows(line, width, 2)).collect();
        self.list_height = height;
        self.first_key = self.first_key.min(all.len().saturating_sub(height));
        let shown = all.iter().skip(self.first_key).take(height);
        let lines = shown.map(|row| Line::raw(row.as_str())).collect();
        let mark = list_mark(self.first_key, all.len(), height);
        pane.draw(frame, "Keys: F1 closes", &mark, lines);
    }

    fn draw_lobby(&self, frame: &mut Frame<'_>, pane: PaneArea, view: &View, now: Duration) {
        let waiting = view.waiting(now);
        let (width, height) = pane.size();
        let height = (height / guest_rows(width)).max(1);
        let first = first_shown(waiting.len(), height, self.choice.index());
        let lines = |row: &WaitingRow| {
            let is_chosen = self.choice.device() == Some(row.device);
            let modifier = if is_chosen {
                Modifier::REVERSED
            } else {
                Modifier::empty()
            };
            let rows = lists::guest(row, is_chosen, width).into_iter();
            rows.map(move |row| Line::styled(row, modifier))
        };
        let shown = waiting.iter().skip(first).take(height);
        let title = format!("Lobby {}: F2 ok, F3 no", waiting.len());
        let mark = list_mark(first, waiting.len(), height);
        pane.draw(frame, &title, &mark, shown.flat_map(lines).collect());
    }

    fn draw_draft(&self, frame: &mut Frame<'_>, areas: Areas) {
        let area = areas.draft;
        let inner = if areas.has_borders {
            frame.render_widget(Block::bordered(), area);
            Block::bordered().inner(area)
        } else {
            area
        };
        if inner.is_empty() {
            return;
        }
        let draft = self.draft.rows(draft_width(frame.area().width));
        let (rows, cursor_row) = draft.window(usize::from(inner.height));
        let lines: Vec<Line<'_>> = rows
            .iter()
            .enumerate()
            .map(|(index, row)| {
                let prompt = if index == 0 { PROMPT } else { "  " };
                Line::from(vec![Span::raw(prompt), Span::raw(row.as_str())])
            })
            .collect();
        frame.render_widget(Paragraph::new(lines), inner);
        let column = u16::try_from(draft.cursor.1 + PROMPT.len()).unwrap_or(u16::MAX);
        let row = u16::try_from(cursor_row).unwrap_or(u16::MAX);
        let (right, bottom) = (inner.right(), inner.bottom());
        frame.set_cursor_position(Position {
            x: inner.x.saturating_add(column).min(right.saturating_sub(1)),
            y: inner.y.saturating_add(row).min(bottom.saturating_sub(1)),
        });
    }
}

/// Returns the mark of a list of which `height` rows are shown: the numbers of rows above and below.
fn list_mark(above: usize, count: usize, height: usize) -> String {
    let below = count.saturating_sub(above + height);
    let part = |sign: &str, count: usize| (count > 0).then(|| format!("{sign}{count}"));
    let parts = [part("^", above), part("v", below)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The area of a pane, which has borders, or a title alone.
#[derive(Clone, Copy)]
struct PaneArea {
    area: Rect,
    has_borders: bool,
}

impl PaneArea {
    /// Draws the pane. `mark` tells of its hidden rows.
    fn draw(self, frame: &mut Frame<'_>, title: &str, mark: &str, lines: Vec<Line<'_>>) {
        let Self { area, has_borders } = self;
        frame.render_widget(Clear, area);
        let inner = self.inside();
        let width = usize::from(area.width);
        if has_borders {
            let title = cut(title, width.saturating_sub(4));
            let mut block = Block::bordered().title(format!(" {title} "));
            if !mark.is_empty() {
                block = block.title_bottom(Line::raw(format!(" {mark} ")).right_aligned());
            }
            frame.render_widget(block, area);
        } else if inner.height < area.height {
            let title = cut(title, width.saturating_sub(mark.len() + 1));
            let gap = " ".repeat(width.saturating_sub(columns(&title) + mark.len()));
            let style = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
            let row = Rect { height: 1, ..area };
            frame.render_widget(
                Paragraph::new(format!("{title}{gap}{mark}")).style(style),
                row,
            );
        }
        for (line, row) in lines.into_iter().zip(inner.rows()) {
            frame.render_widget(line, row);
        }
    }

    /// Returns the inside: without the borders, or without the title.
    fn inside(self) -> Rect {
        let Self { area, has_borders } = self;
        if has_borders {
            return Block::bordered().inner(area);
        }
        let title = u16::from(area.height > 1);
        Rect {
            y: area.y + title,
            height: area.height - title,
            ..area
        }
    }

    /// Returns the columns and rows of the inside.
    fn size(self) -> (usize, usize) {
        let inner = self.inside();
        (inner.width.into(), inner.height.into())
    }
}

/// Returns the width of a draft's rows on a screen of this width. It does not depend on borders.
fn draft_width(screen: u16) -> usize {
    usize::from(screen).saturating_sub(PROMPT.len() + 3).max(1)
}

/// Returns a row of the conversation.
fn styled<'a>(row: &Row<'a>) -> Line<'a> {
    let style = match row.style {
        RowStyle::Message => Style::new(),
        RowStyle::Notice => Style::new().add_modifier(Modifier::DIM),
        RowStyle::Problem if is_colourless() => Style::new().add_modifier(Modifier::REVERSED),
        RowStyle::Problem => Style::new().fg(Color::Red),
    };
    match row.text.split_at_checked(row.author) {
        Some((author, text)) if !author.is_empty() => Line::from(vec![
            Span::styled(author, style.add_modifier(Modifier::BOLD)),
            Span::styled(text, style),
        ]),
        _ => Line::styled(row.text, style),
    }
}
