//! The pages for contributors name existing things.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use cargo_metadata::{DependencyKind, MetadataCommand};
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

/// The crates of the workspace by their folders, with the names of the folders that they depend on
/// outside of their tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .unwrap();
    let packages = metadata.workspace_packages().into_iter();
    let described = packages.map(|package| {
        let folder = package.manifest_path.as_std_path().parent().unwrap();
        let folder = folder.strip_prefix(root()).unwrap();
        let dependencies = package.dependencies.iter();
        let known = dependencies
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter_map(|dependency| dependency.path.as_ref()?.file_name())
            .map(str::to_owned);
        (folder.to_str().unwrap().to_owned(), known.collect())
    });
    described.collect()
}

/// The texts in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_crate_of_the_workspace_is_on_the_map_with_the_crates_that_it_knows() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, section) = page.split_once("\n## 2. The crates\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let folder = quoted(cells[0]).next().unwrap();
            let known = quoted(cells[2]).map(str::to_owned);
            (folder.to_owned(), known.collect())
        })
        .collect();
    let crates = crates();
    for (folder, known) in &crates {
        assert_eq!(listed.get(folder), Some(known), "{folder}");
    }
    assert_eq!(Vec::from_iter(listed.keys()), Vec::from_iter(crates.keys()));
}
