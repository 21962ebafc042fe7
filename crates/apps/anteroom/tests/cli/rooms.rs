//! Rooms that an operator names by the beginning of their ids.

use serde_json::Value;

use crate::{
    directory::{ServeProcess, TestDirectory, stderr},
    terminal::Terminal,
};

/// A place with two rooms, and their ids.
fn place_with_rooms() -> (TestDirectory, ServeProcess, Vec<String>) {
    let mut place = TestDirectory::new();
    let service = place.start();
    let ann = place.add_account();
    place.act_as(&ann);
    for _ in 0..2 {
        place.json(&["link", "create", "--json"]);
    }
    let listed = place.shown(&["room", "list", "--json"]);
    let id = |line| {
        let room: Value = serde_json::from_str(line).unwrap();
        room["room"].as_str().unwrap().to_owned()
    };
    let rooms = listed.lines().map(id).collect();
    (place, service, rooms)
}

#[test]
fn every_command_on_a_room_takes_the_beginning_of_its_id() {
    let (place, _service, rooms) = place_with_rooms();
    let room = &rooms[0];
    for digits in [8, 12, room.len()] {
        let beginning = &room[..digits];
        let shown = place.json(&["room", "show", beginning, "--json"]);
        assert_eq!(shown["room"], room.as_str());
        let ended = place.json(&["room", "end", beginning, "--yes", "--json"]);
        assert_eq!(ended["room"], room.as_str());
    }
    for command in [
        &["room", "show"][..],
        &["room", "end", "--yes"],
        &["room", "delete", "--yes"],
    ] {
        let refusal = place.refusal(&[command, &[&room[..7]]].concat());
        assert!(
            refusal.contains("8 digits of an id are the fewest"),
            "{refusal}"
        );
    }
    let deleted = place.json(&["room", "delete", &room[..8], "--yes", "--json"]);
    assert_eq!(deleted["room"], room.as_str());
    let left = place.json(&["room", "list", "--json"]);
    assert_eq!(left["room"], rooms[1].as_str());
}

#[test]
fn a_list_of_rooms_has_one_row_for_each_in_a_narrow_terminal_and_whole_ids_elsewhere() {
    let (place, _service, rooms) = place_with_rooms();
    let piped = place.run(&["room", "list"]);
    let piped_text = String::from_utf8_lossy(&piped.stdout).into_owned();
    assert!(piped.status.success(), "{}", stderr(&piped));
    assert_eq!(piped_text.lines().count(), 2);
    for room in &rooms {
        assert!(piped_text.contains(room.as_str()), "{piped_text}");
    }
    let terminal = Terminal::open(&place, 60, 24);
    terminal.type_line("clear; anteroom room list; echo E'N'D");
    let screen = terminal.wait_for("\nEND");
    let rows: Vec<&str> = screen
        .lines()
        .take_while(|line| *line != "END")
        .filter(|line| !line.is_empty() && !line.starts_with('$') && !line.starts_with('#'))
        .collect();
    assert_eq!(rows.len(), 2, "{screen}");
    for (row, room) in rows.iter().zip(&rooms) {
        let beginning = row.split(' ').next().unwrap();
        assert!(
            beginning.len() >= 8 && room.starts_with(beginning),
            "{screen}"
        );
        assert!(
            row.contains("since") && row.ends_with("no call"),
            "{screen}"
        );
        let shown = place.json(&["room", "show", beginning, "--json"]);
        assert_eq!(shown["room"], room.as_str());
    }
}
