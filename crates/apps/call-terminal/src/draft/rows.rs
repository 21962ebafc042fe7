//! A draft in rows of the screen, and its cursor.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::wrap::{columns, grapheme_columns};

/// A draft in rows of a width.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DraftRows {
    pub(crate) rows: Vec<String>,
    /// The row of the cursor, and its column.
    pub(crate) cursor: (usize, usize),
}

impl DraftRows {
    /// Breaks a draft wherever a row ends. The cursor is never right of the last column.
    pub(super) fn of(text: &str, position: usize, width: usize) -> Self {
        let width = width.max(1);
        let mut rows = vec![String::new()];
        let mut used = 0;
        let mut cursor = None;
        for (index, grapheme) in text.grapheme_indices(true) {
            let columns = grapheme_columns(grapheme);
            let is_line_end = grapheme.contains('\n');
            if !is_line_end && used > 0 && used + columns > width {
                rows.push(String::new());
                used = 0;
            }
            if position <= index {
                cursor.get_or_insert((rows.len() - 1, used));
            }
            if is_line_end {
                rows.push(String::new());
                used = 0;
            } else if columns <= width {
                if let Some(row) = rows.last_mut() {
                    row.push_str(grapheme);
                }
                used += columns;
            }
        }
        if cursor.is_none() && used >= width {
            rows.push(String::new());
            used = 0;
        }
        let end = (rows.len() - 1, used);
        let (row, column) = cursor.unwrap_or(end);
        Self {
            rows,
            cursor: (row, column.min(width - 1)),
        }
    }

    /// Returns at most `height` rows around the cursor, and the index of the cursor's row among them.
    pub(crate) fn window(&self, height: usize) -> (&[String], usize) {
        let first = (self.cursor.0 + 1).saturating_sub(height);
        let last = (first + height).min(self.rows.len());
        let rows = self.rows.get(first..last).unwrap_or_default();
        (rows, self.cursor.0 - first)
    }
}

/// Returns the position in the line above with the same column.
pub(super) fn position_above(text: &str, position: usize) -> Option<usize> {
    let (line, column) = line_and_column(text, position)?;
    let above = text.get(..line.checked_sub(1)?)?;
    let start = above.rfind('\n').map_or(0, |index| index + 1);
    Some(start + offset_of(above.get(start..)?, column))
}

/// Returns the position in the line below with the same column.
pub(super) fn position_below(text: &str, position: usize) -> Option<usize> {
    let (_, column) = line_and_column(text, position)?;
    let start = position + text.get(position..)?.find('\n')? + 1;
    let below = text.get(start..)?.lines().next().unwrap_or_default();
    Some(start + offset_of(below, column))
}

/// Returns the start of a position's line, and the position's column in it.
fn line_and_column(text: &str, position: usize) -> Option<(usize, usize)> {
    let before = text.get(..position)?;
    let start = before.rfind('\n').map_or(0, |index| index + 1);
    Some((start, columns(before.get(start..)?)))
}

/// Returns the offset of the grapheme cluster in a column of a line.
fn offset_of(line: &str, column: usize) -> usize {
    let mut used = 0;
    for (index, grapheme) in line.grapheme_indices(true) {
        used += grapheme_columns(grapheme);
        if used > column {
            return index;
        }
    }
    line.len()
}
