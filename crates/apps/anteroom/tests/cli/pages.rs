//! The pages of the documentation: their links.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
        .canonicalize()
        .unwrap()
}

/// Returns the pages at the root and below `docs`, with their texts.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut folders = vec![root().join("docs")];
    let mut files = entries(&root());
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        (file, text)
    };
    files.into_iter().map(read).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Returns the anchors of a page's headings, as Markdown renderers generate them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let letters = heading.chars().filter_map(|letter| match letter {
                ' ' => Some('-'),
                '-' | '_' => Some(letter),
                letter => letter.is_alphanumeric().then_some(letter),
            });
            letters.collect()
        })
        .collect()
}

#[test]
fn the_links_of_every_page_lead_to_a_file_and_to_a_heading_of_it() {
    let links = Regex::new(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)").unwrap();
    let pages = pages();
    assert!(pages.len() > 20);
    for (page, text) in &pages {
        for link in links.captures_iter(text) {
            let (target, anchor) = (&link[1], link.get(2));
            let path = match target {
                "" => page.clone(),
                target => page.parent().unwrap().join(target),
            };
            let shown = format!("{} in {}", &link[0], page.display());
            assert!(path.exists(), "{shown}");
            let Some(anchor) = anchor else { continue };
            let target = pages.get(&path.canonicalize().unwrap());
            let target = target.unwrap_or_else(|| unreachable!("no page: {shown}"));
            let is_there = anchors(target).iter().any(|known| known == anchor.as_str());
            assert!(is_there, "no such heading: {shown}");
        }
    }
}
