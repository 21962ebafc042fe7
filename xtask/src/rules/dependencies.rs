//! The permitted dependencies of crates, compared with `cargo metadata`.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::{
    Violation,
    layers::{
        COMMON, EDGES, Exception, KNOWN, LAYERS, Layer, MEETING_PLACES, RESERVED,
        RESERVED_EXCEPTIONS, Reserved, WALLS,
    },
    project::Project,
};

/// The crates of the workspace with their dependencies.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    members: BTreeMap<String, Member>,
}

#[derive(Clone, Debug, Default)]
struct Member {
    /// From the root of the project; empty if unknown.
    folder: String,
    dependencies: Vec<Dependency>,
}

/// One edge of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The package depended on.
    pub name: String,
    /// Whether only tests see it.
    pub dev: bool,
}

impl Graph {
    /// Reads the workspace whose root this is.
    ///
    /// # Errors
    /// If `cargo metadata` fails.
    pub fn read(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .no_deps()
            .exec()
            .context("cargo metadata fails")?;
        Ok(Self::from(&metadata))
    }

    /// Adds a crate.
    #[must_use]
    pub fn with(mut self, name: &str, dependencies: impl IntoIterator<Item = Dependency>) -> Self {
        let member = self.members.entry(name.to_owned()).or_default();
        member.dependencies = dependencies.into_iter().collect();
        self
    }

    /// Puts a crate into a folder.
    #[must_use]
    pub fn at(mut self, name: &str, folder: &str) -> Self {
        let member = self.members.entry(name.to_owned()).or_default();
        folder.clone_into(&mut member.folder);
        self
    }

    /// Removes a crate.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.members.remove(name);
        self
    }

    /// Returns whether the workspace has a crate of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Returns the violations of the graph's crates and edges.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (name, member) in &self.members {
            let Some(layer) = Layer::of(name) else {
                let rule = "has no layer: give it a line in the table of layers";
                violations.push(Violation::new(name, rule));
                continue;
            };
            violations.extend(member.misplaced(name, layer));
            violations.extend(member.straddles(name, layer));
            for dependency in &member.dependencies {
                violations.extend(self.forbidden(name, layer, dependency));
                violations.extend(reserved(name, layer, dependency));
            }
        }
        for (side, names) in WALLS.iter().enumerate() {
            for name in *names {
                violations.extend(self.reached_beyond(side, name));
            }
        }
        violations
    }

    /// The violation of an edge that the layers do not allow.
    fn forbidden(&self, name: &str, layer: Layer, dependency: &Dependency) -> Option<Violation> {
        let known = Layer::of(&dependency.name).filter(|_| self.has(&dependency.name))?;
        // Tests may use crates above or beside. The walls hold for them too.
        let is_allowed = dependency.dev
            || layer.known().contains(&known)
            || (dependency.name == COMMON && layer != Layer::Xtask)
            || is_exception(EDGES, name, &dependency.name);
        (!is_allowed).then(|| {
            Violation::new(
                name,
                format!(
                    "must not depend on {}, since the layer {layer:?} does not know the layer {known:?}: move \
                     the code to a layer that both know, or add an exception with its reason to the table \
                     of layers",
                    dependency.name
                ),
            )
        })
    }

    /// The violation if a crate on one side of a wall reaches another side.
    fn reached_beyond(&self, side: usize, start: &str) -> Option<Violation> {
        let mut from = BTreeMap::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            let member = self.members.get(name);
            for dependency in member.into_iter().flat_map(|member| &member.dependencies) {
                let to = dependency.name.as_str();
                let meets = Layer::of(to).is_some_and(|layer| MEETING_PLACES.contains(&layer));
                if meets || !self.has(to) || to == start || from.contains_key(to) {
                    continue;
                }
                from.insert(to, name);
                if is_beyond(side, to) {
                    let way = way(&from, start, to);
                    let rule = format!(
                        "must not reach {to}, in tests neither, since what the two know stays apart: {way}; \
                         let them meet in `server` or the testkit"
                    );
                    return Some(Violation::new(start, rule));
                }
                open.push(to);
            }
        }
        None
    }

    /// Returns the entries of the tables that nothing uses.
    #[must_use]
    pub fn stale_entries(&self) -> Vec<Violation> {
        let mut stale = Vec::new();
        let named = LAYERS.iter().map(|(name, _)| *name);
        for name in named.filter(|name| !self.has(name)) {
            let rule = "is no crate of the workspace: take its line out of the table of layers";
            stale.push(Violation::new(name, rule));
        }
        for (layer, known) in KNOWN {
            let unused = known.iter().filter(|known| !self.uses(*layer, **known));
            stale.extend(unused.map(|known| {
                let rule = format!(
                    "no crate depends on one of the layer {known:?}: take it out of the layers that this one \
                     knows"
                );
                Violation::new(format!("layer {layer:?}"), rule)
            }));
        }
        for (name, known, _) in EDGES.iter().chain(RESERVED_EXCEPTIONS) {
            if !self.depends(name, known) {
                let rule = format!("does not depend on {known}: take out the exception");
                stale.push(Violation::new(*name, rule));
            }
        }
        stale
    }

    /// Whether a crate of a layer depends on one of another. True if one of them has no crate.
    fn uses(&self, layer: Layer, known: Layer) -> bool {
        let of = |layer: Layer| {
            let names = self.members.iter();
            names.filter(move |(name, _)| Layer::of(name) == Some(layer))
        };
        of(layer).next().is_none()
            || of(known).next().is_none()
            || of(layer)
                .flat_map(|(_, member)| &member.dependencies)
                .any(|dependency| !dependency.dev && Layer::of(&dependency.name) == Some(known))
    }

    fn depends(&self, name: &str, known: &str) -> bool {
        let member = self.members.get(name);
        member.is_some_and(|member| {
            let mut dependencies = member.dependencies.iter();
            dependencies.any(|dependency| !dependency.dev && dependency.name == known)
        })
    }

    /// Returns the dependencies on crates of the workspace that the dependent does not name in its sources.
    #[must_use]
    pub fn unnamed(&self, project: &Project) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (name, member) in &self.members {
            let ours = |dependency: &&Dependency| !dependency.dev && self.has(&dependency.name);
            for dependency in member.dependencies.iter().filter(ours) {
                let folder = format!("{}/src/", member.folder);
                let word = dependency.name.replace('-', "_");
                let mut sources = project.texts(".rs");
                if !sources.any(|(file, text)| file.starts_with(&folder) && text.contains(&word)) {
                    let rule = format!(
                        "depends on {} and does not name it: take it out of its Cargo.toml",
                        dependency.name
                    );
                    violations.push(Violation::new(name, rule));
                }
            }
        }
        violations
    }
}

impl Member {
    fn misplaced(&self, name: &str, layer: Layer) -> Option<Violation> {
        let folders = layer.folder();
        let stands = folders.iter().any(|folder| self.folder.starts_with(folder));
        (!self.folder.is_empty() && !stands).then(|| {
            let rule = format!(
                "stands in {}, and the layer {layer:?} in {}: move it, or change its layer",
                self.folder,
                folders.join(" or ")
            );
            Violation::new(name, rule)
        })
    }

    /// The violation of a crate that depends on several sides of a wall and is no meeting place.
    fn straddles(&self, name: &str, layer: Layer) -> Option<Violation> {
        let known = |side: &[&str]| {
            let mut names = self.dependencies.iter().map(|one| one.name.as_str());
            names.find(|name| side.contains(name))
        };
        let known: Vec<&str> = WALLS.iter().filter_map(|side| known(side)).collect();
        (known.len() > 1 && !MEETING_PLACES.contains(&layer)).then(|| {
            let rule = format!(
                "must not depend on {} alike, in tests neither, since what they know stays apart: let them \
                 meet in `server` or the testkit",
                known.join(" and ")
            );
            Violation::new(name, rule)
        })
    }
}

fn is_exception(exceptions: &[Exception], name: &str, known: &str) -> bool {
    let mut edges = exceptions.iter();
    edges.any(|(from, to, _)| (*from, *to) == (name, known))
}

/// Whether a crate stands on another side of a wall than this one.
fn is_beyond(side: usize, name: &str) -> bool {
    let mut others = WALLS.iter().enumerate().filter(|(other, _)| *other != side);
    others.any(|(_, names)| names.contains(&name))
}

/// The way to a crate, as its crates with arrows.
fn way(from: &BTreeMap<&str, &str>, start: &str, to: &str) -> String {
    let mut names = vec![to];
    while let Some(name) = names.last().filter(|name| **name != start) {
        let Some(before) = from.get(name) else {
            break;
        };
        names.push(before);
    }
    names.reverse();
    names.join(" → ")
}

/// The violation of a dependency on a package that is reserved for others.
fn reserved(name: &str, layer: Layer, dependency: &Dependency) -> Option<Violation> {
    let matches = |reserved: &&Reserved| dependency.name.starts_with(reserved.prefix);
    let reserved = RESERVED.iter().find(matches)?;
    let may = reserved.layers.contains(&layer)
        || reserved.crates.contains(&name)
        || (dependency.dev && reserved.in_tests)
        || is_exception(RESERVED_EXCEPTIONS, name, &dependency.name);
    (!may).then(|| {
        Violation::new(
            name,
            format!(
                "must not depend on {}: {}",
                dependency.name, reserved.reason
            ),
        )
    })
}

impl From<&Metadata> for Graph {
    fn from(metadata: &Metadata) -> Self {
        let root = metadata.workspace_root.as_std_path();
        let packages = metadata.workspace_packages().into_iter();
        packages.fold(Self::default(), |graph, package| {
            let dependencies = package.dependencies.iter().map(|dependency| Dependency {
                name: dependency.name.clone(),
                dev: dependency.kind == DependencyKind::Development,
            });
            let folder = package.manifest_path.as_std_path().parent();
            let folder = folder.and_then(|folder| folder.strip_prefix(root).ok());
            let folder = folder.unwrap_or(root).to_string_lossy();
            graph
                .with(&package.name, dependencies)
                .at(&package.name, &folder)
        })
    }
}
