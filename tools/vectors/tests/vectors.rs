//! The project's own vector files are correct, and changes of them are detected.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use anteroom_vectors::{Outcome, check_folder, check_text};
use serde_json::Value;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../crates/pure/protocol/tests/vectors"
);

const FILES: [&str; 7] = [
    "call-links",
    "groups",
    "hellos",
    "member-presentations",
    "proofs",
    "root-keys",
    "sho",
];

#[test]
fn every_file_of_the_project_holds() {
    let reports = check_folder(Path::new(FOLDER)).unwrap();
    assert_eq!(reports.len(), FILES.len());
    for report in reports {
        assert!(report.passed(), "{report}");
    }
}

#[test]
fn a_file_is_known_by_the_shape_of_its_entries() {
    for stem in FILES {
        let text = read(stem);
        let outcome = check_text("another-name", &text);
        assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
    }
}

#[test]
fn a_difference_in_any_byte_string_or_number_is_noticed() {
    for stem in FILES {
        let entries: Vec<Value> = serde_json::from_str(&read(stem)).unwrap();
        let first = &entries[0];
        for pointer in leaves(first) {
            // This project's form of these fields differs, and they contain nothing that others do not.
            if pointer == "/server_secret_params" && stem == "groups"
                || pointer == "/generic_credential_key_randomness_is_server_randomness"
            {
                continue;
            }
            let mut changed = first.clone();
            if !change(changed.pointer_mut(&pointer).unwrap()) {
                continue;
            }
            let text = serde_json::to_string(&[changed]).unwrap();
            let outcome = check_text(stem, &text);
            assert!(
                matches!(outcome, Outcome::Failed { .. }),
                "{stem}{pointer}: {outcome:?}"
            );
        }
    }
}

#[test]
fn files_of_no_known_kind_are_unreadable() {
    for text in ["", "{}", "[]", "[1]", r#"[{"a": 1}]"#] {
        let outcome = check_text("unknown", text);
        assert!(
            matches!(outcome, Outcome::Unreadable(_)),
            "{text}: {outcome:?}"
        );
    }
}

#[test]
fn a_folder_without_vectors_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("README.md"), "nothing").unwrap();
    assert!(check_folder(folder.path()).is_err());
}

fn read(stem: &str) -> String {
    fs::read_to_string(format!("{FOLDER}/{stem}.json")).unwrap()
}

/// Pointers to all texts and numbers of a value.
fn leaves(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| {
        leaves(value)
            .into_iter()
            .map(|rest| format!("/{key}{rest}"))
            .collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| below(key, value))
            .collect(),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .flat_map(|(index, value)| below(&index.to_string(), value))
            .collect(),
        _ => vec![String::new()],
    }
}

/// Changes a leaf to another value of the same kind. Returns whether it was changed; an empty one is not.
fn change(leaf: &mut Value) -> bool {
    let changed = match &*leaf {
        Value::String(text) => match text.pop_last() {
            Some((rest, '0')) => Value::from(format!("{rest}1")),
            Some((rest, _)) => Value::from(format!("{rest}0")),
            None => return false,
        },
        Value::Number(number) => Value::from(number.as_u64().unwrap() + 1),
        _ => return false,
    };
    *leaf = changed;
    true
}

/// Splits off the last character of a text.
trait PopLast {
    fn pop_last(&self) -> Option<(&str, char)>;
}

impl PopLast for String {
    fn pop_last(&self) -> Option<(&str, char)> {
        let last = self.chars().next_back()?;
        Some((&self[..self.len() - last.len_utf8()], last))
    }
}
