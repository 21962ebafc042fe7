//! Screens at three sizes, compared with files.

use std::{env, fs, path::PathBuf};

use anteroom_client::{
    Admission, AdmissionReason, CertificateStatus, DeviceSecret, GroupEpoch, GroupEvent,
    GroupState, Listing, MediaNotice, MemberLeaf, MemberStatus, OpaqueUserId, RoomId, ShownWords,
    Signer, Timestamp, VerificationWord,
};
use anteroom_protocol::Aci;
use ratatui::{Terminal, backend::TestBackend, buffer::CellWidth as _};

use super::*;

const SIZES: [(u16, u16); 3] = [(40, 15), (80, 24), (200, 50)];

/// Returns the screen as text, with the position of the cursor.
fn picture(screen: &mut Screen, view: &View, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    screen.keep_choice(view);
    terminal
        .draw(|frame| screen.draw(frame, view, NOW))
        .unwrap();
    let cursor = terminal.get_cursor_position().unwrap();
    let buffer = terminal.backend().buffer();
    let mut picture = String::new();
    for y in 0..height {
        let mut row = String::new();
        let mut x = 0;
        while x < width {
            let cell = &buffer[(x, y)];
            row.push_str(cell.symbol());
            x += cell.cell_width().max(1);
        }
        assert_eq!(x, width, "a row is as wide as the screen: {row}");
        picture += row.trim_end();
        picture.push('\n');
    }
    picture + &format!("cursor: column {}, row {}\n", cursor.x + 1, cursor.y + 1)
}

/// Compares a scene at all sizes with its files.
fn compare(name: &str, screen: &mut Screen, view: &View) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    for (width, height) in SIZES {
        let path = folder.join(format!("{name}-{width}x{height}.txt"));
        let shown = picture(screen, view, (width, height));
        if env::var_os("ANTEROOM_WRITE_SCREENS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, shown).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            shown == expected,
            "{} is otherwise:\n{shown}",
            path.display()
        );
    }
}

fn say(screen: &mut Screen, view: &mut View, from: u32, line: &str) {
    let entries = view.apply(&text(from, line), NOW);
    screen.add(entries, view);
}

#[test]
fn a_small_call() {
    let mut view = admin();
    let mut screen = Screen::default();
    let entries = view.tick(NOW + NOW);
    screen.add(entries, &view);
    say(&mut screen, &mut view, 32, "Shall we start?");
    say(&mut screen, &mut view, 48, "Two are still in the lobby.");
    type_text(&mut screen, &view, "Just a moment");
    compare("small-call", &mut screen, &view);
}

#[test]
fn a_call_with_sound_and_picture() {
    let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
    let mut there = roster(&[16, 32, 48, 64, 80, 96], &[]);
    for (place, (audio, camera, screen)) in [
        (1, (true, true, false)),
        (2, (true, true, true)),
        (3, (true, false, false)),
        (4, (false, false, true)),
    ] {
        let media = &mut there.active[place].media;
        (media.audio, media.camera) = (audio, camera);
        (media.screen, media.screen_audio) = (screen, screen);
    }
    there.active[3].hand_raised_at = Some(1);
    let speakers = [1, 3].map(|place| there.active[place].demux);
    view.apply(&joined(SeatStatus::Active, false, there), NOW);
    for (from, name) in [
        (32, "Bob"),
        (48, "Carla from the second floor"),
        (64, "Dora"),
        (80, "Emil"),
    ] {
        view.apply(&hello(from, name), NOW);
    }
    let notice = MediaNotice::Speakers(speakers.to_vec());
    view.apply(&CallEvent::Media(notice), NOW);
    let mut screen = Screen::default();
    let entries = view.tick(NOW + NOW);
    screen.add(entries, &view);
    say(&mut screen, &mut view, 32, "Can you hear me?");
    compare("media", &mut screen, &view);
    press(&mut screen, &view, KeyCode::F(4));
    compare("media-people", &mut screen, &view);
}

#[test]
fn wide_scripts() {
    let mut view = admin();
    let mut screen = Screen::default();
    for (from, name) in [(32, "山田太郎"), (48, "مریم می\u{200c}خواند")] {
        view.apply(&hello(from, name), NOW);
    }
    let entries = view.tick(NOW + NOW);
    screen.add(entries, &view);
    for number in 1..=8 {
        let line = format!("{number}. これは日本語の長い文章です。改行は文字の間で起こります。");
        say(&mut screen, &mut view, 32, &line);
    }
    for line in [
        "سلام، می\u{200c}خواهم به خانه بروم و کتاب\u{200c}ها را بخوانم",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦 and 🇯🇵 and ❤\u{fe0f} and 👍🏽",
        "e\u{301}te\u{301} n\u{303}an\u{303}du\u{301} Z\u{335}a\u{334}",
        "the newest line",
    ] {
        say(&mut screen, &mut view, 48, line);
    }
    type_text(&mut screen, &view, "日本語");
    compare("wide-scripts", &mut screen, &view);
}

#[test]
fn a_full_call_with_a_full_lobby() {
    let mut view = View::of(Some("Ann".to_owned())).with_room(room_params());
    let active: Vec<u32> = (1..=25).map(|number| number * 16).collect();
    let pending: Vec<u32> = (101..=130).map(|number| number * 16).collect();
    let mut there = roster(&active, &pending);
    for (number, guest) in (101_u8..).zip(&mut there.pending) {
        let name = match number % 4 {
            0 => None,
            1 => Some("山田太郎".to_owned()),
            2 => Some("long name ".repeat(6)),
            _ => Some(format!("Guest {number}")),
        };
        *guest = participant_with(u32::from(number) * 16, name.as_deref(), Some(number));
    }
    there.active[0].is_admin = true;
    there.active[7].hand_raised_at = Some(1);
    there.active[8].is_lost = true;
    view.apply(&joined(SeatStatus::Active, true, there), NOW - NOW / 2);
    for number in 2..=25 {
        view.apply(&hello(number * 16, &format!("Person {number}")), NOW);
    }
    view.apply(&hello(32, &"long name ".repeat(6)), NOW);
    let mut screen = Screen::default();
    let entries = view.tick(NOW + NOW);
    screen.add(entries, &view);
    for number in 1..=300 {
        let from = (2 + number % 24) * 16;
        say(
            &mut screen,
            &mut view,
            from,
            &format!("This is line {number} of a long evening."),
        );
    }
    screen.keep_choice(&view);
    for _ in 0..20 {
        press(&mut screen, &view, KeyCode::Tab);
    }
    compare("full-call", &mut screen, &view);
    press(&mut screen, &view, KeyCode::PageUp);
    press(&mut screen, &view, KeyCode::PageUp);
    compare("scrolled-back", &mut screen, &view);
    press(&mut screen, &view, KeyCode::F(4));
    press(&mut screen, &view, KeyCode::PageDown);
    compare("people", &mut screen, &view);
}

#[test]
fn the_keys() {
    let view = admin();
    let mut screen = Screen::default();
    press(&mut screen, &view, KeyCode::F(1));
    compare("keys", &mut screen, &view);
}

#[test]
fn a_guest_in_the_lobby_and_a_lost_connection() {
    let mut view = View::of(Some("Bob".to_owned()));
    let mut screen = Screen::default();
    let pending = joined(SeatStatus::Pending, false, roster(&[32], &[]));
    let entries = view.apply(&pending, NOW - Duration::from_secs(75));
    screen.add(entries, &view);
    let entries = view.tick(NOW);
    screen.add(entries, &view);
    compare("lobby", &mut screen, &view);
    let entries = view.apply(&CallEvent::Lost, NOW - Duration::from_secs(12));
    screen.add(entries, &view);
    compare("lost", &mut screen, &view);
}

#[test]
fn a_draft_of_many_lines() {
    let view = admin();
    let mut screen = Screen::default();
    let lines: Vec<String> = (1..=9)
        .map(|number| format!("pasted line {number}"))
        .collect();
    screen.handle(Event::Paste(lines.join("\n")), &view);
    compare("draft", &mut screen, &view);
}

#[test]
fn no_size_is_too_small() {
    let view = admin();
    let mut screen = Screen::default();
    type_text(&mut screen, &view, "日本語");
    for code in [KeyCode::F(4), KeyCode::F(1), KeyCode::Esc] {
        for size in [
            (1, 1),
            (3, 3),
            (2, 30),
            (30, 4),
            (200, 3),
            (63, 11),
            (500, 200),
        ] {
            picture(&mut screen, &view, size);
        }
        press(&mut screen, &view, code);
    }
}

/// Returns a member of the group of the devices 16, 32, 48 and so on.
pub(crate) fn member(number: u32, name: &str, reason: AdmissionReason) -> MemberStatus {
    let byte = u8::try_from(number).unwrap();
    let user = room_params().encrypt(&Aci::from_bytes([byte; 16]).into());
    let secret = DeviceSecret::from_bytes([byte; 32]);
    MemberStatus {
        leaf: number / 16 - 1,
        claims: MemberLeaf {
            user: OpaqueUserId::of_ciphertext(&user),
            demux_id: device(number),
            member_key: secret.member_key(&RoomId::from_bytes([0; 32])).public(),
            admission: Admission::None,
            serial: 1,
            name: Some(name.to_owned()),
            certificate: None,
        },
        name: Some(name.to_owned()),
        reason,
        is_own: number == 16,
        is_confirmed: true,
        is_compared: false,
        certificate: CertificateStatus::Missing,
        listing: Listing::Listed,
    }
}

#[test]
fn a_group_that_is_locked_with_one_who_is_not_confirmed_and_one_without_a_key() {
    let mut view = admin();
    let mut screen = Screen::default();
    let mut there = roster(&[16, 32, 48], &[64, 80]);
    there.pending[0] = participant_with(64, Some("Dora"), Some(0xd0));
    there.pending[1] = participant_with(80, None, Some(0xe0));
    there.active[0].is_admin = true;
    there.active[2].is_admin = true;
    for one in &mut there.active[..2] {
        let key = member(one.demux.number(), "", AdmissionReason::Open)
            .claims
            .member_key;
        (one.member, one.stated_key) = (Some(key.named()), Some(key));
    }
    view.apply(&CallEvent::Roster(there), NOW);
    let mut all = [
        member(16, "Ann", AdmissionReason::Admin),
        member(32, "Bob", AdmissionReason::Approval(Signer::Admin)),
    ];
    all[1].certificate = CertificateStatus::Valid { is_guest: false };
    let epoch = GroupEpoch { group: 1, epoch: 1 };
    let changed = |members: &[MemberStatus], is_locked| {
        CallEvent::GroupChanged(Box::new(GroupState {
            members: members.to_vec(),
            may_send: true,
            is_locked,
            has_admin: true,
            admins: Vec::new(),
            co_admins: Vec::new(),
            is_co_admin: false,
            signs_approvals: true,
            has_admin_device: false,
        }))
    };
    let group = |event| CallEvent::Group(Box::new(event));
    let mut events = vec![
        changed(&[], false),
        group(GroupEvent::Entered {
            epoch,
            members: all[..1].to_vec(),
        }),
        group(GroupEvent::MemberAdded {
            member: all[1].clone(),
            committer: 0,
        }),
        changed(&all, false),
        group(GroupEvent::Text {
            leaf: 1,
            epoch,
            claims: all[1].claims.clone(),
            text: "Only you hear this.".to_owned(),
            is_late: false,
        }),
        text(48, "I am an old program."),
        group(GroupEvent::Lock {
            is_on: true,
            signer: Signer::Admin,
        }),
        group(GroupEvent::Confirmation {
            leaf: 1,
            is_confirmed: false,
        }),
    ];
    let word = |number, word| VerificationWord { number, word };
    let shown = ShownWords {
        epoch,
        time: Timestamp::from_secs(0),
        words: [
            word(1, "abandon"),
            word(2, "ability"),
            word(3, "able"),
            word(4, "about"),
            word(5, "above"),
            word(2048, "zoo"),
        ],
        members: all.to_vec(),
    };
    events.push(CallEvent::Words(Box::new(shown)));
    all[1].is_confirmed = false;
    events.push(changed(&all, true));
    events.push(group(GroupEvent::WordsOutdated {
        shown: epoch,
        present: Some(epoch.next()),
    }));
    events.push(group(GroupEvent::WordsCompared {
        epoch,
        members: vec![all[1].claims.member_key],
    }));
    for event in events {
        let entries = view.apply(&event, NOW);
        screen.add(entries, &view);
    }
    let who = view.everyone(NOW);
    screen.add(who, &view);
    compare("group", &mut screen, &view);
    press(&mut screen, &view, KeyCode::F(4));
    compare("group-people", &mut screen, &view);
}
