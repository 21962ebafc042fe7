use super::*;
use crate::{
    presence::{Change, PresenceChanges},
    view::tests::device,
};

fn message(text: &str) -> Entry {
    Entry::Message {
        author: "#1000 Ann".to_owned(),
        text: text.to_owned(),
    }
}

fn numbered(count: usize) -> Conversation {
    let mut conversation = Conversation::default();
    for number in 0..count {
        conversation.add(Entry::Notice(number.to_string()), &View::default());
    }
    conversation
}

fn shown(conversation: &mut Conversation, width: usize, height: usize) -> Vec<String> {
    let page = conversation.page(width, height);
    page.rows.iter().map(|row| row.text.to_owned()).collect()
}

#[test]
fn the_newest_rows_are_shown_at_any_width_and_script() {
    for text in [
        "several words of a sentence that go on and on",
        "これは日本語の長い文章です。改行は文字の間で起こります。",
        "سلام، می\u{200c}خواهم به خانه بروم و کتاب\u{200c}ها را بخوانم",
        "👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧👨\u{200d}👩\u{200d}👧 the family",
        "one\ntwo\nthree",
    ] {
        let mut conversation = Conversation::default();
        for _ in 0..300 {
            conversation.add(message(text), &View::default());
        }
        conversation.add(message("the newest"), &View::default());
        for width in [10, 20, 40, 80, 200] {
            for height in [1, 5, 15] {
                let rows = shown(&mut conversation, width, height);
                assert_eq!(rows.len(), height);
                let last = rows.last().unwrap();
                assert!(last.ends_with("newest"), "{width}: {last}");
            }
        }
    }
}

#[test]
fn long_messages_of_one_line_are_forgotten_by_their_bytes() {
    let mut conversation = Conversation::default();
    let long = "x".repeat(60_000);
    for _ in 0..100 {
        conversation.add(message(&long), &View::default());
    }
    let bytes = |conversation: &Conversation| -> usize {
        let texts = conversation
            .items
            .iter()
            .map(|item| item.entry.text().len());
        texts.sum()
    };
    assert!((900_000..=MAX_BYTES).contains(&bytes(&conversation)));
    conversation.add(message(&"x".repeat(2 * MAX_BYTES)), &View::default());
    assert_eq!(conversation.items.len(), 1, "the newest stays");
    conversation.add(message("short"), &View::default());
    assert!(bytes(&conversation) < 100);
    assert_eq!(conversation.total.bytes, bytes(&conversation));
}

#[test]
fn scrolling_goes_by_pages_and_stays_where_it_is_when_something_comes() {
    let mut conversation = numbered(30);
    let first = |conversation: &mut Conversation| shown(conversation, 20, 10)[0].clone();
    assert_eq!(first(&mut conversation), "20");
    for (scroll, expected, newer) in [
        (Scroll::PageUp, "11", 9),
        (Scroll::PageUp, "2", 18),
        (Scroll::PageUp, "0", 20),
        (Scroll::PageUp, "0", 20),
        (Scroll::PageDown, "9", 11),
        (Scroll::Oldest, "0", 20),
        (Scroll::PageDown, "9", 11),
        (Scroll::PageDown, "18", 2),
        (Scroll::PageDown, "20", 0),
        (Scroll::PageUp, "11", 9),
    ] {
        conversation.scroll(scroll);
        assert_eq!(first(&mut conversation), expected, "{scroll:?}");
        assert_eq!(conversation.page(20, 10).newer, newer, "{scroll:?}");
    }
    for _ in 0..5 {
        conversation.add(message("news"), &View::default());
    }
    assert_eq!(first(&mut conversation), "11");
    assert_eq!(conversation.page(20, 10).newer, 14);
    conversation.scroll(Scroll::Newest);
    assert_eq!(conversation.page(20, 10).newer, 0);
}

#[test]
fn a_resize_keeps_the_row_that_is_read() {
    let mut conversation = Conversation::default();
    for number in 0..100 {
        let text = format!("message {number} with some more words in it");
        conversation.add(message(&text), &View::default());
    }
    conversation.page(80, 10);
    conversation.scroll(Scroll::PageUp);
    for (width, height) in [(80, 10), (20, 10), (200, 40), (20, 3), (80, 10)] {
        let rows = shown(&mut conversation, width, height).join(" ");
        assert!(rows.contains("90"), "{width}x{height}: {rows}");
    }
}

#[test]
fn old_lines_go_and_a_reader_who_scrolled_back_sees_the_oldest_that_are_left() {
    let mut conversation = numbered(MAX_LINES);
    conversation.page(20, 10);
    conversation.scroll(Scroll::Oldest);
    for number in 0..MAX_LINES / 2 {
        conversation.add(message(&format!("{number}\nand more")), &View::default());
    }
    assert_eq!(conversation.total.lines, MAX_LINES);
    assert_eq!(shown(&mut conversation, 20, 10)[0], "#1000 Ann: 0");
    conversation.scroll(Scroll::PageDown);
    assert_eq!(shown(&mut conversation, 20, 10)[9], "#1000 Ann: 9");
}

#[test]
fn joins_that_follow_each_other_are_one_entry_and_do_not_push_out_what_was_said() {
    let mut conversation = Conversation::default();
    conversation.add(message("hello"), &View::default());
    for number in 1..=24 {
        let mut changes = PresenceChanges::default();
        changes.add(device(number * 16), Change::Joined);
        let text = View::default().describe(&changes);
        conversation.add(Entry::Presence { changes, text }, &View::default());
    }
    let rows = shown(&mut conversation, 80, 5);
    let expected = "24 people joined: #1000, #2000, #3000, #4000 and 20 more.";
    assert_eq!(rows, ["#1000 Ann: hello", expected]);
    conversation.add(message("bye"), &View::default());
    assert_eq!(shown(&mut conversation, 80, 5).len(), 3);
}

#[test]
fn changes_that_take_each_other_back_leave_nothing() {
    let mut conversation = Conversation::default();
    for change in [Change::ConnectionLost, Change::ConnectionRestored] {
        let mut changes = PresenceChanges::default();
        changes.add(device(16), change);
        let text = View::default().describe(&changes);
        conversation.add(Entry::Presence { changes, text }, &View::default());
    }
    assert!(shown(&mut conversation, 80, 5).is_empty());
}
