//! The rule about the files of modules: `foo.rs` stands beside the folder `foo`. Folders of integration
//! tests may have a `mod.rs`, since cargo takes every file beside them as a test of its own.

use std::{collections::BTreeSet, path::Path};

use anyhow::Result;

use super::{Violation, files::project_files};

/// The crates that still have a `mod.rs`, by their folders. The list only shrinks.
const EXCUSED: &[&str] = &[];

/// Checks the files of the project.
///
/// # Errors
/// If git cannot list them.
pub fn violations(root: &Path) -> Result<Vec<Violation>> {
    let mut files = project_files(root)?;
    files.retain(|file| root.join(file).exists());
    Ok(violations_of(&files, EXCUSED))
}

/// Checks the names of files.
#[must_use]
pub fn violations_of(files: &[String], excused: &[&str]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut found = BTreeSet::new();
    for file in files {
        let Some((folder, inside)) = file.split_once("/src/") else {
            continue;
        };
        let Some(module) = inside.strip_suffix("/mod.rs") else {
            continue;
        };
        found.insert(folder);
        if !excused.contains(&folder) {
            let rule = format!(
                "modules have one style, so that a name leads to one file: rename it to {module}.rs, \
                 beside its folder"
            );
            violations.push(Violation::new(file, rule));
        }
    }
    for folder in excused.iter().filter(|folder| !found.contains(*folder)) {
        let rule = "has no mod.rs any more: take it off the list in the rule";
        violations.push(Violation::new(*folder, rule));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_other_style_is_noticed_and_so_is_an_empty_excuse() {
        for (file, excused, place) in [
            (
                "crates/x/src/a/mod.rs",
                &[][..],
                Some("crates/x/src/a/mod.rs"),
            ),
            ("crates/x/src/a/mod.rs", &["crates/x"], None),
            ("crates/x/src/a.rs", &["crates/x"], Some("crates/x")),
            ("crates/x/src/a.rs", &[], None),
            ("crates/x/tests/a/mod.rs", &[], None),
        ] {
            let violations = violations_of(&[file.to_owned()], excused);
            let places: Vec<&str> = violations.iter().map(|one| one.place.as_str()).collect();
            assert_eq!(places, Vec::from_iter(place), "{file} {excused:?}");
        }
    }
}
