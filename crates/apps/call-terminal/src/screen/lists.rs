//! The rows of people and of the lobby.

use crate::{
    layout::guest_rows,
    quotation::{quoted, with_name},
    role::Role,
    view::{PresentRow, WaitingRow},
    wait::duration,
    wrap::columns,
};

/// The number of columns of a name, with its quotation marks, for which the words for a state are shortened.
const NAME_COLUMNS: usize = 24;

/// The number of columns of a name for which words about sound and picture are left out.
const SHORT_NAME: usize = 7;

/// Returns the row of a participant in the call. The mark of an admin or a co-admin comes first, where no name can
/// imitate it. The remaining state comes last, in shorter words where they leave a name more room, and is never
/// cut.
pub(super) fn person(row: &PresentRow, width: usize) -> String {
    let mark = match row.role {
        Role::Admin => "@",
        Role::CoAdmin => "+",
        Role::Member => " ",
    };
    let role = (row.role == Role::CoAdmin).then_some("co-admin");
    let states = [
        row.is_own.then_some("you"),
        row.is_guest.then_some("guest"),
        row.has_raised_hand.then_some("hand"),
        row.is_lost.then_some("lost"),
    ];
    let states: Vec<&str> = states.into_iter().flatten().collect();
    let suffix = |role: Option<&str>, media: &[&str], group: Option<&str>| {
        let states = [&states[..], role.as_slice(), media, group.as_slice()].concat();
        match states.join(", ") {
            states if states.is_empty() => String::new(),
            states => format!(" ({states})"),
        }
    };
    let start = format!("{mark}{}", row.label);
    let name = row.name.as_deref();
    let wanted = name.map_or(0, |name| columns(&quoted(name, NAME_COLUMNS)) + 1);
    let long = suffix(role, &row.media, row.group);
    // The mark says the role.
    let media = first_of(&row.media);
    let short = suffix(None, media.as_slice(), row.group.map(shortened));
    let rest = width.saturating_sub(columns(&start));
    let suffix = if wanted + columns(&long) <= rest {
        long
    } else if wanted.min(SHORT_NAME) + columns(&short) <= rest {
        short
    } else {
        // The name says more than the words about what is sent.
        suffix(None, &[], row.group.map(shortened))
    };
    spread(&start, name, &suffix, width)
}

/// Returns the first word, with a mark where there are more.
fn first_of<'a>(words: &[&'a str]) -> Option<&'a str> {
    match words {
        ["speaks", _, ..] => Some("speaks+"),
        ["screen", _, ..] => Some("screen+"),
        ["camera", _, ..] => Some("camera+"),
        [first, ..] => Some(first),
        [] => None,
    }
}

/// Returns a shorter word for a place in the group.
fn shortened(group: &str) -> &str {
    match group {
        "unconfirmed" => "silent",
        "not as listed" => "differs",
        "bad certificate" => "bad cert",
        "outside" => "out",
        other => other,
    }
}

/// Returns the rows of a waiting device, with a mark of the chosen one at the start, and the mark of a guest and the
/// waiting time at the end. The account id precedes the name, so that no name can move it out of view, or has a row
/// of its own below, with the waiting time, which leaves the name more room.
pub(super) fn guest(row: &WaitingRow, is_chosen: bool, width: usize) -> Vec<String> {
    let more = if row.waited.is_longer { "+" } else { "" };
    let waited = format!(" {}{more}", duration(row.waited.time));
    let mark = if is_chosen { ">" } else { " " };
    let name = row.name.as_deref();
    let tag = format!("{mark}{}", row.tag);
    let account = row.account.as_deref().unwrap_or_default();
    if guest_rows(width) == 1 {
        let start = format!("{tag} {account}");
        let kind = if row.is_guest { " guest," } else { "" };
        let end = format!("{kind}{waited}");
        return vec![spread(start.trim_end(), name, &end, width)];
    }
    let kind = if row.is_guest { " guest" } else { "" };
    vec![
        spread(&tag, name, kind, width),
        spread(&format!("  {account}"), None, &waited, width),
    ]
}

/// A text at the start of a row with a name after it, and a text at its end.
fn spread(start: &str, name: Option<&str>, end: &str, width: usize) -> String {
    let room = width.saturating_sub(columns(end));
    let start = with_name(start, name, room);
    let gap = " ".repeat(room.saturating_sub(columns(&start)));
    format!("{start}{gap}{end}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anteroom_client::DemuxId;

    use super::*;
    use crate::wait::Wait;

    #[test]
    fn rows_show_the_tag_and_what_there_is_to_say_however_long_the_name_is() {
        let name = "x".repeat(60);
        let person_of = |name: &str, role, has_raised_hand, is_lost| PresentRow {
            label: "#7bh6".to_owned(),
            name: Some(name.to_owned()),
            is_own: false,
            role,
            is_guest: false,
            has_raised_hand,
            is_lost,
            media: Vec::new(),
            group: None,
        };
        let without_account = PresentRow {
            is_guest: true,
            ..person_of("Zoe", Role::Member, true, false)
        };
        let shown = person(&without_account, 30);
        assert_eq!(shown.trim_end(), " #7bh6 \"Zoe\"     (guest, hand)");
        for (row, expected) in [
            (
                person_of("Ann", Role::Admin, false, false),
                "@#7bh6 \"Ann\"        ",
            ),
            (
                person_of(&name, Role::Member, true, false),
                " #7bh6 \"xxx…\" (hand)",
            ),
            (
                person_of("Ann (hand)", Role::Member, true, false),
                " #7bh6 \"Ann…\" (hand)",
            ),
            (
                person_of("日本語の名前", Role::Member, false, true),
                " #7bh6 \"日…\" (lost)",
            ),
        ] {
            let shown = person(&row, 20);
            assert_eq!(columns(&shown), 20, "{shown:?}");
            assert_eq!(shown.replace(' ', ""), expected.replace(' ', ""));
        }
        // The most telling word about sound and picture stays.
        for (media, width, expected) in [
            (
                vec!["speaks", "camera"],
                40,
                " #7bh6 \"Ann\"            (speaks, camera)",
            ),
            (vec!["speaks", "camera"], 24, " #7bh6 \"Ann\"   (speaks+)"),
            (vec!["sound"], 20, " #7bh6 \"Ann\" (sound)"),
        ] {
            let row = PresentRow {
                media,
                ..person_of("Ann", Role::Member, false, false)
            };
            assert_eq!(person(&row, width), expected);
        }
        // The word for a co-admin goes before letters of the name do; the mark stays.
        for (name, expected) in [
            ("Ann", "+#7bh6 \"Ann\"                  (co-admin)"),
            (
                "Ann with a name of many words",
                "+#7bh6 \"Ann with a name of many words\"",
            ),
        ] {
            let row = person_of(name, Role::CoAdmin, false, false);
            assert_eq!(person(&row, 40).trim_end(), expected);
        }
        let guest_of = |name: Option<&str>, seconds, is_longer| WaitingRow {
            device: DemuxId::new(16).unwrap(),
            tag: "#7bh6".to_owned(),
            name: name.map(ToOwned::to_owned),
            account: Some("id#a36c1a6b".to_owned()),
            is_guest: false,
            waited: Wait {
                time: Duration::from_secs(seconds),
                is_longer,
            },
        };
        for (row, is_chosen, expected) in [
            (
                guest_of(None, 40, false),
                false,
                [" #7bh6              ", "  id#a36c1a6b   40 s"],
            ),
            (
                guest_of(Some("Bob"), 200, true),
                true,
                [">#7bh6 \"Bob\"        ", "  id#a36c1a6b 3 min+"],
            ),
            (
                guest_of(Some(&name), 7200, false),
                false,
                [" #7bh6 \"xxxxxxxxxx…\"", "  id#a36c1a6b    2 h"],
            ),
        ] {
            assert_eq!(guest(&row, is_chosen, 20), expected);
        }
        let without_account = WaitingRow {
            is_guest: true,
            ..guest_of(Some("Zoe"), 40, false)
        };
        assert_eq!(
            guest(&without_account, false, 24),
            [" #7bh6 \"Zoe\"       guest", "  id#a36c1a6b       40 s"]
        );
        for (row, is_chosen, expected) in [
            (
                guest_of(None, 40, false),
                true,
                ">#7bh6 id#a36c1a6b              40 s",
            ),
            (
                guest_of(Some(&name), 200, true),
                false,
                " #7bh6 id#a36c1a6b \"xxxxxxx…\" 3 min+",
            ),
        ] {
            assert_eq!(guest(&row, is_chosen, 36), [expected]);
        }
    }
}
