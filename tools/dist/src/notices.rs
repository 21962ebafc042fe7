//! Names, licences and notices of the libraries that the program contains.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, Metadata, Package, PackageId};

/// The prefixes of the names of files with a licence or a notice.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// Returns a text that lists every library of others in `anteroom`, and each different notice once, with
/// those that it belongs to.
pub(super) fn of(metadata: &Metadata) -> Result<String> {
    let libraries = libraries(metadata)?;
    let mut text = String::from("Libraries of others in this program, with their licences.\n\n");
    let mut notices: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &libraries {
        let name = format!("{} {}", package.name, package.version);
        let license = package.license.as_deref().unwrap_or("see its notice below");
        writeln!(text, "{name}: {license}")?;
        for notice in notices_of(package)? {
            notices.entry(notice).or_default().push(name.clone());
        }
    }
    for (notice, names) in notices {
        let line = "-".repeat(80);
        write!(
            text,
            "\n{line}\n{}\n\n{}\n",
            names.join(", "),
            notice.trim()
        )?;
    }
    Ok(text)
}

/// Returns the third-party packages in the program, without those of builds and tests.
fn libraries(metadata: &Metadata) -> Result<Vec<&Package>> {
    let resolve = metadata.resolve.as_ref().context("no dependencies")?;
    let nodes: BTreeMap<&PackageId, _> =
        resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let workspace = metadata.workspace_packages();
    let start = workspace.iter().find(|package| package.name == "anteroom");
    let mut open = vec![&start.context("no package anteroom")?.id];
    let mut seen: BTreeSet<&PackageId> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        open.extend(
            dependencies
                .filter(|dependency| {
                    let mut kinds = dependency.dep_kinds.iter();
                    kinds.any(|kind| kind.kind == DependencyKind::Normal)
                })
                .map(|dependency| &dependency.pkg),
        );
    }
    let mut libraries: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| seen.contains(&package.id) && package.source.is_some())
        .collect();
    libraries.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(libraries)
}

/// Returns the texts of a package's licences.
fn notices_of(package: &Package) -> Result<Vec<String>> {
    let folder = package.manifest_path.parent().map(AsRef::<Path>::as_ref);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.context("a package without a folder")?)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        if path.is_file() && FILES.iter().any(|start| name.starts_with(start)) {
            files.push(path);
        }
    }
    files.sort();
    let texts = files.iter().map(|file| {
        let bytes =
            fs::read(file).with_context(|| format!("{} is not readable", file.display()))?;
        Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
    });
    texts.collect()
}
