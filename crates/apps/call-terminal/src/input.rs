//! Parsing of the participant's input.

use crate::tag::TagPrefix;

/// A parsed line or draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Nothing,
    Say(String),
    Decide(Decision, TagPrefix),
    /// Shows the whole account id of a participant.
    Account(TagPrefix),
    Hand(bool),
    /// Lowers the hand of a participant.
    LowerHand(TagPrefix),
    /// Shows the verification words.
    Verify,
    /// The words match.
    Match,
    /// Locks or unlocks the call.
    Lock(bool),
    /// Lets those wait who come, or lets them in.
    Approval(bool),
    /// Makes a participant a co-admin.
    CoAdmin(TagPrefix),
    /// Takes that back.
    RemoveCoAdmin(TagPrefix),
    Who,
    Help,
    Quit,
    /// The reason why the line is no command, and the correct form.
    Mistake(String),
}

/// A decision of an admin about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Admit,
    Deny,
    Remove,
    Block,
}

/// The commands, a line each.
pub(crate) const HELP: &[&str] = &[
    "/who                 who is here and who waits",
    "/account TAG         the account id of somebody, all of it",
    "/hand, /hand off     raise your hand, lower it",
    "/hand TAG down       lower the hand of somebody (admins, co-admins)",
    "/verify              words to compare with the others: nobody listens in if they match",
    "/verify match        you have compared the words, and they match",
    "/lock, /lock off     let nobody new in, or let people in again (admins, co-admins)",
    "/approval on, /approval off  let those wait who come, or let them in (admins, co-admins)",
    "/coadmin TAG         let somebody decide as you do, for the rest of this call (admins)",
    "/coadmin TAG off     take that back (admins)",
    "/admit TAG           let somebody in, with all devices of the account (admins, co-admins)",
    "/deny TAG            do not let somebody in; twice blocks the account (admins, co-admins)",
    "/remove TAG          send a device away (admins, co-admins)",
    "/block TAG           send an account away, for the rest of the call (admins, co-admins)",
    "/quit                leave",
    "TAG is what stands before a name, such as #7bh6.",
    "Anything else goes to everybody. A line that starts with / is written with //.",
];

/// The hint for sending a line that starts with a slash.
const SLASH: &str = "to say a line that starts with /, write // instead";

impl Input {
    /// Parses a line. A line that looks like a command is never sent as a message.
    pub(super) fn parse(line: &str) -> Self {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            return if line.is_empty() {
                Self::Nothing
            } else {
                Self::Say(line.to_owned())
            };
        };
        if command.starts_with('/') {
            return Self::Say(command.to_owned());
        }
        let mut words = command.split_whitespace();
        let name = words.next().unwrap_or_default();
        let arguments: Vec<&str> = words.collect();
        if let Some(decision) = Decision::named(name) {
            return about(name, &arguments, |tag| Self::Decide(decision, tag));
        }
        match (name, arguments.as_slice()) {
            ("account", arguments) => about(name, arguments, Self::Account),
            ("hand", []) => Self::Hand(true),
            ("hand", ["off"]) => Self::Hand(false),
            ("hand", [tag, "down"]) => about(name, &[*tag], Self::LowerHand),
            ("verify", []) => Self::Verify,
            ("verify", ["match"]) => Self::Match,
            ("lock", [] | ["on"]) => Self::Lock(true),
            ("lock", ["off"]) => Self::Lock(false),
            ("approval", ["on"]) => Self::Approval(true),
            ("approval", ["off"]) => Self::Approval(false),
            ("coadmin", [tag, "off"]) => about(name, &[*tag], Self::RemoveCoAdmin),
            ("coadmin", arguments) => about(name, arguments, Self::CoAdmin),
            ("who", []) => Self::Who,
            ("help", []) => Self::Help,
            ("quit", []) => Self::Quit,
            ("verify", _) => Self::Mistake("write /verify or /verify match".to_owned()),
            ("lock", _) => Self::Mistake("write /lock or /lock off".to_owned()),
            ("hand", _) => Self::Mistake("write /hand or /hand off, or /hand TAG down".to_owned()),
            ("approval", _) => Self::Mistake("write /approval on or /approval off".to_owned()),
            ("who" | "help" | "quit", _) => {
                Self::Mistake(format!("/{name} takes nothing after it; {SLASH}"))
            }
            _ => Self::Mistake(format!(
                "/{name} is no command, and the line went to nobody: /help lists the commands; {SLASH}"
            )),
        }
    }

    /// Returns the command as it is typed, of those that take a connection.
    pub(super) fn connected_command(&self) -> Option<String> {
        Some(match self {
            Self::Decide(decision, tag) => format!("{} {tag}", decision.command()),
            Self::Hand(true) => "/hand".to_owned(),
            Self::Hand(false) => "/hand off".to_owned(),
            Self::LowerHand(tag) => format!("/hand {tag} down"),
            Self::Verify => "/verify".to_owned(),
            Self::Match => "/verify match".to_owned(),
            Self::Lock(true) => "/lock".to_owned(),
            Self::Lock(false) => "/lock off".to_owned(),
            Self::Approval(true) => "/approval on".to_owned(),
            Self::Approval(false) => "/approval off".to_owned(),
            Self::CoAdmin(tag) => format!("/coadmin {tag}"),
            Self::RemoveCoAdmin(tag) => format!("/coadmin {tag} off"),
            Self::Nothing
            | Self::Say(_)
            | Self::Account(_)
            | Self::Who
            | Self::Help
            | Self::Quit
            | Self::Mistake(_) => return None,
        })
    }

    /// Parses a draft. Several lines are sent as one message.
    pub(super) fn parse_draft(draft: &str) -> Self {
        let draft = draft.trim_matches('\n');
        if draft.contains('\n') {
            Self::Say(draft.to_owned())
        } else {
            Self::parse(draft)
        }
    }
}

/// Returns the first line of a multi-line draft that looks like a command.
pub(crate) fn command_line(draft: &str) -> Option<&str> {
    let mut lines = draft.trim_matches('\n').split('\n');
    let looks_so = |line: &str| {
        let line = line.trim_start();
        line.starts_with('/') && !line.starts_with("//")
    };
    let is_long = draft.trim_matches('\n').contains('\n');
    lines.find(|line| looks_so(line)).filter(|_| is_long)
}

impl Decision {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "admit" => Self::Admit,
            "deny" => Self::Deny,
            "remove" => Self::Remove,
            "block" => Self::Block,
            _ => return None,
        })
    }

    /// Returns the command.
    pub(super) const fn command(self) -> &'static str {
        match self {
            Self::Admit => "/admit",
            Self::Deny => "/deny",
            Self::Remove => "/remove",
            Self::Block => "/block",
        }
    }
}

/// Returns a command about another device.
fn about(name: &str, arguments: &[&str], input: impl FnOnce(TagPrefix) -> Input) -> Input {
    match arguments {
        [text] => match TagPrefix::parse(text) {
            Some(tag) => input(tag),
            None => Input::Mistake(format!(
                "{text} is no tag: /{name} takes what stands before a name, such as #7bh6"
            )),
        },
        [] => Input::Mistake(format!(
            "/{name} needs the tag of somebody, as in /{name} #7bh6: /who lists them"
        )),
        _ => Input::Mistake(format!("/{name} takes one tag at a time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns who may write each command, by the words in brackets at the ends of lines or rows.
    fn rights(lines: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
        lines
            .map(|(command, text)| {
                let rights = text.trim_end().strip_suffix(')').unwrap_or_default();
                let rights = rights.rsplit_once('(').map_or("", |(_, rights)| rights);
                // The page says besides where the admin secret is needed.
                (command, rights.replace(" with the admin secret", ""))
            })
            .collect()
    }

    #[test]
    fn the_help_and_the_page_name_the_same_commands_for_the_same_people() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/calls.md");
        let page = std::fs::read_to_string(path).unwrap();
        let rows = page.lines().filter_map(|line| {
            let row = line.strip_prefix("| `/")?.strip_suffix('|')?;
            let (command, text) = row.split_once(" | ")?;
            Some((command.replace('`', ""), text.to_owned()))
        });
        let help = HELP.iter().filter_map(|line| {
            let line = line.strip_prefix('/')?;
            let (command, text) = line.split_once("  ")?;
            Some((command.to_owned(), text.trim().to_owned()))
        });
        let page = rights(rows);
        assert!(page.iter().any(|(_, rights)| rights == "admins, co-admins"));
        assert_eq!(rights(help), page);
        assert!(HELP.iter().all(|line| line.len() <= 100));
    }

    #[test]
    fn lines_are_commands_or_go_to_everybody() {
        let say = |text: &str| Input::Say(text.to_owned());
        let about = |decision| Input::Decide(decision, TagPrefix::parse("7bh6").unwrap());
        for (line, expected) in [
            ("", Input::Nothing),
            ("  ", Input::Nothing),
            ("hello /you", say("hello /you")),
            ("//etc", say("/etc")),
            ("/admit 7bh6", about(Decision::Admit)),
            ("/admit #7BH6", about(Decision::Admit)),
            (" /deny  7bh6 ", about(Decision::Deny)),
            ("/remove 7bh6", about(Decision::Remove)),
            ("/block 7bh6", about(Decision::Block)),
            (
                "/account #7BH6",
                Input::Account(TagPrefix::parse("7bh6").unwrap()),
            ),
            ("/hand", Input::Hand(true)),
            ("/hand off", Input::Hand(false)),
            (
                "/hand #7bh6 down",
                Input::LowerHand(TagPrefix::parse("7bh6").unwrap()),
            ),
            ("/approval on", Input::Approval(true)),
            ("/approval off", Input::Approval(false)),
            ("/verify", Input::Verify),
            ("/verify match", Input::Match),
            ("/lock", Input::Lock(true)),
            ("/lock on", Input::Lock(true)),
            ("/lock off", Input::Lock(false)),
            (
                "/coadmin #7bh6",
                Input::CoAdmin(TagPrefix::parse("7bh6").unwrap()),
            ),
            (
                "/coadmin #7bh6 off",
                Input::RemoveCoAdmin(TagPrefix::parse("7bh6").unwrap()),
            ),
            ("/who", Input::Who),
            ("/help", Input::Help),
            ("/quit", Input::Quit),
        ] {
            assert_eq!(Input::parse(line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_command_that_takes_a_connection_is_named_as_it_is_typed() {
        for line in [
            "/admit #7bh6",
            "/deny #7bh6",
            "/remove #7bh6",
            "/block #7bh6",
            "/hand",
            "/hand off",
            "/hand #7bh6 down",
            "/approval on",
            "/approval off",
            "/verify",
            "/verify match",
            "/lock",
            "/lock off",
            "/coadmin #7bh6",
            "/coadmin #7bh6 off",
        ] {
            assert_eq!(
                Input::parse(line).connected_command().as_deref(),
                Some(line)
            );
        }
        for line in [
            "",
            "hello",
            "/account #7bh6",
            "/who",
            "/help",
            "/quit",
            "/dance",
        ] {
            assert_eq!(Input::parse(line).connected_command(), None, "{line}");
        }
    }

    #[test]
    fn what_looks_like_a_command_is_never_said_and_the_complaint_says_what_is_missing() {
        for (line, complaint) in [
            ("/", "is no command"),
            (
                "/dance",
                "/dance is no command, and the line went to nobody",
            ),
            (" /Remove 7bh6", "write // instead"),
            ("/remove", "needs the tag of somebody, as in /remove #7bh6"),
            ("/account", "/account needs the tag of somebody"),
            ("/admit 4", "4 is no tag"),
            ("/admit -1", "is no tag"),
            ("/admit 7bh6 7bh7", "one tag at a time"),
            ("/hand up", "write /hand or /hand off"),
            ("/hand all down", "all is no tag"),
            ("/approval", "write /approval on or /approval off"),
            ("/lock up", "write /lock or /lock off"),
            ("/verify yes", "write /verify or /verify match"),
            ("/quit now", "takes nothing after it"),
        ] {
            match Input::parse(line) {
                Input::Mistake(why) => assert!(why.contains(complaint), "{line:?}: {why}"),
                other => panic!("{line:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_draft_of_several_lines_is_one_message_and_its_command_lines_are_found() {
        for (draft, input, command) in [
            ("one\ntwo\n", Input::Say("one\ntwo".to_owned()), None),
            ("\n/who\n", Input::Who, None),
            (
                "one\n /remove 7bh6",
                Input::Say("one\n /remove 7bh6".to_owned()),
                Some(" /remove 7bh6"),
            ),
            (
                "/etc\ntwo",
                Input::Say("/etc\ntwo".to_owned()),
                Some("/etc"),
            ),
            ("one\n//etc", Input::Say("one\n//etc".to_owned()), None),
        ] {
            assert_eq!(Input::parse_draft(draft), input, "{draft:?}");
            assert_eq!(command_line(draft), command, "{draft:?}");
        }
    }
}
