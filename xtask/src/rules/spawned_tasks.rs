//! The rule about background tasks: `anteroom_runtime::spawn_task` starts them, so that their log lines tell
//! the task.

use super::{
    Violation,
    project::Project,
    tokens::{Token, tokens},
    without_excused,
};

/// The files and folders that start tasks otherwise, with the reason.
const EXCUSED: &[(&str, &str)] = &[
    ("crates/kit/runtime/src/task.rs", "is that function"),
    ("crates/sdk/", "logs nothing"),
    (
        "crates/services/rooms/src/domain/calls",
        "the tasks of a call share the call's span",
    ),
    (
        "crates/services/rooms/src/http/socket.rs",
        "a socket has the span of the call that it joins",
    ),
    (
        "crates/store/store/src/conformance/",
        "tests of all databases",
    ),
];

/// Checks all sources of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    violations_except(EXCUSED, project)
}

fn violations_except(excused: &[(&str, &str)], project: &Project) -> Vec<Violation> {
    let sources = project.texts(".rs");
    let sources = sources.filter(|(file, text)| is_product(file) && text.contains("::spawn"));
    let violations = sources.filter_map(|(file, text)| {
        let line = spawning_line(&tokens(text))?;
        let rule = "starts a task without a name: use anteroom_runtime::spawn_task";
        Some(Violation::new(format!("{file}:{line}"), rule))
    });
    without_excused(
        violations.collect(),
        excused,
        |folder, place| place.starts_with(folder),
        "starts no task any more: take it off the list in the rule",
    )
}

/// Returns whether a file is code of a running program: neither of tests nor of tools.
fn is_product(file: &str) -> bool {
    file.starts_with("crates/")
        && file.contains("/src/")
        && !file.starts_with("crates/testkit/")
        && !file.ends_with("/tests.rs")
}

/// Returns the line that starts a task of the runtime, before the unit tests of the file.
fn spawning_line(tokens: &[Token<'_>]) -> Option<usize> {
    let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    let tests = texts
        .windows(4)
        .position(|four| four == ["cfg", "(", "test", ")"]);
    let is_start = |three: &[&str]| matches!(three, ["tokio" | "task", "::", "spawn"]);
    let at = texts.windows(3).position(is_start)?;
    if tests.is_some_and(|tests| tests < at) {
        return None;
    }
    tokens.get(at).map(|token| token.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noticed(file: &str, text: &str, excused: &[(&str, &str)]) -> Vec<String> {
        let found = violations_except(excused, &Project::of([(file, text)]));
        found.into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn only_named_tasks_are_started() {
        const FILE: &str = "crates/kit/x/src/a.rs";
        for (file, text, is_noticed) in [
            (FILE, "fn f() {\ntokio::spawn(g());", true),
            (FILE, "fn f() {\ntokio::task::spawn(g());", true),
            (FILE, "fn f() {\nuse tokio::spawn;", true),
            (
                FILE,
                "fn f() {\nspawn_task(\"x\", g()); thread::spawn(g);",
                false,
            ),
            (FILE, "// tokio::spawn(g());", false),
            (
                FILE,
                "#[cfg(test)]\nmod tests { tokio::spawn(g()); }",
                false,
            ),
            ("crates/kit/x/tests/a.rs", "tokio::spawn(g());", false),
            ("crates/testkit/src/a.rs", "tokio::spawn(g());", false),
            ("tools/load/src/a.rs", "tokio::spawn(g());", false),
        ] {
            let expected: &[&str] = if is_noticed {
                &["crates/kit/x/src/a.rs:2"]
            } else {
                &[]
            };
            assert_eq!(noticed(file, text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn an_excuse_counts_for_its_folder_and_only_as_long_as_it_is_needed() {
        let excused = [("crates/sdk/", "a reason")];
        assert!(noticed("crates/sdk/x/src/a.rs", "tokio::spawn(f());", &excused).is_empty());
        assert_eq!(
            noticed("crates/sdk/x/src/a.rs", "", &excused),
            ["crates/sdk/"]
        );
    }
}
