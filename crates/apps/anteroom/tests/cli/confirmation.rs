//! The question before what cannot be undone by one more command.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    accounts::{EMAIL, place_with_login},
    description::{CommandPath, commands},
    directory::{ServeProcess, TestDirectory, stderr},
};

/// Command lines of one command that ask before they do their work, each with a part of the question.
/// A command without such lines does nothing that one more command does not undo.
type Questions = &'static [(&'static str, &'static str)];

/// All commands. `ACCOUNT`, `INVITE`, `LINK` and `ROOM` stand for those of the scene.
const COMMANDS: &[(&str, Questions)] = &[
    ("account add", &[]),
    (
        "account delete",
        &[(
            "account delete ACCOUNT",
            "with its login and all its devices",
        )],
    ),
    ("account device add", &[]),
    (
        "account device delete",
        &[(
            "account device delete ACCOUNT 1",
            "with its password and sessions",
        )],
    ),
    ("account device list", &[]),
    ("account device rename", &[]),
    (
        "account disable",
        &[("account disable ACCOUNT", "Its sessions end")],
    ),
    ("account enable", &[]),
    (
        "account invite cancel",
        &[
            ("account invite cancel --all", "Cancel invite codes: 1?"),
            ("account invite cancel INVITE", "Nobody can sign up"),
        ],
    ),
    ("account invite list", &[]),
    ("account list", &[]),
    ("account role", &[]),
    (
        "account sessions",
        &[("account sessions ACCOUNT --end", "End all sessions")],
    ),
    (
        "account set-password",
        &[(
            "account set-password ACCOUNT --password-file password",
            "ends the sessions of the account (1)",
        )],
    ),
    ("account show", &[]),
    ("account unlock", &[]),
    ("backup", &[]),
    (
        "call end",
        &[("call end LINK", "Send everybody in the call of the link")],
    ),
    ("call join", &[]),
    ("call play", &[]),
    ("call record", &[]),
    ("completions", &[]),
    ("credential auth", &[]),
    ("credential create", &[]),
    ("credential renew", &[]),
    ("demo", &[]),
    ("device add", &[]),
    (
        "device delete",
        &[
            ("device delete ACCOUNT 1", "with its password and sessions"),
            ("device delete 1", "the one that you are using"),
        ],
    ),
    ("device list", &[]),
    ("device rename", &[]),
    ("doctor", &[]),
    ("keys export", &[]),
    ("keys export-public", &[]),
    ("keys import", &[]),
    ("keys list", &[]),
    (
        "keys rotate",
        &[
            ("keys rotate event", "Forget the key of the pseudonyms?"),
            (
                "keys rotate generic --now --revoke",
                "End all credentials that were made under the old params",
            ),
        ],
    ),
    ("keys trust", &[]),
    ("link approval", &[]),
    ("link create", &[]),
    (
        "link delete",
        &[
            ("link delete LINK", "its admin secret is forgotten"),
            ("link delete LINK --end-call", "is sent away"),
        ],
    ),
    ("link guests", &[]),
    ("link import", &[]),
    ("link list", &[]),
    ("link rename", &[]),
    (
        "link revoke",
        &[("link revoke LINK --end-call", "Send everybody in the call")],
    ),
    ("link show", &[]),
    ("login", &[]),
    (
        "logout",
        &[("logout --everywhere", "End all sessions of the account?")],
    ),
    ("man", &[]),
    ("relays", &[]),
    ("restore", &[]),
    (
        "room delete",
        &[
            ("room delete ROOM", "with its approvals"),
            ("room delete ROOM --end-call", "is sent away"),
        ],
    ),
    (
        "room end",
        &[("room end ROOM", "Send everybody in the call")],
    ),
    ("room list", &[]),
    ("room show", &[]),
    ("serve", &[]),
    ("settings", &[]),
    ("status", &[]),
    ("whoami", &[]),
];

/// Services with somebody who is logged in, an invite code, and a link with its room.
struct ConfirmationFixture {
    place: TestDirectory,
    _service: ServeProcess,
    names: Vec<(&'static str, String)>,
}

fn fixture() -> ConfirmationFixture {
    let (place, service, _) = place_with_login();
    place.shown(&["login", "--email", EMAIL, "--password-file", "password"]);
    place.shown(&["account", "invite"]);
    place.shown(&["link", "create", "--name", "Tea"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let invite = place.json(&["account", "invite", "list", "--json"]);
    let link = &place.json(&["link", "list", "--json"])[0];
    let room = place.json(&["room", "list", "--json"]);
    let names = vec![
        ("ACCOUNT", EMAIL.to_owned()),
        ("INVITE", text(&invite["name"])),
        ("LINK", text(&link["shortName"])),
        ("ROOM", text(&room["room"])),
    ];
    ConfirmationFixture {
        place,
        _service: service,
        names,
    }
}

impl ConfirmationFixture {
    /// The arguments of a line, with the names of this scene.
    fn arguments<'a>(&'a self, line: &'a str) -> Vec<&'a str> {
        let name = |word| self.names.iter().find(|(known, _)| *known == word);
        let words = line.split(' ');
        words
            .map(|word| name(word).map_or(word, |(_, name)| name))
            .collect()
    }

    /// All that the commands of the table could take away.
    fn contents(&self) -> [Value; 6] {
        let place = &self.place;
        [
            place.json(&["whoami", "--json"])["deviceId"].clone(),
            place.json(&["account", "sessions", EMAIL, "--json"])["sessions"][0]["deviceId"]
                .clone(),
            place.json(&["account", "invite", "list", "--json"]),
            place.json(&["link", "list", "--json"]),
            place.json(&["room", "list", "--json"]),
            place.json(&["keys", "list", "--json"])["databases"][0]["keys"].clone(),
        ]
    }
}

fn questions() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    COMMANDS.iter().flat_map(|(_, questions)| *questions)
}

#[test]
fn every_command_either_asks_and_takes_a_yes_or_does_neither() {
    let place = TestDirectory::new();
    let is_leaf = |command: &CommandPath| command.below.is_empty();
    let known: BTreeSet<String> = commands(&place)
        .into_iter()
        .filter(is_leaf)
        .map(|command| command.words.join(" "))
        .collect();
    let listed: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(listed, known);
    for (name, questions) in COMMANDS {
        let line: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        let help = place.shown(&line);
        let mut flags = help.lines().map(str::trim_start);
        let takes_yes = flags.any(|line| line.starts_with("--yes"));
        assert_eq!(takes_yes, !questions.is_empty(), "{name}");
    }
}

#[test]
fn without_a_terminal_nothing_is_lost_without_a_yes() {
    let fixture = fixture();
    let before = fixture.contents();
    for (line, question) in questions() {
        let arguments = [&fixture.arguments(line)[..], &["--json"]].concat();
        let output = fixture.place.run(&arguments);
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{line}: {shown}");
        let document: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
        let error = &document["error"];
        assert_eq!(error["code"], "confirmation_missing", "{line}: {shown}");
        let why = error["why"].as_str().unwrap();
        assert!(why.contains(question), "{line}: {shown}");
        assert_eq!(error["next"], "Say --yes", "{line}");
    }
    assert_eq!(fixture.contents(), before);
}

#[test]
fn on_a_terminal_a_question_says_what_is_lost_and_anything_but_a_yes_keeps_it() {
    let fixture = fixture();
    let before = fixture.contents();
    for (number, (line, question)) in questions().enumerate() {
        let answer = ["n\n", "\n", "yep\n"][number % 3];
        let output = fixture
            .place
            .run_on_terminal(&fixture.arguments(line), answer);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {text}");
        let asked = text.find(question);
        let asked = asked.and_then(|start| text[start..].find("[y/N]"));
        assert!(asked.is_some(), "{line}: {text}");
        assert!(text.contains("nothing was done"), "{line}: {text}");
    }
    assert_eq!(fixture.contents(), before);
    let output = fixture
        .place
        .run_on_terminal(&fixture.arguments("link delete LINK"), "y\n");
    assert!(output.status.success());
    let links = fixture.place.json(&["link", "list", "--json"]);
    assert!(links.as_array().unwrap().is_empty());
}
