//! The entries of a call, in rows of a width, and the part of them that is shown.

use std::collections::VecDeque;

use crate::{entry::Entry, view::View, wrap};

/// The maximum number of stored lines.
const MAX_LINES: usize = 2000;
/// The maximum size of the stored texts in bytes, since one line may be long.
const MAX_BYTES: usize = 1024 * 1024;
/// The indentation of an entry's later rows, in columns.
const INDENT: usize = 2;

/// The entries so far. The newest rows are shown unless the user has scrolled back.
#[derive(Default)]
pub(crate) struct Conversation {
    items: VecDeque<Item>,
    /// The number of dropped entries.
    dropped: usize,
    total: Size,
    width: usize,
    height: usize,
    /// The last visible row, if it is not the newest.
    last_shown: Option<Position>,
}

struct Item {
    entry: Entry,
    rows: Vec<String>,
}

/// The size of texts.
#[derive(Clone, Copy, Default)]
struct Size {
    lines: usize,
    bytes: usize,
}

impl Size {
    const fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.bytes += other.bytes;
    }

    const fn subtract(&mut self, other: Self) {
        self.lines -= other.lines;
        self.bytes -= other.bytes;
    }

    const fn is_too_large(self) -> bool {
        self.lines > MAX_LINES || self.bytes > MAX_BYTES
    }
}

/// A row of an entry; entries are counted from the first one, dropped or not.
#[derive(Clone, Copy)]
struct Position {
    entry: usize,
    /// The number of rows of the entry below this one.
    below: usize,
}

/// A row to be drawn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(super) text: &'a str,
    pub(super) style: RowStyle,
    /// The length of the author's name at the start of the row, in bytes.
    pub(super) author: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowStyle {
    Message,
    Notice,
    Problem,
}

/// The rows that are shown.
pub(crate) struct Page<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// The number of rows below the page.
    pub(super) newer: usize,
}

/// A scroll command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scroll {
    PageUp,
    PageDown,
    Oldest,
    Newest,
}

impl Conversation {
    /// Adds an entry. Changes of presence that follow each other become one entry.
    pub(super) fn add(&mut self, entry: Entry, view: &View) {
        let Some(entry) = self.merged(entry, view) else {
            return;
        };
        self.push(entry);
        while self.total.is_too_large() && self.items.len() > 1 {
            if let Some(item) = self.items.pop_front() {
                self.total.subtract(item.size());
                self.dropped += 1;
            }
        }
    }

    /// Returns the rows that are shown at a size.
    pub(super) fn page(&mut self, width: usize, height: usize) -> Page<'_> {
        self.lay_out(width);
        self.height = height;
        let total = self.total();
        let end = self.end();
        if end == total {
            self.last_shown = None;
        }
        let start = end.saturating_sub(height);
        let rows = self.items.iter().flat_map(Item::rows);
        Page {
            rows: rows.skip(start).take(end - start).collect(),
            newer: total - end,
        }
    }

    /// Scrolls by the height of the last page.
    pub(super) fn scroll(&mut self, scroll: Scroll) {
        // One row of the previous page stays visible.
        let step = self.height.saturating_sub(1).max(1);
        let (total, end) = (self.total(), self.end());
        let first_end = self.height.min(total);
        let end = match scroll {
            Scroll::PageUp => end.saturating_sub(step).max(first_end),
            Scroll::PageDown => (end + step).min(total),
            Scroll::Oldest => first_end,
            Scroll::Newest => total,
        };
        self.last_shown = (end < total).then(|| self.position(end.saturating_sub(1)));
    }

    /// Returns the entry, or `None` if it was merged into the previous one.
    fn merged(&mut self, entry: Entry, view: &View) -> Option<Entry> {
        let Entry::Presence { changes, text } = entry else {
            return Some(entry);
        };
        let last = self.items.back_mut().map(|item| &mut item.entry);
        let before = match last {
            Some(Entry::Presence {
                changes: before, ..
            }) if before.continues_with(&changes) => before,
            _ => return Some(Entry::Presence { changes, text }),
        };
        if let Err(changes) = before.merge(changes) {
            return Some(Entry::Presence { changes, text });
        }
        let changes = before.clone();
        let item = self.items.pop_back()?;
        self.total.subtract(item.size());
        let text = view.describe(&changes);
        if !text.is_empty() {
            self.push(Entry::Presence { changes, text });
        }
        None
    }

    fn push(&mut self, entry: Entry) {
        let rows = wrap::rows(&entry.text(), self.width, INDENT);
        let item = Item { entry, rows };
        self.total.add(item.size());
        self.items.push_back(item);
    }

    fn lay_out(&mut self, width: usize) {
        if self.width == width {
            return;
        }
        self.width = width;
        for item in &mut self.items {
            item.rows = wrap::rows(&item.entry.text(), width, INDENT);
        }
    }

    fn total(&self) -> usize {
        self.items.iter().map(|item| item.rows.len()).sum()
    }

    /// Returns the number of rows up to the end of the visible part.
    fn end(&self) -> usize {
        let total = self.total();
        let Some(Position { entry, below }) = self.last_shown else {
            return total;
        };
        let Some(index) = entry.checked_sub(self.dropped) else {
            return self.height.min(total);
        };
        let before: usize = self
            .items
            .iter()
            .take(index)
            .map(|item| item.rows.len())
            .sum();
        let rows = self.items.get(index).map_or(0, |item| item.rows.len());
        let end = before + rows.saturating_sub(below).max(1);
        end.max(self.height.min(total)).min(total)
    }

    /// Returns the position of a row, counted from the first stored one.
    fn position(&self, mut row: usize) -> Position {
        let mut position = Position {
            entry: self.dropped,
            below: 0,
        };
        for item in &self.items {
            if let Some(below) = item.rows.len().checked_sub(row + 1) {
                position.below = below;
                break;
            }
            row -= item.rows.len();
            position.entry += 1;
        }
        position
    }
}

impl Item {
    fn size(&self) -> Size {
        let text = self.entry.text();
        Size {
            lines: text.split('\n').count(),
            bytes: text.len(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let (style, author) = match &self.entry {
            Entry::Message { author, .. } => (RowStyle::Message, author.len()),
            Entry::Notice(_) | Entry::Presence { .. } => (RowStyle::Notice, 0),
            Entry::Problem(_) => (RowStyle::Problem, 0),
        };
        self.rows.iter().enumerate().map(move |(index, text)| Row {
            text,
            style,
            author: if index == 0 {
                author.min(text.len())
            } else {
                0
            },
        })
    }
}

#[cfg(test)]
mod tests;
