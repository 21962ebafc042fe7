//! The rules about files detect violations.

use xtask::rules::files::violations_of;

#[test]
fn what_no_file_may_contain_is_noticed_with_its_line() {
    for (file, line) in [
        ("a.rs", ["    todo", "!()"].concat()),
        ("a.rs", ["#[", "ignore]"].concat()),
        ("a.rs", ["#[", "allow(dead_code)]"].concat()),
        ("a.test.mjs", ["test.on", "ly('it', () => {})"].concat()),
        (
            "tests/interop/package-lock.json",
            ["\"resolved\"", ": \"\""].concat(),
        ),
        (
            "Cargo.lock",
            ["source = \"git", "+https://example.org\""].concat(),
        ),
        ("README.md", ["cd /", "work/here"].concat()),
        ("docs/a.md", ["/home", "/someone"].concat()),
    ] {
        let violations = violations_of(file, &format!("first\n{line}\n"));
        assert_eq!(violations.len(), 1, "{file}: {line}");
        assert_eq!(violations[0].place, format!("{file}:2"));
    }
}

#[test]
fn the_same_text_is_fine_in_files_that_the_rule_is_not_about() {
    let text = ["todo", "!()"].concat();
    assert_eq!(violations_of("docs/a.md", &text), []);
}
