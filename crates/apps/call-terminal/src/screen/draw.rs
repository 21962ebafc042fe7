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
    view::View,
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
        self.draw_main(frame, areas, view);
        if !areas.people.is_empty() {
            self.draw_people(frame, areas.people, true, view);
        }
        if !areas.lobby.is_empty() {
            self.draw_lobby(frame, areas, view, now);
        }
        self.draw_draft(frame, areas);
        let text = status_line(view, now, usize::from(areas.status.width));
        let style = Style::new().add_modifier(Modifier::REVERSED);
        let width = usize::from(areas.status.width);
        frame.render_widget(
            Paragraph::new(format!("{text:<width$}")).style(style),
            areas.status,
        );
    }

    fn draw_main(&mut self, frame: &mut Frame<'_>, areas: Areas, view: &View) {
        match self.pane {
            Pane::Conversation => self.draw_conversation(frame, areas, view),
            Pane::People => self.draw_people(frame, areas.main, areas.has_borders, view),
            Pane::Keys => self.draw_keys(frame, areas),
        }
    }

    fn draw_conversation(&mut self, frame: &mut Frame<'_>, areas: Areas, view: &View) {
        let inner = inside(areas.main, areas.has_borders);
        let size = (usize::from(inner.width), usize::from(inner.height));
        let page = self.conversation.page(size.0, size.1);
        let lines: Vec<Line<'_>> = page.rows.iter().map(styled).collect();
        let mark = match page.newer {
            0 => String::new(),
            newer => format!("v {newer} newer"),
        };
        let title = view.room();
        let title = PaneTitle { title, mark };
        draw_pane(frame, areas.main, areas.has_borders, &title, lines);
    }

    fn draw_people(&mut self, frame: &mut Frame<'_>, area: Rect, has_borders: bool, view: &View) {
        let people = view.present();
        let inner = inside(area, has_borders);
        let height = usize::from(inner.height);
        self.list_height = height;
        self.first_person = self.first_person.min(people.len().saturating_sub(height));
        let width = usize::from(inner.width);
        let shown = people.iter().skip(self.first_person).take(height);
        let lines: Vec<Line<'_>> = shown
            .map(|row| {
                let style = if row.is_own {
                    Style::new().add_modifier(Modifier::BOLD)
                } else {
                    Style::new()
                };
                Line::styled(lists::person(row, width), style)
            })
            .collect();
        let title = format!("People {}", people.len());
        let below = people.len().saturating_sub(self.first_person + height);
        let title = PaneTitle {
            title: &title,
            mark: list_mark(self.first_person, below),
        };
        draw_pane(frame, area, has_borders, &title, lines);
    }

    fn draw_keys(&mut self, frame: &mut Frame<'_>, areas: Areas) {
        let inner = inside(areas.main, areas.has_borders);
        let height = usize::from(inner.height);
        let all: Vec<String> = KEYS
            .iter()
            .flat_map(|line| rows(line, usize::from(inner.width), 2))
            .collect();
        self.list_height = height;
        self.first_key = self.first_key.min(all.len().saturating_sub(height));
        let shown = all.iter().skip(self.first_key).take(height);
        let lines: Vec<Line<'_>> = shown.map(|row| Line::raw(row.clone())).collect();
        let below = all.len().saturating_sub(self.first_key + height);
        let title = PaneTitle {
            title: "Keys: F1 closes",
            mark: list_mark(self.first_key, below),
        };
        draw_pane(frame, areas.main, areas.has_borders, &title, lines);
    }

    fn draw_lobby(&self, frame: &mut Frame<'_>, areas: Areas, view: &View, now: Duration) {
        let waiting = view.waiting(now);
        let inner = inside(areas.lobby, areas.has_borders);
        let (width, height) = (usize::from(inner.width), usize::from(inner.height));
        let height = (height / guest_rows(width)).max(1);
        let first = first_shown(waiting.len(), height, self.choice.index());
        let shown = waiting.iter().skip(first).take(height);
        let lines: Vec<Line<'_>> = shown
            .flat_map(|row| {
                let is_chosen = self.choice.device() == Some(row.device);
                let style = if is_chosen {
                    Style::new().add_modifier(Modifier::REVERSED)
                } else {
                    Style::new()
                };
                let rows = lists::guest(row, is_chosen, width).into_iter();
                rows.map(move |row| Line::styled(row, style))
            })
            .collect();
        let title = format!("Lobby {}: F2 ok, F3 no", waiting.len());
        let title = PaneTitle {
            title: &title,
            mark: list_mark(first, waiting.len().saturating_sub(first + height)),
        };
        draw_pane(frame, areas.lobby, areas.has_borders, &title, lines);
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
        frame.set_cursor_position(Position {
            x: inner
                .x
                .saturating_add(column)
                .min(inner.right().saturating_sub(1)),
            y: inner
                .y
                .saturating_add(row)
                .min(inner.bottom().saturating_sub(1)),
        });
    }
}

/// The title of a pane, with a mark of its hidden rows.
struct PaneTitle<'a> {
    title: &'a str,
    mark: String,
}

/// Returns the mark of a list: the numbers of rows above and below.
fn list_mark(above: usize, below: usize) -> String {
    let part = |sign: &str, count: usize| (count > 0).then(|| format!("{sign}{count}"));
    let parts = [part("^", above), part("v", below)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Draws a pane: with borders, or with a title alone.
fn draw_pane(
    frame: &mut Frame<'_>,
    area: Rect,
    has_borders: bool,
    title: &PaneTitle<'_>,
    lines: Vec<Line<'_>>,
) {
    frame.render_widget(Clear, area);
    let inner = inside(area, has_borders);
    let width = usize::from(area.width);
    let mark = &title.mark;
    if has_borders {
        let title = cut(title.title, width.saturating_sub(4));
        let mut block = Block::bordered().title(format!(" {title} "));
        if !mark.is_empty() {
            block = block.title_bottom(Line::raw(format!(" {mark} ")).right_aligned());
        }
        frame.render_widget(block, area);
    } else if inner.height < area.height {
        let title = cut(title.title, width.saturating_sub(mark.len() + 1));
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

/// Returns the inside of a pane: without its borders, or without its title.
fn inside(area: Rect, has_borders: bool) -> Rect {
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
