//! The rule about imports: the files of a crate do not use each other in a circle.
//!
//! A file uses another if it names an item that the other defines, directly or through a re-export. A
//! parent's `mod` and `pub use` of its children alone are no use.

mod module;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::module::{ModulePath, Modules, Path};
use super::{Violation, project::Project};

/// The number of re-exports that lead to a definition at most.
const MOST_HOPS: usize = 20;

/// A use of one file by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The file below `src`.
    pub file: String,
    /// The line there.
    pub line: usize,
    /// The path as written.
    pub path: String,
}

/// Checks all crates of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let mut crates: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (file, text) in project.texts(".rs") {
        if let Some((folder, inside)) = file.split_once("/src/") {
            crates.entry(folder).or_default().insert(inside, text);
        }
    }
    let mut violations = Vec::new();
    for (folder, files) in &crates {
        for circle in circles_of(files) {
            if let Some(first) = circle.first() {
                let place = format!("{folder}/src/{}:{}", first.file, first.line);
                violations.push(Violation::new(place, rule_of(&circle)));
            }
        }
    }
    violations
}

fn rule_of(circle: &[Use]) -> String {
    let uses: Vec<String> = circle
        .iter()
        .map(|one| format!("{}:{} uses {}", one.file, one.line, one.path))
        .collect();
    format!(
        "imports in a circle, so that no file can be read without the others: {}; move what they share \
         into a file that uses none of them",
        uses.join(", ")
    )
}

/// Returns the circles of a crate: for each group of files that use each other a shortest one. The input
/// is the crate's files below `src` with their texts.
#[must_use]
pub fn circles_of(files: &BTreeMap<&str, &str>) -> Vec<Vec<Use>> {
    let edges = edges_of(&Modules::of(files));
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for file in edges.keys() {
        if seen.contains(file) {
            continue;
        }
        let after = reached(&edges, file);
        if !after.contains(file) {
            continue;
        }
        let group = after
            .iter()
            .filter(|other| reached(&edges, other).contains(file));
        let group: Vec<&String> = group.collect();
        circles.extend(
            group
                .iter()
                .filter_map(|file| shortest_circle(&edges, file))
                .min_by_key(Vec::len),
        );
        seen.extend(group.into_iter().cloned());
    }
    circles
}

/// The uses of other files, by the using file and the used one.
type Edges = BTreeMap<String, BTreeMap<String, Use>>;

fn edges_of(modules: &Modules) -> Edges {
    let mut edges = Edges::new();
    for (scope, module) in &modules.all {
        let from = modules.file_of(scope);
        let mut note = |path: &[String], line: usize, target: &[String]| {
            let to = modules.file_of(target);
            if from != to {
                let used = Use {
                    file: from.to_owned(),
                    line,
                    path: path.join("::"),
                };
                let uses = edges.entry(from.to_owned()).or_default();
                uses.entry(to.to_owned()).or_insert(used);
            }
        };
        let private = |path: &&Path| !path.is_public;
        for Path { segments, line, .. } in module.globs.iter().filter(private) {
            if let Some(target) = modules.target(scope, segments, 0) {
                note(segments, *line, &target);
            }
        }
        let imports = module.imports.values().filter(private);
        let imports = imports.map(|path| (&path.segments, path.line));
        let mentions = module.mentions.iter().map(|(path, line)| (path, *line));
        for (path, line) in imports.chain(mentions) {
            // The name of a module alone is no use of an item in it.
            if let Some(target) = modules.target(scope, path, 0)
                && !modules.all.contains_key(&target)
            {
                note(path, line, &target);
            }
        }
    }
    edges
}

impl Modules {
    /// The file that a module or item stands in.
    fn file_of(&self, path: &[String]) -> &str {
        (0..=path.len())
            .rev()
            .filter_map(|end| self.files.get(path.get(..end)?))
            .map(String::as_str)
            .next()
            .unwrap_or_default()
    }

    /// The module or item of this crate that a path means in a module; `None` for another crate's.
    fn target(&self, scope: &[String], path: &[String], hops: usize) -> Option<ModulePath> {
        let (head, rest) = path.split_first()?;
        let base = match head.as_str() {
            "crate" => Vec::new(),
            "self" => scope.to_vec(),
            "super" => parent(scope)?,
            _ => return self.named(scope, path, false, hops),
        };
        let supers = rest
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        let base = (0..supers).try_fold(base, |base, _| parent(&base))?;
        self.named(&base, rest.get(supers..)?, true, hops)
    }

    /// The module or item that names mean in a module. Names that `must` be there are taken as a macro's
    /// if no item is found.
    fn named(
        &self,
        scope: &[String],
        names: &[String],
        must: bool,
        hops: usize,
    ) -> Option<ModulePath> {
        let Some((name, rest)) = names.split_first() else {
            return Some(scope.to_vec());
        };
        let module = self.all.get(scope).filter(|_| hops < MOST_HOPS)?;
        let inner: ModulePath = scope.iter().chain([name]).cloned().collect();
        if self.all.contains_key(&inner) && (!rest.is_empty() || !module.imports.contains_key(name))
        {
            return self.named(&inner, rest, true, hops);
        }
        if module.items.contains(name) {
            return Some(inner);
        }
        if let Some(import) = module.imports.get(name) {
            let path: Vec<String> = import.segments.iter().chain(rest).cloned().collect();
            return self.target(scope, &path, hops + 1);
        }
        if let Some(definer) = self.exported_macros.get(name).filter(|_| scope.is_empty()) {
            return Some(definer.iter().chain([name]).cloned().collect());
        }
        let mut globs = module.globs.iter().filter_map(|glob| {
            let target = self.target(scope, &glob.segments, hops + 1)?;
            let is_module = target != scope && self.all.contains_key(&target);
            is_module.then(|| self.named(&target, names, false, hops + 1))?
        });
        globs.next().or_else(|| must.then_some(inner))
    }
}

fn parent(path: &[String]) -> Option<ModulePath> {
    path.split_last().map(|(_, parent)| parent.to_vec())
}

/// The files that a file uses, directly or through others.
fn reached(edges: &Edges, start: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(file) = open.pop() {
        for next in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

/// A shortest way from a file back to itself.
fn shortest_circle(edges: &Edges, start: &str) -> Option<Vec<Use>> {
    let mut from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for next in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if !from.contains_key(next.as_str()) {
                from.insert(next, file);
                open.push_back(next);
            }
        }
    }
    let mut circle = Vec::new();
    let mut to = start;
    loop {
        let file = *from.get(to)?;
        circle.push(edges.get(file)?.get(to)?.clone());
        to = file;
        if to == start {
            break;
        }
    }
    circle.reverse();
    Some(circle)
}
