//! The rules about packages of npm and Python detect violations.

use xtask::rules::packages::{violations_of_lock, violations_of_requirements};

const LOCK: &str = "tests/interop/package-lock.json";
const LIST: &str = "xtask/requirements.txt";

/// Returns a lock file with the project's own entry and one package.
fn lock(name: &str, fields: &str) -> String {
    format!(
        r#"{{"lockfileVersion": 3, "packages": {{
            "": {{"name": "tests", "license": "none of ours"}},
            "node_modules/a/node_modules/{name}": {{"version": "1.0.0", {fields}}}
        }}}}"#
    )
}

#[test]
fn an_npm_package_has_an_allowed_licence_and_a_hash() {
    for (name, fields, expected) in [
        ("a", r#""license": "MIT", "integrity": "sha512-aa""#, 0),
        (
            "axe-core",
            r#""license": "MPL-2.0", "integrity": "sha512-aa""#,
            0,
        ),
        ("a", r#""license": "MPL-2.0", "integrity": "sha512-aa""#, 1),
        (
            "axe-core",
            r#""license": "AGPL-3.0-only", "integrity": "sha512-aa""#,
            1,
        ),
        (
            "a",
            r#""license": "MIT AND GPL-2.0", "integrity": "sha512-aa""#,
            1,
        ),
        ("a", r#""integrity": "sha512-aa""#, 1),
        ("a", r#""license": "MIT""#, 1),
        ("a", r#""license": "MIT", "integrity": "sha1-aa""#, 1),
        ("a", r#""link": true"#, 2),
    ] {
        let violations = violations_of_lock(LOCK, &lock(name, fields));
        assert_eq!(
            violations.len(),
            expected,
            "{name}: {fields}: {violations:?}"
        );
        assert!(violations.iter().all(|violation| {
            violation.place == LOCK && violation.rule.starts_with(&format!("{name} "))
        }));
    }
}

#[test]
fn what_is_no_lock_file_is_noticed() {
    let violations = violations_of_lock(LOCK, "{}");
    assert_eq!(violations.len(), 1);
    let rule = &violations[0].rule;
    assert!(rule.starts_with("is no lock file of npm: "), "{rule}");
}

#[test]
fn a_python_package_is_pinned_by_version_and_hash() {
    for (text, expected) in [
        (
            "# a comment\n\na==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n",
            0,
        ),
        ("a==1.0 ; python_version < '4' --hash=sha256:aa\n", 0),
        ("a==1.0\n", 1),
        ("a==1.0\nb==1.0 --hash=sha256:aa\nc\n", 2),
        ("a>=1.0 --hash=sha256:aa\n", 1),
        ("a==1.0 --hash=md5:aa\n", 1),
        ("a @ git+file:///somewhere --hash=sha256:aa\n", 1),
    ] {
        assert_eq!(
            violations_of_requirements(LIST, text).len(),
            expected,
            "{text}"
        );
    }
}
