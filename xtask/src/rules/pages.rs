//! The pages of the project: their links lead somewhere, and the code that they name exists.
//!
//! A page names code as `path/to/file.rs`, `path/to/file.rs::item` or a folder, from the root of the
//! project. In a fenced block a path may be relative to the folder that was named last in the block.

use std::collections::BTreeSet;

use super::{Violation, project::Project};

/// The page about what is gone: it may name code that does not exist any more.
const HISTORY: &str = "CHANGELOG.md";

/// The folders that hold the code which pages name.
const ROOTS: [&str; 6] = [
    "crates/",
    "docs/",
    "tests/browser/",
    "tests/interop/",
    "tools/",
    "xtask/",
];

/// Characters of patterns and placeholders, which name no file.
const PLACEHOLDERS: [char; 6] = ['*', '{', '<', '$', '=', '…'];

/// The words before the name of an item.
const ITEMS: [&str; 8] = [
    "const", "enum", "fn", "mod", "static", "struct", "trait", "type",
];

/// Checks all pages of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let pages = project.texts(".md");
    pages
        .flat_map(|(page, text)| violations_of(project, page, text))
        .collect()
}

/// Checks the text of a page with this name.
fn violations_of(project: &Project, page: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut block = None;
    for (index, line) in text.lines().enumerate() {
        let mut rules = Vec::new();
        if line.trim_start().starts_with("```") {
            block = match block {
                None => Some(String::new()),
                Some(_) => None,
            };
        } else if block.is_none() {
            rules.extend(links_of(line).filter_map(|link| dead_link(project, page, text, link)));
        }
        if page != HISTORY {
            let words = words_of(line);
            rules.extend(words.filter_map(|word| missing_code(project, word, &mut block)));
        }
        let place = format!("{page}:{}", index + 1);
        let broken = rules.into_iter().map(|rule| Violation::new(&place, rule));
        violations.extend(broken);
    }
    violations
}

fn dead_link(project: &Project, page: &str, text: &str, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => Some(page.to_owned()),
        _ => resolved(page, file),
    };
    let Some(target) = target else {
        return Some(format!(
            "links to {file}, which is outside of the project: link to a page of the project"
        ));
    };
    if !exists(project, &target) {
        return Some(format!("links to {target}, which does not exist"));
    }
    if anchor.is_empty() {
        return None;
    }
    let headings = match target == page {
        true => headings_of(text),
        false => headings_of(project.text(&target)?),
    };
    let is_dead = !headings.contains(anchor);
    is_dead.then(|| format!("links to #{anchor}, which {target} does not have"))
}

/// The rule that a word breaks if it names code that does not exist. A folder becomes the one that
/// the next words of the block are relative to.
fn missing_code(project: &Project, word: &str, block: &mut Option<String>) -> Option<String> {
    let (named, items) = word.split_once("::").unwrap_or((word, ""));
    let file = match block {
        _ if ROOTS.iter().any(|root| named.starts_with(root)) => named.to_owned(),
        Some(folder) if named.ends_with(".rs") && !folder.is_empty() => {
            format!("{folder}/{named}")
        }
        _ => return None,
    };
    let file = file.trim_end_matches('/');
    if !exists(project, file) {
        return Some(format!("names {file}, which does not exist"));
    }
    if let (Some(folder), false) = (block, project.has_file(file)) {
        file.clone_into(folder);
    }
    if items.is_empty() || !file.ends_with(".rs") {
        return None;
    }
    let text = project.text(file)?;
    let missing = items.split("::").find(|item| !defines(text, item))?;
    Some(format!("names `{missing}`, which {file} does not define"))
}

fn exists(project: &Project, path: &str) -> bool {
    project.has_file(path) || project.has_folder(path)
}

/// The targets of a line's links and pictures.
fn links_of(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
}

/// The words of a line that could name a file.
fn words_of(line: &str) -> impl Iterator<Item = &str> {
    let is_boundary = |c: char| {
        c.is_whitespace() || matches!(c, '`' | '(' | ')' | '[' | ']' | ',' | ';' | '|' | '#')
    };
    line.split(is_boundary)
        .map(|word| word.trim_end_matches(['.', ':', '?', '!']))
        .filter(|word| !word.contains(PLACEHOLDERS))
}

/// A path as a page names it, from the root of the project; `None` if it leaves the project.
fn resolved(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchors of a page's headings, as the common web views of repositories make them.
fn headings_of(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if line.starts_with('#') && !is_block {
            let anchor = anchor_of(line.trim_start_matches('#').trim());
            let repeated = (1..).map(|number| format!("{anchor}-{number}"));
            let mut names = std::iter::once(anchor.clone()).chain(repeated);
            anchors.extend(names.find(|name| !anchors.contains(name)));
        }
    }
    anchors
}

fn anchor_of(heading: &str) -> String {
    let letters = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        _ if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c),
        _ => None,
    });
    letters.collect::<String>().to_lowercase()
}

/// Whether a file of Rust has an item of this name.
fn defines(text: &str, name: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    ITEMS.iter().any(|item| {
        let item = format!("{item} {name}");
        text.match_indices(&item).any(|(at, _)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + item.len()..);
            let after = after.and_then(|text| text.chars().next());
            ![before, after].into_iter().flatten().any(is_letter)
        })
    })
}
