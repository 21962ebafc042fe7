//! Each rule by scripts. A line is a step (see [`crate::script`]). The lines with `>` after it list all its
//! outputs, in order; after a step with `~` the outputs are not compared. Rosters are `[active]` and
//! `[pending]`, or the number of pending devices. Each device is written with its user, `+` if it is a co-admin's,
//! `^` and the time at which its hand was raised, `!` if its connection is lost, `*` with the number of the join
//! that brought its hello, and `=` with the number of its member key. Changes are `+[joined] ~[changed] -[left]` and
//! the number of pending devices; `?` marks pending devices. What a device sends stands in round brackets: `a` audio, `c`
//! camera, `s` screen, `t` its sound.

mod admission;
mod decisions;
mod groups;
mod link;
mod media;
mod messages;
mod missed_commits;
mod moderation;
mod presence;
mod rosters;
mod seats;
mod starts;

use crate::{
    harness::{Harness, Setting},
    script::Step,
};

/// The rows of a table: the behaviour, the call, the script.
type Rows<'a> = &'a [(&'a str, Setting, &'a str)];

const APPROVAL: Setting = Setting::APPROVAL;
const FREE: Setting = Setting::FREE;

fn check(rows: Rows<'_>) {
    for (name, setting, script) in rows {
        let mut harness = Harness::new(*setting);
        let mut played = String::new();
        let mut expected = String::new();
        let mut lines = script.lines().map(str::trim).peekable();
        while let Some(text) = lines.next() {
            let (unchecked, step) = match text.strip_prefix('~') {
                Some(step) => (true, step),
                None => (false, text),
            };
            expected += &format!("{step}\n");
            played += &format!("{step}\n");
            for line in harness.play(&Step::parse(step)) {
                if !unchecked {
                    played += &format!("> {line}\n");
                }
            }
            while let Some(line) = lines.next_if(|line| line.starts_with('>')) {
                expected += &format!("{line}\n");
            }
        }
        assert!(played == expected, "{name}: played\n{played}");
    }
}
