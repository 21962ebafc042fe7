//! The layout of a screen by its size.

use ratatui::layout::{Constraint, Layout, Rect};

/// The minimum size for displaying people and lobby beside the conversation.
const WIDE: (u16, u16) = (64, 12);
/// The minimum and maximum width of people and lobby, in columns. Their width is a quarter of the screen.
const SIDE: (u16, u16) = (26, 44);
/// The maximum number of rows of the lobby on a small screen, with its title.
const SMALL_LOBBY: u16 = 4;
/// The minimum width for displaying a waiting device in one row, with name and account id.
const ONE_ROW: usize = 36;
/// The maximum number of rows of a draft.
const MAX_DRAFT: u16 = 6;

/// The areas of a screen. Those that do not fit are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// Whether panes have borders.
    pub(super) has_borders: bool,
    pub(super) main: Rect,
    pub(super) people: Rect,
    pub(super) lobby: Rect,
    pub(super) draft: Rect,
    pub(super) status: Rect,
}

/// The sizes of the parts that are to be placed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Content {
    /// The number of waiting devices, if this device receives the list.
    pub(super) waiting: usize,
    pub(super) draft_rows: usize,
}

impl Areas {
    /// Computes the areas of the screen's parts.
    pub(super) fn of(screen: Rect, content: Content) -> Self {
        let is_wide = screen.width >= WIDE.0 && screen.height >= WIDE.1;
        if is_wide {
            Self::wide(screen, content)
        } else {
            Self::small(screen, content)
        }
    }

    fn wide(screen: Rect, content: Content) -> Self {
        let draft = rows(content.draft_rows, MAX_DRAFT.min(screen.height / 4)) + 2;
        let [above, draft, status] = Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(draft),
            Constraint::Length(1),
        ])
        .areas(screen);
        let side = (screen.width / 4).clamp(SIDE.0, SIDE.1);
        let [main, side] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(side)]).areas(above);
        let lobby = match content.waiting * guest_rows(usize::from(side.width.saturating_sub(2))) {
            0 => 0,
            waiting => rows(waiting, u16::MAX - 2)
                .saturating_add(2)
                .min(above.height / 2),
        };
        let [people, lobby] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(lobby)]).areas(side);
        Self {
            has_borders: true,
            main,
            people,
            lobby,
            draft,
            status,
        }
    }

    /// Computes a single column. The list of people is displayed only on request.
    fn small(screen: Rect, content: Content) -> Self {
        let lobby = match content.waiting * guest_rows(usize::from(screen.width)) {
            0 => 0,
            waiting => rows(waiting, SMALL_LOBBY - 1) + 1,
        };
        // On a small screen the lobby is dropped first, then the status, and the input line last.
        let mut left = screen.height;
        let mut take = |wanted: u16, spare: u16| {
            let height = wanted.min(left.saturating_sub(spare));
            left -= height;
            height
        };
        let draft = take(rows(content.draft_rows, 3), 0);
        let status = take(1, 3);
        let lobby = take(lobby, 4);
        let [main, lobby, draft, status] = Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(lobby),
            Constraint::Length(draft),
            Constraint::Length(status),
        ])
        .areas(screen);
        Self {
            has_borders: false,
            main,
            people: Rect::default(),
            lobby,
            draft,
            status,
        }
    }
}

/// Returns the number of rows of a waiting device at this width.
pub(crate) const fn guest_rows(width: usize) -> usize {
    if width < ONE_ROW { 2 } else { 1 }
}

/// Returns the first visible item of a list with `rows` rows, so that the chosen one is visible.
pub(crate) fn first_shown(count: usize, rows: usize, chosen: usize) -> usize {
    let most = count.saturating_sub(rows);
    // The chosen item is centred if possible.
    chosen.saturating_sub(rows / 2).min(most)
}

/// Returns a number of rows between one and a limit.
fn rows(count: usize, most: u16) -> u16 {
    u16::try_from(count).unwrap_or(most).clamp(1, most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_on_the_screen_at_any_size() {
        for (width, height) in [
            (40, 15),
            (80, 24),
            (200, 50),
            (20, 5),
            (64, 12),
            (1, 1),
            (0, 0),
        ] {
            for waiting in [0, 1, 30] {
                for draft_rows in [1, 20] {
                    let screen = Rect::new(0, 0, width, height);
                    let content = Content {
                        waiting,
                        draft_rows,
                    };
                    let areas = Areas::of(screen, content);
                    let all = [
                        areas.main,
                        areas.people,
                        areas.lobby,
                        areas.draft,
                        areas.status,
                    ];
                    let covered: u32 = all.iter().map(|area| area.area()).sum();
                    assert_eq!(covered, screen.area(), "{screen}: {areas:?}");
                    for area in all {
                        assert_eq!(area.intersection(screen).area(), area.area());
                    }
                    if height >= 12 {
                        assert!(areas.main.height >= 5, "{screen}: {areas:?}");
                        assert_eq!(areas.lobby.is_empty(), waiting == 0);
                        assert_eq!(areas.status.height, 1);
                    }
                    if height > 0 {
                        assert!(areas.draft.height > 0, "{screen}: {areas:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_chosen_item_is_always_shown() {
        for count in [0, 1, 5, 30, 1000] {
            for rows in [1, 2, 3, 8] {
                for chosen in 0..count {
                    let first = first_shown(count, rows, chosen);
                    assert!((first..first + rows).contains(&chosen));
                    assert!(first == 0 || first + rows <= count);
                }
            }
        }
    }
}
