//! The README's tour, executed as written, and the runner of other pages' commands.
//!
//! All `console` blocks run in one place, in order: lines after `$ ` are commands, the lines below them their
//! output. A name before the `$` is another person's terminal, with variables of its own. A `console` block
//! whose lines all start with a name and `$`, `>` or `|` is a call: a person joins, types a line, or reads a
//! line.
//!
//! Random parts (ids, keys, days, ports) differ from run to run. Each such part of the expected output is
//! replaced by the real output's part, from there on also in the commands.

use std::{collections::BTreeMap, process::Stdio};

use regex::{Regex, RegexBuilder};

use crate::directory::{CallProcess, ServeProcess, TestDirectory};

const README: &str = include_str!("../../../../../README.md");

/// The random parts, the most specific first.
const RANDOM: &str = r"
    (?P<uuid>     [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} )
  | (?P<time>     \d{4}-\d\d-\d\dT[0-9:.]+Z )
  | (?P<day>      \d{4}-\d\d-\d\d )
  | (?P<rootkey>  ([bcdfghkmnpqrstxz]{4}-){7}[bcdfghkmnpqrstxz]{4} )
  | (?P<hex>      \b[0-9a-f]{64}\b | \b[0-9a-f]{16}\b )
  | (?P<short>    \b[0-9a-f]{8}\b )
  | (?P<base64>   [A-Za-z0-9+/]{43}= )
  | (?P<adminkey> [A-Za-z0-9_-]{43} )
  | (?P<secret>   [A-Za-z0-9_-]{32} )
  | (?P<tag>      \#[0-9a-z]{4}\b )
  | (?P<address>  127\.0\.0\.1:\d+ )
  | (?P<media>    media\ listen\ on\ .*,\ and\ clients\ are\ told\ .* )
  | (?P<bytes>    \ +\d+\ bytes,\ SHA-256 )
";

/// The person whose commands have no name in front.
const FIRST_PERSON: &str = "ann";

/// A part of a tour.
enum Step<'a> {
    Command(Command<'a>),
    Call(Vec<CallLine<'a>>),
}

struct Command<'a> {
    person: &'a str,
    command: String,
    expected: Vec<&'a str>,
}

/// A line of a call: the person, and the action.
struct CallLine<'a>(&'a str, CallAction<'a>);

enum CallAction<'a> {
    Join(&'a str),
    Type(&'a str),
    Read(&'a str),
}

/// The variables that each person has set.
#[derive(Default)]
struct Exports<'a>(BTreeMap<&'a str, String>);

/// The values of the README's random parts in this run.
struct RandomParts {
    random: Regex,
    parts: BTreeMap<String, String>,
}

#[test]
fn the_tour_works_as_it_stands() {
    run_console_blocks(&TestDirectory::new(), README);
}

/// Runs every `console` block of a page, and stops the services at its end.
pub(crate) fn run_console_blocks(place: &TestDirectory, page: &str) {
    let steps = steps(page);
    assert!(steps.len() >= 5, "a tour has steps");
    let mut random_parts = RandomParts {
        random: RegexBuilder::new(RANDOM)
            .ignore_whitespace(true)
            .build()
            .unwrap(),
        parts: BTreeMap::new(),
    };
    let mut service = None;
    let mut exports = Exports::default();
    for step in &steps {
        match step {
            Step::Command(step) if step.command.starts_with("anteroom serve") => {
                let command = random_parts.replace(&step.command);
                let arguments: Vec<&str> = command.split(' ').skip(1).collect();
                let started = ServeProcess::start(place.anteroom(&arguments));
                random_parts.compare(&step.command, &step.expected, started.log());
                service = Some(started);
            }
            Step::Command(step) => run_command(place, step, &mut random_parts, &mut exports),
            Step::Call(lines) => hold_call(place, lines, &mut random_parts, &exports),
        }
    }
    let (status, log) = service.unwrap().stop();
    assert!(status.success(), "{log:#?}");
}

fn run_command<'a>(
    place: &TestDirectory,
    step: &Command<'a>,
    random_parts: &mut RandomParts,
    exports: &mut Exports<'a>,
) {
    let command = random_parts.replace(&step.command);
    let mut shell = exports.shell(place, step.person, &format!("exec 2>&1\n{command}"));
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "$ {command}\n{text}");
    let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    random_parts.compare(&step.command, &step.expected, &lines);
    if command.starts_with("export ") {
        let variables = exports.0.entry(step.person).or_default();
        variables.push_str(&command);
        variables.push('\n');
    }
}

/// Runs a call of several people. Output lines that the page omits may occur between the listed ones.
fn hold_call(
    place: &TestDirectory,
    lines: &[CallLine<'_>],
    random_parts: &mut RandomParts,
    exports: &Exports<'_>,
) {
    let mut people = BTreeMap::new();
    for CallLine(person, action) in lines {
        if let CallAction::Join(command) = action {
            let command = format!("exec {}", random_parts.replace(command));
            let joined = CallProcess::start(exports.shell(place, person, &command));
            assert!(
                people.insert(*person, joined).is_none(),
                "{person} joins once"
            );
            continue;
        }
        let participant = people.get_mut(person).unwrap();
        match action {
            CallAction::Join(_) => {}
            CallAction::Type(line) => participant.type_line(&random_parts.replace(line)),
            CallAction::Read(line) => {
                let shown = participant.wait_until(line, |shown| random_parts.fits(line, shown));
                random_parts.compare(line, &[line], &[shown]);
            }
        }
    }
    for (person, participant) in people {
        let (status, said) = participant.end();
        assert!(status.success(), "{person}: {said:#?}");
    }
}

impl Exports<'_> {
    /// Returns a shell command with a person's variables.
    fn shell(&self, place: &TestDirectory, person: &str, command: &str) -> std::process::Command {
        let variables = self.0.get(person).map_or("", String::as_str);
        let mut shell = place.command("sh");
        shell.arg("-c").arg(format!("{variables}{command}"));
        shell
    }
}

#[test]
fn the_first_screen_says_how_to_start_and_test_and_what_is_missing() {
    let screen: Vec<&str> = README.lines().take(40).collect();
    for command in ["cargo run --release -- serve", "cargo xtask test"] {
        assert!(screen.contains(&command), "{command}");
    }
    let screen = screen.join(" ");
    for text in [
        "![A call in the terminal](docs/call.svg)",
        "There is no call in a browser yet.",
        "The first build takes 5 minutes on two idle cores",
    ] {
        assert!(screen.contains(text), "{text}");
    }
}

fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut blocks = text.split("```");
    // Every second part is inside a block.
    while let (Some(_), Some(block)) = (blocks.next(), blocks.next()) {
        let Some(block) = block.strip_prefix("console\n") else {
            continue;
        };
        let call: Option<Vec<CallLine<'_>>> = block.lines().map(call_line).collect();
        match call {
            Some(lines)
                if lines
                    .iter()
                    .any(|line| matches!(line.1, CallAction::Read(_))) =>
            {
                steps.push(Step::Call(lines));
            }
            _ => steps.extend(commands(block).into_iter().map(Step::Command)),
        }
    }
    steps
}

fn commands(block: &str) -> Vec<Command<'_>> {
    let mut commands: Vec<Command<'_>> = Vec::new();
    for line in block.lines() {
        match (prompt(line), commands.last_mut()) {
            (Some((person, '$', command)), _) => commands.push(Command {
                person,
                command: command.to_owned(),
                expected: Vec::new(),
            }),
            (_, Some(last)) if last.command.ends_with('\\') => {
                last.command.push('\n');
                last.command.push_str(line);
            }
            (_, Some(last)) => last.expected.push(line),
            (_, None) => unreachable!("a block starts with a command"),
        }
    }
    for command in &mut commands {
        // The empty lines between two commands are for the reader.
        while command.expected.last().is_some_and(|line| line.is_empty()) {
            command.expected.pop();
        }
    }
    commands
}

fn call_line(line: &str) -> Option<CallLine<'_>> {
    let (person, sign, text) = prompt(line)?;
    let action = match sign {
        '$' => CallAction::Join(text),
        '>' => CallAction::Type(text),
        _ => CallAction::Read(text),
    };
    Some(CallLine(person, action))
}

/// Returns the person, the sign and the text of a line such as `bob$ anteroom login`.
fn prompt(line: &str) -> Option<(&str, char, &str)> {
    let (start, text) = line.split_once(' ')?;
    let sign = start.chars().last()?;
    let person = start.strip_suffix(['$', '>', '|'])?;
    if person.is_empty() {
        return (sign == '$').then_some((FIRST_PERSON, sign, text));
    }
    let is_name = person.chars().all(|letter| letter.is_ascii_lowercase());
    is_name.then_some((person, sign, text))
}

impl RandomParts {
    /// Returns a command of the README with this run's parts.
    fn replace(&self, command: &str) -> String {
        self.random
            .replace_all(command, |part: &regex::Captures<'_>| {
                let part = &part[0];
                self.parts.get(part).map_or(part, String::as_str).to_owned()
            })
            .into_owned()
    }

    /// Returns whether a line matches the expected one; unknown random parts match any value.
    fn fits(&self, expected: &str, actual: &str) -> bool {
        let ((pattern, parts), (real_pattern, real_parts)) =
            (self.split(expected), self.split(actual));
        let mut pairs = parts.iter().zip(&real_parts);
        let is_known =
            |part: &String, real: &String| self.parts.get(part).is_none_or(|known| known == real);
        pattern == real_pattern && pairs.all(|((_, part), (_, real))| is_known(part, real))
    }

    fn compare(&mut self, command: &str, expected: &[&str], actual: &[String]) {
        let mut actual_lines: Vec<&String> = actual.iter().collect();
        while actual_lines.last().is_some_and(|line| line.is_empty()) {
            actual_lines.pop();
        }
        let shown = format!("$ {command}\n{}", actual.join("\n"));
        assert_eq!(expected.len(), actual_lines.len(), "other lines:\n{shown}");
        for (expected, actual) in expected.iter().zip(actual_lines) {
            let (pattern, parts) = self.split(expected);
            let (real_pattern, real_parts) = self.split(actual);
            assert_eq!(pattern, real_pattern, "another line in:\n{shown}");
            for ((kind, part), (_, real)) in parts.into_iter().zip(real_parts) {
                let known = self.parts.insert(part.clone(), real.clone());
                // Equal parts have equal values, except days and times, since a run may cross midnight.
                let may_change = kind == "time" || kind == "day";
                assert!(
                    may_change || known.is_none_or(|known| known == real),
                    "{part} is two things in:\n{shown}"
                );
            }
        }
    }

    /// Returns a line with the names of its random parts in their places, and those parts.
    fn split(&self, line: &str) -> (String, Vec<(String, String)>) {
        let mut parts = Vec::new();
        let pattern = self.random.replace_all(line, |part: &regex::Captures<'_>| {
            let kind = self
                .random
                .capture_names()
                .flatten()
                .find(|name| part.name(name).is_some())
                .unwrap_or_default();
            parts.push((kind.to_owned(), part[0].to_owned()));
            format!("<{kind}>")
        });
        (pattern.into_owned(), parts)
    }
}
