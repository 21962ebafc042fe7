//! Completions and man pages, as the program generates them.

use std::{fs, process::Stdio, slice};

use crate::directory::{TestDirectory, stderr};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// A command with the names of those above it, and the commands below it.
pub(crate) struct CommandPath {
    pub(crate) words: Vec<String>,
    pub(crate) below: Vec<String>,
}

/// All commands of the program, as its help lists them.
pub(crate) fn commands(place: &TestDirectory) -> Vec<CommandPath> {
    let mut open = vec![Vec::new()];
    let mut commands = Vec::new();
    while let Some(words) = open.pop() {
        let line: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let below = listed(&place.shown(&line));
        for name in &below {
            open.push([&words[..], slice::from_ref(name)].concat());
        }
        commands.push(CommandPath { words, below });
    }
    commands
}

/// Returns the names below `Commands:` of a help text, without the help itself.
fn listed(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // The continuation of a description is indented further.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_help_of_every_command_tells_of_json() {
    let place = TestDirectory::new();
    for CommandPath { words, .. } in commands(&place) {
        let line: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = place.shown(&line);
        let mut lines = help.lines().map(str::trim_start);
        assert!(lines.any(|line| line.starts_with("--json")), "{help}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let place = TestDirectory::new();
    let folder = place.path().join("share/man/man1");
    let output = place.run(&["man", folder.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut expected: Vec<String> = commands(&place)
        .iter()
        .map(|command| {
            format!(
                "{}.1",
                [&["anteroom".to_owned()], &command.words[..]]
                    .concat()
                    .join("-")
            )
        })
        .collect();
    expected.sort();
    let mut pages: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    assert_eq!(pages, expected);
    assert!(pages.contains(&"anteroom-call-join.1".to_owned()));
    let page = fs::read_to_string(folder.join("anteroom-call-join.1")).unwrap();
    for part in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", "plain"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_man_page_has_the_headings_the_values_and_the_footer_of_a_manual() {
    let place = TestDirectory::new();
    place.shown(&["man", "man1"]);
    for (name, synopsis) in [
        (
            "anteroom",
            "anteroom [--data DIR] [--config FILE] [--json] COMMAND",
        ),
        (
            "anteroom-account",
            "anteroom account [--data DIR] [--config FILE] [--json] COMMAND",
        ),
        (
            "anteroom-account-role",
            "anteroom account role [--data DIR] [--config FILE] [--json] ACCOUNT ROLE",
        ),
        (
            "anteroom-keys-export",
            "anteroom keys export [--data DIR] [--config FILE] [--json] --out FILE",
        ),
        (
            "anteroom-account-invite",
            "anteroom account invite [--days DAYS] [--data DIR] [--config FILE] [--json]\n.br\n\
             anteroom account invite COMMAND",
        ),
        (
            "anteroom-device-rename",
            "anteroom device rename [--issuer URL] [--account UUID[.DEVICE]] \
             [--device-password-file FILE] [--password-file FILE] [--data DIR] [--config FILE] [--json] \
             [ACCOUNT] DEVICE NAME",
        ),
        (
            "anteroom-credential-create",
            "anteroom credential create [--issuer URL] [--account UUID[.DEVICE]] \
             [--password-file FILE] [--trust ID]... [--data DIR] [--config FILE] [--json] \
             {--root-key TEXT | --new}",
        ),
        (
            "anteroom-call-join",
            "anteroom call join [--admin] [--guest] [--as NAME] [--rooms URL] [--fetch] [--issuer URL] \
             [--account UUID[.DEVICE]] [--password-file FILE] [--trust ID]... [--plain] \
             [--data DIR] [--config FILE] [--json] [LINK]",
        ),
    ] {
        let page = fs::read_to_string(place.path().join(format!("man1/{name}.1"))).unwrap();
        let page = ["\\fB", "\\fI", "\\fR"]
            .iter()
            .fold(page, |page, font| page.replace(font, ""))
            .replace("\\-", "-")
            .replace("\\ ", " ");
        assert!(
            page.contains(&format!(".SH SYNOPSIS\n{synopsis}\n")),
            "{page}"
        );
        let title = format!(
            "\n.TH {} 1 \"\" \"Anteroom {}\" \"Anteroom Manual\"\n",
            name.to_uppercase(),
            env!("CARGO_PKG_VERSION")
        );
        assert!(page.contains(&title), "{page}");
        let headings: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix(".SH "))
            .collect();
        assert_eq!(headings[..3], ["NAME", "SYNOPSIS", "DESCRIPTION"]);
        assert!(headings.contains(&"\"EXIT STATUS\""), "{headings:?}");
        for heading in ["EXTRA", "VERSION", "SUBCOMMANDS"] {
            assert!(!headings.contains(&heading), "{headings:?}");
        }
        assert_eq!(
            name != "anteroom",
            headings.contains(&"\"SEE ALSO\""),
            "{headings:?}"
        );
        assert!(page.matches(".TH ").count() == 1 && page.matches(".ie ").count() == 1);
        assert!(!page.contains('<'), "{page}");
    }
}

#[test]
fn the_shell_completes_every_command() {
    let place = TestDirectory::new();
    let script = place.path().join("anteroom.bash");
    fs::write(&script, place.shown(&["completions", "bash"])).unwrap();
    for CommandPath { words, below } in commands(&place) {
        let line = format!("anteroom {}", words.join(" "));
        let line = line.trim_end();
        let complete = format!(
            "source {} && COMP_WORDS=({line} '') && COMP_CWORD={} && _anteroom anteroom '' {} && \
             echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            words.len() + 1,
            words.last().map_or("anteroom", String::as_str),
        );
        let output = place
            .command("bash")
            .args(["--noprofile", "--norc", "-c", &complete])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let offered = String::from_utf8_lossy(&output.stdout);
        let offered: Vec<&str> = offered.split_whitespace().collect();
        assert!(offered.contains(&"--help"), "{line}: {}", stderr(&output));
        for name in below {
            assert!(
                offered.contains(&name.as_str()),
                "{line}: {name}: {offered:?}"
            );
        }
    }
}

#[test]
fn the_completions_of_each_shell_know_every_command() {
    let place = TestDirectory::new();
    let commands = commands(&place);
    for shell in SHELLS {
        let script = place.shown(&["completions", shell]);
        for name in commands.iter().flat_map(|command| &command.below) {
            assert!(script.contains(name.as_str()), "{shell}: {name}");
        }
    }
}

#[test]
fn no_setting_makes_descriptions_fail() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_CONFIG", "missing.toml");
    place.set("ANTEROOM_ROLE", "nothing");
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("anteroom.toml"), "not a setting").unwrap();
    assert!(!place.shown(&["completions", "bash"]).is_empty());
    place.shown(&["man", "pages"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_with_its_name() {
    let place = TestDirectory::new();
    fs::write(place.path().join("file"), "").unwrap();
    let complaint = place.refusal(&["man", "file/pages"]);
    assert!(complaint.contains("file/pages"), "{complaint}");
}
