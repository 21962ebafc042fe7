//! The pages for contributors name existing things.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use cargo_metadata::MetadataCommand;
use xtask::steps;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns the texts in backquotes that are first cells of a page's tables.
fn first_cells(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let cells = text.lines().filter_map(|line| {
        let (cell, rest) = line.strip_prefix("| `")?.split_once('`')?;
        rest.starts_with(" |").then(|| cell.to_owned())
    });
    cells.collect()
}

#[test]
fn every_step_of_the_tests_is_explained_in_their_order() {
    assert_eq!(first_cells("CONTRIBUTING.md"), steps::names());
}

#[test]
fn every_crate_of_the_workspace_is_on_the_map() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .unwrap();
    let folder = |manifest: &Path| {
        let folder = manifest.parent().unwrap();
        let below = folder.strip_prefix(root()).unwrap();
        below.to_str().unwrap().to_owned()
    };
    let packages = metadata.workspace_packages().into_iter();
    let mut crates: Vec<String> = packages
        .map(|package| folder(package.manifest_path.as_std_path()))
        .collect();
    crates.sort();
    let mut listed = first_cells("docs/crates.md");
    listed.sort();
    assert_eq!(listed, crates);
}
