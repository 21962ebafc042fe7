//! The rule about the files of modules: `foo.rs` stands beside the folder `foo`. Folders of integration
//! tests may have a `mod.rs`, since cargo takes every file beside them as a test of its own.

use super::{Violation, project::Project};

/// Checks the names of the project's files.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let violation = |file: &str| {
        let (_, inside) = file.split_once("/src/")?;
        let module = inside.strip_suffix("/mod.rs")?;
        let rule = format!(
            "modules have one style, so that a name leads to one file: rename it to {module}.rs, beside \
             its folder"
        );
        Some(Violation::new(file, rule))
    };
    project.names().filter_map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_other_style_is_noticed() {
        for (file, is_noticed) in [
            ("crates/x/src/a/mod.rs", true),
            ("crates/x/src/a.rs", false),
            ("crates/x/tests/a/mod.rs", false),
        ] {
            let violations = violations(&Project::of([(file, "")]));
            assert_eq!(!violations.is_empty(), is_noticed, "{file}");
        }
    }
}
