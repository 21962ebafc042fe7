//! The rule about the files of modules: `foo.rs` stands beside the folder `foo`. Folders of integration
//! tests may have a `mod.rs`, since cargo takes every file beside them as a test of its own.

use std::path::Path;

use anyhow::Result;

use super::{Violation, files::project_files};

/// Checks the files of the project.
///
/// # Errors
/// If git cannot list them.
pub fn violations(root: &Path) -> Result<Vec<Violation>> {
    let mut files = project_files(root)?;
    files.retain(|file| root.join(file).exists());
    Ok(violations_of(&files))
}

/// Checks the names of files.
#[must_use]
pub fn violations_of(files: &[String]) -> Vec<Violation> {
    let violation = |file: &String| {
        let (_, inside) = file.split_once("/src/")?;
        let module = inside.strip_suffix("/mod.rs")?;
        let rule = format!(
            "modules have one style, so that a name leads to one file: rename it to {module}.rs, beside \
             its folder"
        );
        Some(Violation::new(file, rule))
    };
    files.iter().filter_map(violation).collect()
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
            let violations = violations_of(&[file.to_owned()]);
            assert_eq!(!violations.is_empty(), is_noticed, "{file}");
        }
    }
}
