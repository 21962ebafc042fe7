//! `anteroom demo` as a process.

use std::time::{Duration, Instant};

use crate::directory::TestDirectory;

#[test]
fn the_whole_story_takes_less_than_a_minute_and_leaves_nothing_behind() {
    let place = TestDirectory::new();
    let started = Instant::now();
    let mut command = place.anteroom(&["demo"]);
    command.env("TMPDIR", place.path());
    let output = command.output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}{complaint}");
    assert!(started.elapsed() < Duration::from_secs(60));
    for expected in [
        "Ann lets Bob in.",
        "Ann to everybody, sealed: Bob, is the new key under the same stone?",
        "he comes back to the place that was kept for him",
        "Bob to everybody, sealed: Under the blue one now.",
        "nobody can join",
    ] {
        assert!(shown.contains(expected), "{shown}");
    }
    let rows: Vec<&str> = shown
        .lines()
        .filter(|line| line.split_whitespace().filter(|word| *word == "no").count() == 6)
        .collect();
    assert_eq!(rows.len(), 10, "{shown}");
    assert!(!shown.contains("YES"));
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
