//! What a participant types.

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Nothing,
    Say(String),
    Admit(u32),
    Deny(u32),
    Remove(u32),
    Block(u32),
    Hand(bool),
    Who,
    Help,
    Quit,
    /// Why it is no command.
    Mistake(String),
}

/// What can be typed, a line each.
pub(super) const HELP: &[&str] = &[
    "/who               who is here and who waits",
    "/hand, /hand off   raise your hand, lower it",
    "/admit N, /deny N  let number N in, or not (admins)",
    "/remove N          send number N away (admins)",
    "/block N           the same, and for the rest of this call (admins)",
    "/quit              leave",
    "anything else goes to everybody; a line that starts with / is written //",
];

impl Input {
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
        let words = (words.next().unwrap_or_default(), words.next(), words.next());
        match words {
            ("admit", Some(number), None) => numbered(number, Self::Admit),
            ("deny", Some(number), None) => numbered(number, Self::Deny),
            ("remove", Some(number), None) => numbered(number, Self::Remove),
            ("block", Some(number), None) => numbered(number, Self::Block),
            ("hand", None, None) => Self::Hand(true),
            ("hand", Some("off"), None) => Self::Hand(false),
            ("who", None, None) => Self::Who,
            ("help", None, None) => Self::Help,
            ("quit", None, None) => Self::Quit,
            _ => Self::Mistake(format!("/{command} is no command: /help lists them")),
        }
    }
}

fn numbered(text: &str, command: fn(u32) -> Input) -> Input {
    text.trim_start_matches('#')
        .parse()
        .map_or_else(|_| Input::Mistake(format!("{text} is no number")), command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands_or_go_to_everybody() {
        let say = |text: &str| Input::Say(text.to_owned());
        let cases = [
            ("", Input::Nothing),
            ("  ", Input::Nothing),
            ("hello /you", say("hello /you")),
            ("//etc", say("/etc")),
            ("/admit 3", Input::Admit(3)),
            ("/admit #3", Input::Admit(3)),
            (" /deny  4 ", Input::Deny(4)),
            ("/remove 1", Input::Remove(1)),
            ("/block 1", Input::Block(1)),
            ("/hand", Input::Hand(true)),
            ("/hand off", Input::Hand(false)),
            ("/who", Input::Who),
            ("/help", Input::Help),
            ("/quit", Input::Quit),
        ];
        for (line, expected) in cases {
            assert_eq!(Input::parse(line), expected, "{line:?}");
        }
        for line in [
            "/",
            "/admit",
            "/admit x",
            "/admit -1",
            "/admit 1 2",
            "/dance",
            "/hand up",
        ] {
            assert!(matches!(Input::parse(line), Input::Mistake(_)), "{line:?}");
        }
    }
}
