use super::*;

fn key(name: &str) -> KeyEvent {
    let (modifiers, name) = match name.split_once('-') {
        Some(("C", name)) => (KeyModifiers::CONTROL, name),
        Some(("M", name)) => (KeyModifiers::ALT, name),
        _ => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "enter" => KeyCode::Enter,
        "f5" => KeyCode::F(5),
        other => KeyCode::Char(other.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

fn draft_of(text: &str) -> Draft {
    let mut draft = Draft::default();
    assert_eq!(draft.paste(text), Edit::Done);
    draft
}

/// Returns the draft with `|` at the cursor.
fn shown(draft: &Draft) -> String {
    let mut text = draft.text().to_owned();
    text.insert(draft.buffer.pos(), '|');
    text
}

#[test]
fn keys_edit_by_clusters_words_and_lines() {
    let family = "👨\u{200d}👩\u{200d}👧";
    for (text, keys, expected) in [
        ("line three", "C-u", "|"),
        ("line three", "C-a", "|line three"),
        ("line three", "home x", "x|line three"),
        ("line three", "C-a C-e", "line three|"),
        ("line three", "C-w", "line |"),
        ("line three", "C-w C-y C-y", "line threethree|"),
        ("line three", "M-b", "line |three"),
        ("line three", "C-left C-left M-d", "| three"),
        ("line three", "home M-f", "line| three"),
        ("line three", "home C-right C-k", "line|"),
        ("line three", "M-backspace", "line |"),
        ("line three", "left left C-d", "line thr|e"),
        ("line three", "home delete", "|ine three"),
        ("ab", "C-t", "ba|"),
        (family, "backspace", "|"),
        (family, "left", &format!("|{family}")),
        ("e\u{301}", "backspace", "|"),
        ("می\u{200c}خ", "left backspace", "م|خ"),
        ("日本", "left x", "日x|本"),
        ("🇩🇪🇫🇷", "backspace", "🇩🇪|"),
        ("one", "M-enter", "one\n|"),
        ("one", "C-j x", "one\nx|"),
        ("one\ntwo three", "up", "one|\ntwo three"),
        ("日本\nabc", "left up", "日|本\nabc"),
        ("one\ntwo", "home up down", "one\n|two"),
        ("one\ntwo", "C-u", "one\n|"),
    ] {
        let mut draft = draft_of(text);
        for name in keys.split(' ') {
            assert_eq!(draft.press(key(name)), Edit::Done, "{name}");
        }
        assert_eq!(shown(&draft), expected, "{text:?} and {keys}");
    }
    for name in ["f5", "C-z", "C-c", "M-x", "enter"] {
        assert_eq!(draft_of("a").press(key(name)), Edit::Unknown, "{name}");
    }
}

#[test]
fn drafts_of_before_come_back_and_the_one_that_was_left_too() {
    let mut draft = Draft::default();
    for text in ["one", "two\nlines", "two\nlines", " "] {
        draft.paste(text);
        draft.finish();
        assert!(draft.is_empty());
    }
    draft.paste("unsent");
    for (name, expected) in [
        ("up", "two\nlines"),
        ("up", "two\nlines"),
        ("up", "one"),
        ("up", "one"),
        ("down", "two\nlines"),
        ("down", "unsent"),
        ("down", "unsent"),
        ("C-p", "two\nlines"),
        ("C-n", "unsent"),
    ] {
        draft.press(key(name));
        assert_eq!(draft.text(), expected, "{name}");
    }
}

#[test]
fn a_paste_is_put_in_as_it_is_and_sends_nothing() {
    for (pasted, expected) in [
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("a\tb\u{1b}[2J\u{7}", "a    b[2J"),
        ("\n\n", ""),
        ("/remove 7bh6\n", "/remove 7bh6"),
    ] {
        assert_eq!(draft_of(pasted).text(), expected, "{pasted:?}");
    }
}

#[test]
fn a_draft_has_an_end() {
    let mut draft = draft_of(&"x".repeat(MAX_BYTES));
    assert_eq!(draft.press(key("y")), Edit::Full);
    assert_eq!(draft.paste("日本"), Edit::Full);
    assert_eq!(draft.text().len(), MAX_BYTES);
    draft.press(key("C-u"));
    assert_eq!(draft.paste(&"日".repeat(MAX_BYTES)), Edit::Full);
    assert!(draft.is_empty());
    for number in 0..2 * MAX_HISTORY {
        draft.paste(&number.to_string());
        draft.finish();
    }
    assert_eq!(draft.history.len(), MAX_HISTORY);
}

#[test]
fn rows_and_the_cursor_are_where_they_are_drawn() {
    for (text, keys, width, rows, cursor) in [
        ("", "", 5, &[""][..], (0, 0)),
        ("abc", "", 5, &["abc"], (0, 3)),
        ("abcde", "", 5, &["abcde", ""], (1, 0)),
        ("abcdef", "", 5, &["abcde", "f"], (1, 1)),
        ("日本語", "", 5, &["日本", "語"], (1, 2)),
        ("日本語", "left", 5, &["日本", "語"], (1, 0)),
        ("a\nb", "", 5, &["a", "b"], (1, 1)),
        ("a\nb", "up", 5, &["a", "b"], (0, 1)),
        ("日", "", 1, &[""], (0, 0)),
    ] {
        let mut draft = draft_of(text);
        for name in keys.split(' ').filter(|name| !name.is_empty()) {
            draft.press(key(name));
        }
        let shown = draft.rows(width);
        assert_eq!(shown.rows, rows, "{text:?}");
        assert_eq!(shown.cursor, cursor, "{text:?}");
    }
    let draft = draft_of("1\n2\n3\n4\n5");
    let rows = draft.rows(10);
    let window: Vec<&str> = rows.window(3).0.iter().map(String::as_str).collect();
    assert_eq!(
        (window.as_slice(), rows.window(3).1),
        (&["3", "4", "5"][..], 2)
    );
}
