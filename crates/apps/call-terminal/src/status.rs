//! The status line.

use std::time::Duration;

use crate::{
    role::Role,
    view::{Connection, View},
    wait::{duration, span},
    wrap::{columns, cut},
};

/// The separator between the parts of the line.
const SEPARATOR: &str = " · ";
/// The hint for the list of keys.
const KEYS: &str = "F1 keys";

/// Returns the status in at most `width` columns. Parts of low importance are dropped first.
pub(crate) fn status_line(view: &View, now: Duration, width: usize) -> String {
    let (long, short) = connection(view, now);
    let (long, short) = (long.as_str(), short.as_str());
    let own = view.own_label();
    let tag = own.split(' ').next().unwrap_or_default();
    let (role, mark) = match view.own_role() {
        Role::Admin => (" (admin)", "@"),
        Role::CoAdmin => (" (co-admin)", "+"),
        Role::Member => ("", ""),
    };
    let introduced = format!("you are {own}{role}");
    let (named, tagged, marked) = (
        format!("{own}{role}"),
        format!("{tag}{role}"),
        format!("{mark}{tag}"),
    );
    let inside = &count(view.active_count());
    let (lobby, lobby_short) = &lobby(view, now);
    let waiting = &waiting(view.waiting_count());
    let candidates = [
        [long, &introduced, inside, lobby, KEYS],
        [short, &named, inside, lobby, KEYS],
        [short, &tagged, inside, lobby, KEYS],
        [short, &tagged, inside, lobby_short, ""],
        [short, &marked, inside, lobby_short, ""],
        [short, &marked, inside, waiting, ""],
        [short, "", inside, waiting, ""],
    ];
    let line = |parts: &[&str; 5]| {
        let parts = parts.iter().copied().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(SEPARATOR)
    };
    let lines: Vec<String> = candidates.iter().map(line).collect();
    let fits = |line: &&String| columns(line) <= width;
    let shortest = lines.last().map(String::as_str).unwrap_or_default();
    lines
        .iter()
        .find(fits)
        .map_or_else(|| cut(shortest, width), Clone::clone)
}

/// Returns the state of this device's connection, as a long and a short text.
fn connection(view: &View, now: Duration) -> (String, String) {
    match view.connection(now) {
        Connection::Joining => ("joining".to_owned(), "joining".to_owned()),
        Connection::Inside => ("connected".to_owned(), "connected".to_owned()),
        Connection::Lobby(time) => {
            let time = duration(time);
            (format!("in the lobby for {time}"), format!("lobby {time}"))
        }
        Connection::Lost(time) => {
            let time = duration(time);
            (
                format!("reconnecting for {time}"),
                format!("reconnecting {time}"),
            )
        }
    }
}

fn count(inside: usize) -> String {
    match inside {
        0 => String::new(),
        inside => format!("{inside} in"),
    }
}

/// Returns the number of wait.
fn waiting(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 waits".to_owned(),
        count => format!("{count} wait"),
    }
}

/// Returns the lobby, at length and in short.
fn lobby(view: &View, now: Duration) -> (String, String) {
    let count = waiting(view.waiting_count());
    let Some(wait) = view.longest_wait(now) else {
        return (count.clone(), count);
    };
    let first = match view.waiting_count() {
        1 => "",
        _ => ", the first",
    };
    let time = span(wait);
    (
        format!("{count}{first} for {time}"),
        format!("{count}, {time}"),
    )
}

#[cfg(test)]
mod tests {
    use anteroom_client::SeatStatus;

    use super::*;
    use crate::view::tests::{joined, roster};

    #[test]
    fn the_line_says_as_much_as_fits_and_how_things_stand_first() {
        let now = Duration::from_secs(100);
        let mut view = View::of(Some("Ann".to_owned()));
        let there = roster(&[16, 32], &[48, 64]);
        view.apply(&joined(SeatStatus::Active, true, there), now);
        let later = now + Duration::from_secs(185);
        for (width, expected) in [
            (
                200,
                "connected · you are #1000 \"Ann\" (admin) · 2 in · 2 wait, the first for over 3 min · \
                 F1 keys",
            ),
            (
                80,
                "connected · #1000 (admin) · 2 in · 2 wait, the first for over 3 min · F1 keys",
            ),
            (60, "connected · #1000 (admin) · 2 in · 2 wait, over 3 min"),
            (50, "connected · @#1000 · 2 in · 2 wait, over 3 min"),
            (40, "connected · @#1000 · 2 in · 2 wait"),
            (30, "connected · 2 in · 2 wait"),
            (10, "connected…"),
            (0, ""),
        ] {
            assert_eq!(status_line(&view, later, width), expected, "{width}");
        }
    }
}
