//! The modules of a crate, as the tokens of its files show them: the items that each defines, the names
//! that it imports, and the paths that it mentions. Code under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::tokens::{Token, tokens};

/// A path from the root of the crate.
pub(super) type ModulePath = Vec<String>;

/// The words that stand before the name of an item.
const ITEMS: [&str; 9] = [
    "const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union",
];

/// The words that an item begins with, and some of those that it goes on with.
const ITEM_STARTS: [&str; 14] = [
    "async", "const", "enum", "extern", "fn", "impl", "mod", "pub", "static", "struct", "trait",
    "type", "unsafe", "use",
];

/// A module.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The names of its own items.
    pub(super) items: BTreeSet<String>,
    /// The names that its `use` declarations bring in, with their paths as written.
    pub(super) imports: BTreeMap<String, Path>,
    /// The modules and enums whose names are all imported.
    pub(super) globs: Vec<Path>,
    /// The paths in its code outside of `use` declarations, with their first lines.
    pub(super) mentions: BTreeMap<Vec<String>, usize>,
}

/// A path as a module writes it.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// Whether the path stands in a `use` declaration that passes the name on.
    pub(super) is_public: bool,
}

/// The modules of a crate.
#[derive(Debug, Default)]
pub(super) struct Modules {
    pub(super) all: BTreeMap<ModulePath, Module>,
    /// The modules that have a file, with the file's name below `src`.
    pub(super) files: BTreeMap<ModulePath, String>,
    /// The macros of `#[macro_export]`, which stand at the root, with their modules.
    pub(super) exported_macros: BTreeMap<String, ModulePath>,
    /// The modules that only tests have.
    test_only: BTreeSet<ModulePath>,
}

impl Modules {
    /// Reads the files of a crate: their names below `src`, and their texts.
    pub(super) fn of(files: &BTreeMap<&str, &str>) -> Self {
        let mut modules = Self::default();
        modules.all.insert(ModulePath::new(), Module::default());
        for (name, text) in files {
            let path = module_path(name);
            modules.files.insert(path.clone(), (*name).to_owned());
            Reader::new(&mut modules, path).read(&tokens(text));
        }
        let test_only = std::mem::take(&mut modules.test_only);
        let is_tested = |path: &ModulePath| {
            (0..=path.len()).any(|end| path.get(..end).is_some_and(|path| test_only.contains(path)))
        };
        modules.all.retain(|path, _| !is_tested(path));
        modules.files.retain(|path, _| !is_tested(path));
        modules
    }
}

/// The module of a file below `src`.
fn module_path(file: &str) -> ModulePath {
    let mut path: ModulePath = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    let is_root =
        path.len() == 1 && matches!(path.last().map(String::as_str), Some("lib" | "main"));
    if is_root || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// Reads the tokens of one file.
struct Reader<'a> {
    modules: &'a mut Modules,
    /// The module of the next token.
    scope: ModulePath,
    /// The number of open braces around the next token, in the file.
    depth: usize,
    /// The depths outside of the inline modules around the next token.
    outer_depths: Vec<usize>,
}

/// The attributes before an item.
#[derive(Clone, Copy, Default)]
struct Attributes {
    tests_only: bool,
    exports_macro: bool,
}

impl<'a> Reader<'a> {
    fn new(modules: &'a mut Modules, scope: ModulePath) -> Self {
        modules.all.entry(scope.clone()).or_default();
        Self {
            modules,
            scope,
            depth: 0,
            outer_depths: Vec::new(),
        }
    }

    fn module(&mut self) -> &mut Module {
        self.modules.all.entry(self.scope.clone()).or_default()
    }

    fn read(&mut self, tokens: &[Token<'_>]) {
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
        let mut attributes = Attributes::default();
        let mut is_public = false;
        let mut at = 0;
        while at < tokens.len() {
            match text(at) {
                "#" if text(at + 1) == "[" => {
                    let end = group_end(tokens, at + 1);
                    let inside: Vec<&str> = (at + 2..end).map(text).collect();
                    attributes.tests_only |= matches!(
                        inside.as_slice(),
                        ["cfg", "(", "test", ..] | ["cfg", "(", "all", "(", "test", ..]
                    );
                    attributes.exports_macro |= inside.first() == Some(&"macro_export");
                    at = end;
                    continue;
                }
                _ if attributes.tests_only => {
                    at = self.skip(tokens, at);
                    attributes = Attributes::default();
                    continue;
                }
                "pub" => {
                    is_public = true;
                    at = if text(at + 1) == "(" {
                        group_end(tokens, at + 1)
                    } else {
                        at + 1
                    };
                    continue;
                }
                // `use<'a>` is a bound.
                "use" if text(at + 1) != "<" => {
                    let end = (at..tokens.len()).find(|at| text(*at) == ";");
                    let end = end.unwrap_or(tokens.len());
                    self.import(tokens.get(at + 1..end).unwrap_or_default(), &[], is_public);
                    at = end;
                }
                "mod" if text(at + 2) == "{" => {
                    self.module().items.insert(text(at + 1).to_owned());
                    self.outer_depths.push(self.depth);
                    self.depth += 1;
                    self.scope.push(text(at + 1).to_owned());
                    self.module();
                    at += 2;
                }
                "macro_rules" => {
                    let name = text(at + 2).to_owned();
                    if attributes.exports_macro {
                        let module = self.scope.clone();
                        self.modules.exported_macros.insert(name.clone(), module);
                    }
                    self.module().items.insert(name);
                    at += 2;
                }
                item if ITEMS.contains(&item) && self.is_outside_of_items() => {
                    self.module().items.insert(text(at + 1).to_owned());
                    // The name is read again if the keyword goes on, as in `const fn`.
                    at += usize::from(!ITEMS.contains(&text(at + 1)));
                }
                "{" => self.depth += 1,
                "}" => self.close(),
                _ if is_path_start(tokens, at) => {
                    let line = tokens.get(at).map_or(0, |token| token.line);
                    let path = path_at(tokens, at);
                    at += path.len() * 2 - 2;
                    self.module().mentions.entry(path).or_insert(line);
                }
                _ => {}
            }
            is_public = false;
            attributes = Attributes::default();
            at += 1;
        }
    }

    fn is_outside_of_items(&self) -> bool {
        self.depth == self.outer_depths.last().map_or(0, |depth| depth + 1)
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.outer_depths.last() == Some(&self.depth) {
            self.outer_depths.pop();
            self.scope.pop();
        }
    }

    /// Returns the place after an item, field or statement that only tests have.
    fn skip(&mut self, tokens: &[Token<'_>], start: usize) -> usize {
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
        let is_item = ITEM_STARTS.contains(&text(start));
        let mut words = (start..tokens.len()).take_while(|at| !matches!(text(*at), ";" | "{"));
        let name = words.find(|at| text(*at) == "mod");
        if let Some(name) = name.filter(|at| text(at + 2) == ";") {
            let mut path = self.scope.clone();
            path.push(text(name + 1).to_owned());
            self.modules.test_only.insert(path);
        }
        let mut at = start;
        while at < tokens.len() {
            match text(at) {
                "{" => return group_end(tokens, at),
                "(" | "[" => at = group_end(tokens, at),
                ";" => return at + 1,
                "," if !is_item => return at + 1,
                "}" => return at,
                _ => at += 1,
            }
        }
        at
    }

    /// Notes the names of a `use` declaration, or of a part of it after the path `prefix`.
    fn import(&mut self, tree: &[Token<'_>], prefix: &[String], is_public: bool) {
        if prefix.is_empty() && tree.first().is_some_and(|token| token.text == "::") {
            // Another crate's.
            return;
        }
        let mut segments = prefix.to_vec();
        let line = tree.first().map_or(0, |token| token.line);
        let mut name = None;
        let mut at = 0;
        while let Some(token) = tree.get(at) {
            match token.text {
                "{" => {
                    let end = group_end(tree, at).saturating_sub(1);
                    for part in parts(tree.get(at + 1..end).unwrap_or_default()) {
                        self.import(part, &segments, is_public);
                    }
                    return;
                }
                "*" => {
                    let path = Path {
                        segments,
                        line,
                        is_public,
                    };
                    self.module().globs.push(path);
                    return;
                }
                "as" => {
                    name = tree.get(at + 1).map(|token| token.text.to_owned());
                    break;
                }
                "self" if !segments.is_empty() => {}
                word if token.is_word() => segments.push(word.to_owned()),
                _ => {}
            }
            at += 1;
        }
        let Some(name) = name.or_else(|| segments.last().cloned()) else {
            return;
        };
        // Several traits may be imported without a name.
        let name = match name.as_str() {
            "_" => format!("_ {}", segments.join("::")),
            _ => name,
        };
        let path = Path {
            segments,
            line,
            is_public,
        };
        self.module().imports.insert(name, path);
    }
}

/// The parts of a list, at its commas.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut depth = 0_usize;
    let is_comma = |token: &Token<'_>| {
        match token.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        token.text == "," && depth == 0
    };
    let parts = tokens.split(is_comma);
    parts.filter(|part| !part.is_empty()).collect()
}

/// Returns the place after the group that opens at `start`.
fn group_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn is_path_start(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    tokens.get(at).is_some_and(Token::is_word)
        && !before.is_some_and(|before| matches!(before.text, "." | "::"))
}

fn path_at(tokens: &[Token<'_>], start: usize) -> Vec<String> {
    let mut at = start;
    let mut segments = Vec::new();
    while let Some(token) = tokens.get(at).filter(|token| token.is_word()) {
        segments.push(token.text.to_owned());
        if tokens.get(at + 1).is_none_or(|token| token.text != "::") {
            break;
        }
        at += 2;
    }
    segments
}
