//! Screens as text, and the effects of keys.
//!
//! The expected screens are in `tests/screens`. To rewrite them, run these tests with
//! `ANTEROOM_WRITE_SCREENS=1`, and review the differences.

pub(crate) mod golden;

use std::time::Duration;

use anteroom_client::{CallEvent, SeatStatus};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::view::tests::{device, hello, joined, participant_with, room_params, roster, text};

const NOW: Duration = Duration::from_secs(200);

fn press(screen: &mut Screen, view: &View, code: KeyCode) -> Action {
    screen.keep_choice(view);
    screen.handle(Event::Key(code.into()), view)
}

fn type_text(screen: &mut Screen, view: &View, text: &str) {
    for character in text.chars() {
        assert_eq!(press(screen, view, KeyCode::Char(character)), Action::None);
    }
}

fn control(character: char) -> Event {
    Event::Key(KeyEvent::new(
        KeyCode::Char(character),
        KeyModifiers::CONTROL,
    ))
}

/// Returns an admin in a call with two others for which two wait.
fn admin() -> View {
    let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
    let mut there = roster(&[16, 32, 48], &[64, 80]);
    there.pending[0] = participant_with(64, Some("Dora"), Some(0xd0));
    there.pending[1] = participant_with(80, None, Some(0xe0));
    there.active[0].is_admin = true;
    there.active[2].is_admin = true;
    view.apply(&joined(SeatStatus::Active, true, there), NOW);
    view.apply(&hello(32, "Bob"), NOW);
    view.apply(&hello(48, "Cleo"), NOW);
    view
}

fn tag(number: u32) -> TagPrefix {
    TagPrefix::parse(crate::tag::DeviceTag::of(device(number)).whole()).unwrap()
}

/// Returns the texts of the newest entries.
fn shown(screen: &mut Screen) -> String {
    let page = screen.conversation.page(200, 100);
    let rows: Vec<&str> = page.rows.iter().map(|row| row.text).collect();
    rows.join("\n")
}

#[test]
fn keys_decide_about_the_chosen_one_who_waits() {
    let mut view = admin();
    let mut screen = Screen::default();
    for (code, tabs, expected) in [
        (KeyCode::F(2), 0, Action::Decide(Decision::Admit, tag(64))),
        (KeyCode::F(3), 1, Action::Decide(Decision::Deny, tag(80))),
        (KeyCode::F(2), 1, Action::Decide(Decision::Admit, tag(64))),
    ] {
        for _ in 0..tabs {
            press(&mut screen, &view, KeyCode::Tab);
        }
        assert_eq!(press(&mut screen, &view, code), expected);
    }
    // The user decided about the chosen device, so the next one is chosen.
    view.apply(&CallEvent::Roster(roster(&[16], &[80])), NOW);
    let next = Action::Decide(Decision::Deny, tag(80));
    assert_eq!(press(&mut screen, &view, KeyCode::F(3)), next);

    let nobody = View::default();
    assert_eq!(press(&mut screen, &nobody, KeyCode::F(2)), Action::None);
}

#[test]
fn a_key_never_decides_about_somebody_who_was_not_chosen() {
    let mut view = admin();
    let mut screen = Screen::default();
    screen.keep_choice(&view);
    view.apply(&CallEvent::Roster(roster(&[16], &[80])), NOW);
    assert_eq!(press(&mut screen, &view, KeyCode::F(2)), Action::None);
    let shown = shown(&mut screen);
    assert!(shown.contains("waits no more"), "{shown}");
    assert!(shown.contains("! nobody in the lobby is chosen"), "{shown}");
    press(&mut screen, &view, KeyCode::Tab);
    let expected = Action::Decide(Decision::Admit, tag(80));
    assert_eq!(press(&mut screen, &view, KeyCode::F(2)), expected);
}

#[test]
fn a_key_tells_the_whole_account_of_the_chosen_one() {
    let view = admin();
    let mut screen = Screen::default();
    for expected in [
        "#4000 \"Dora\" has the account d0d0d0d0-d0d0-d0d0-d0d0-d0d0d0d0d0d0, as told by the server.",
        "#5000 id#e0e0e0e0 has the account e0e0e0e0-e0e0-e0e0-e0e0-e0e0e0e0e0e0, as told by the server.",
    ] {
        assert_eq!(press(&mut screen, &view, KeyCode::F(5)), Action::None);
        let shown = shown(&mut screen);
        assert!(shown.ends_with(expected), "{shown}");
        press(&mut screen, &view, KeyCode::Tab);
    }
}

#[test]
fn lines_are_edited_said_and_commanded() {
    let view = admin();
    let mut screen = Screen::default();
    type_text(&mut screen, &view, "line three");
    screen.handle(control('u'), &view);
    type_text(&mut screen, &view, "/remove 2000");
    let remove = Input::Decide(Decision::Remove, TagPrefix::parse("2000").unwrap());
    assert_eq!(
        press(&mut screen, &view, KeyCode::Enter),
        Action::Submit(remove)
    );
    screen.handle(control('u'), &view);
    type_text(&mut screen, &view, "/quit");
    assert_eq!(press(&mut screen, &view, KeyCode::Enter), Action::Leave);
    for (event, expected) in [
        (control('c'), Action::Leave),
        (control('z'), Action::Suspend),
        (control('l'), Action::Redraw),
        (control('d'), Action::None),
    ] {
        assert_eq!(screen.handle(event, &view), expected);
    }
    screen.handle(control('u'), &view);
    assert_eq!(screen.handle(control('d'), &view), Action::Leave);
}

#[test]
fn a_draft_stays_when_nothing_came_of_it_and_goes_when_it_was_said() {
    let view = admin();
    let mut screen = Screen::default();
    for (typed, entries) in [
        (" /dance", Vec::new()),
        ("/dance", vec![Entry::Problem("no".to_owned())]),
    ] {
        screen.handle(control('u'), &view);
        type_text(&mut screen, &view, typed);
        let refused = Reply {
            entries,
            said: None,
            is_done: false,
        };
        screen.take_reply(refused, &view);
        assert!(screen.draft.is_empty(), "the next command stands alone");
        let _ = screen.handle(Event::Key(KeyCode::Up.into()), &view);
        assert_eq!(screen.draft.text(), typed);
    }
    let said = Reply {
        entries: Vec::new(),
        said: Some(Entry::Message {
            author: "You".to_owned(),
            text: "hi".to_owned(),
        }),
        is_done: true,
    };
    screen.take_reply(said, &view);
    assert!(screen.draft.is_empty());
    assert_eq!(shown(&mut screen), "! no\nYou: hi");
}

#[test]
fn a_paste_is_one_message_and_one_with_a_command_in_it_is_asked_about() {
    let view = admin();
    let mut screen = Screen::default();
    screen.handle(Event::Paste("one\ntwo\n".to_owned()), &view);
    let message = |text: &str| Action::Submit(Input::Say(text.to_owned()));
    assert_eq!(
        press(&mut screen, &view, KeyCode::Enter),
        message("one\ntwo")
    );
    screen.draft.finish();

    let pasted = "one\n/remove 2000";
    screen.handle(Event::Paste(pasted.to_owned()), &view);
    for (answer, expected) in [
        (KeyCode::Char('n'), Action::None),
        (KeyCode::Enter, Action::None),
        (KeyCode::Char('y'), message(pasted)),
    ] {
        assert_eq!(press(&mut screen, &view, KeyCode::Enter), Action::None);
        assert_eq!(press(&mut screen, &view, answer), expected);
        assert_eq!(screen.draft.text(), pasted);
    }
    assert!(shown(&mut screen).contains("looks like a command: /remove 2000"));
}

#[test]
fn question_marks_are_typed_unless_the_line_is_empty() {
    let view = admin();
    let mut screen = Screen::default();
    type_text(&mut screen, &view, "?");
    assert_eq!(screen.pane, Pane::Keys);
    press(&mut screen, &view, KeyCode::Esc);
    type_text(&mut screen, &view, "who?");
    assert_eq!(
        (screen.pane, screen.draft.text()),
        (Pane::Conversation, "who?")
    );
    press(&mut screen, &view, KeyCode::F(1));
    assert_eq!(screen.pane, Pane::Keys);
}

#[test]
fn a_line_without_end_is_complained_about() {
    let view = admin();
    let mut screen = Screen::default();
    screen.handle(Event::Paste("x".repeat(1 << 20)), &view);
    assert!(screen.draft.is_empty());
    assert!(shown(&mut screen).contains("! the line cannot be longer"));
}

#[test]
fn a_text_that_was_not_said_stays_in_the_draft_also_if_it_begins_with_a_slash() {
    let view = admin();
    for (draft, expected) in [
        ("//shrug", "//shrug"),
        ("hello", "hello"),
        ("/admit #1", ""),
    ] {
        let mut screen = Screen::default();
        type_text(&mut screen, &view, draft);
        let reply = Reply {
            entries: Vec::new(),
            said: None,
            is_done: false,
        };
        screen.take_reply(reply, &view);
        assert_eq!(screen.draft.text(), expected);
    }
}
