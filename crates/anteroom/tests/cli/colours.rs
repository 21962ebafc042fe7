//! Colours, which are for terminals alone.

use crate::place::Place;

#[test]
fn no_color_keeps_colours_from_the_terminal() {
    for (no_color, is_coloured) in [("", true), ("1", false)] {
        let mut place = Place::new();
        place.set("NO_COLOR", no_color);
        // An unknown variable is warned of, in a line of the log.
        place.set("ANTEROOM_COLOUR", "red");
        for command in ["anteroom link list", "anteroom --help"] {
            let output = place
                .command("script")
                .args(["--quiet", "--return", "--command", command, "/dev/null"])
                .env("TERM", "xterm-256color")
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{text}");
            assert_eq!(text.contains("\u{1b}["), is_coloured, "{command}: {text}");
        }
        let output = place.run(&["link", "list"]);
        assert!(!output.stderr.contains(&0x1b), "no terminal, no colours");
    }
}
