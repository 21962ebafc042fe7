//! The README's tour, run as it stands, and what other pages of the documentation need for theirs.
//!
//! Every `console` block is run in one place, in order: lines after `$ ` are commands, the lines
//! below them their output. Random parts (ids, keys, days, ports) differ from run to run: each such
//! part of the expected output stands for what the real output has in its place, from there on also
//! in the commands.

use std::{collections::BTreeMap, process::Stdio};

use regex::{Regex, RegexBuilder};

use crate::place::{Place, Service};

const README: &str = include_str!("../../../../README.md");

/// What may differ, the most special first.
const RANDOM: &str = r"
    (?P<uuid>     [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} )
  | (?P<time>     \d{4}-\d\d-\d\dT[0-9:.]+Z )
  | (?P<day>      \d{4}-\d\d-\d\d )
  | (?P<rootkey>  ([bcdfghkmnpqrstxz]{4}-){7}[bcdfghkmnpqrstxz]{4} )
  | (?P<hex>      \b[0-9a-f]{64}\b | \b[0-9a-f]{16}\b )
  | (?P<short>    \b[0-9a-f]{8}\b )
  | (?P<base64>   [A-Za-z0-9+/]{43}= )
  | (?P<secret>   [A-Za-z0-9_-]{32} )
  | (?P<address>  127\.0\.0\.1:\d+ )
  | (?P<bytes>    \ +\d+\ bytes,\ SHA-256 )
";

struct Step {
    command: String,
    expected: Vec<String>,
}

/// What the README's random parts are in this run.
struct Bound {
    random: Regex,
    parts: BTreeMap<String, String>,
}

#[test]
fn the_tour_works_as_it_stands() {
    run_console_blocks(&Place::new(), README);
}

/// Runs every `console` block of a page, and stops the services at its end.
pub(crate) fn run_console_blocks(place: &Place, page: &str) {
    let steps = steps(page);
    assert!(steps.len() >= 5, "a tour has steps");
    let mut bound = Bound {
        random: RegexBuilder::new(RANDOM)
            .ignore_whitespace(true)
            .build()
            .unwrap(),
        parts: BTreeMap::new(),
    };
    let mut service = None;
    let mut exports = String::new();
    for step in &steps {
        let command = bound.replace(&step.command);
        if command.starts_with("anteroom serve") {
            let arguments: Vec<&str> = command.split(' ').skip(1).collect();
            let started = Service::start(place.anteroom(&arguments));
            bound.compare(&step.command, &step.expected, started.log());
            service = Some(started);
            continue;
        }
        let output = place
            .command("sh")
            .arg("-c")
            .arg(format!("exec 2>&1\n{exports}{command}"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "$ {command}\n{text}");
        let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        bound.compare(&step.command, &step.expected, &lines);
        if command.starts_with("export ") {
            exports.push_str(&command);
            exports.push('\n');
        }
    }
    let (status, log) = service.unwrap().stop();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn the_first_screen_names_the_two_commands() {
    let screen: Vec<&str> = README.lines().take(40).collect();
    for command in ["cargo run --release -- serve", "cargo xtask test"] {
        assert!(screen.contains(&command), "{command}");
    }
}

#[test]
fn the_readmes_links_lead_somewhere() {
    assert_links_lead_somewhere(README, "");
}

/// Checks the relative links of a page in this folder of the project.
pub(crate) fn assert_links_lead_somewhere(page: &str, folder: &str) {
    let links = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let targets: Vec<&str> = links
        .captures_iter(page)
        .filter_map(|link| link.get(1))
        .map(|target| target.as_str())
        .collect();
    assert!(!targets.is_empty());
    for target in targets {
        let path = std::path::Path::new(root).join(folder).join(target);
        assert!(path.exists(), "{target}");
    }
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (false, _) => {}
            (true, line) => match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    expected: Vec::new(),
                }),
                (None, Some(step)) if step.command.ends_with('\\') => {
                    step.command.push('\n');
                    step.command.push_str(line);
                }
                (None, Some(step)) => step.expected.push(line.to_owned()),
                (None, None) => unreachable!("a block starts with a command"),
            },
        }
    }
    for step in &mut steps {
        // The empty lines between two commands are for the reader.
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    steps
}

impl Bound {
    /// A command of the README with this run's parts.
    fn replace(&self, command: &str) -> String {
        self.random
            .replace_all(command, |part: &regex::Captures<'_>| {
                let part = &part[0];
                self.parts.get(part).map_or(part, String::as_str).to_owned()
            })
            .into_owned()
    }

    fn compare(&mut self, command: &str, expected: &[String], actual: &[String]) {
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
                // The same part stands for the same thing; but a run may cross midnight.
                let may_change = kind == "time" || kind == "day";
                assert!(
                    may_change || known.is_none_or(|known| known == real),
                    "{part} is two things in:\n{shown}"
                );
            }
        }
    }

    /// A line with the names of its random parts in their places, and those parts.
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
