//! The files of the project, as the rules read them.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

use anyhow::{Context, Result};

use crate::command::StepCommand;

/// The files that are under version control or could be.
pub struct Project {
    /// By their names from the root. A picture or the like has no text.
    files: BTreeMap<String, Option<String>>,
}

impl Project {
    /// Reads the files of the project whose root this is.
    ///
    /// # Errors
    /// If git cannot list them, or one is not readable.
    pub fn read(root: &Path) -> Result<Self> {
        let names = StepCommand::program("git", root)
            .args(["ls-files", "-z", "--cached", "--others"])
            .args(["--exclude-standard"])
            .output()?;
        let mut files = BTreeMap::new();
        for name in names.split_terminator('\0') {
            let text = match fs::read_to_string(root.join(name)) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == ErrorKind::InvalidData => None,
                // The file was deleted, but is still under version control.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(error).with_context(|| format!("{name} is not readable"));
                }
            };
            files.insert(name.to_owned(), text);
        }
        Ok(Self { files })
    }

    /// Returns a project of these names and texts.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter();
        let owned = files.map(|(name, text)| (name.to_owned(), Some(text.to_owned())));
        Self {
            files: owned.collect(),
        }
    }

    /// Returns the text of a file.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name)?.as_deref()
    }

    /// Returns the names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Returns the files that have a text, and whose names end like this.
    pub(super) fn texts(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        let files = self
            .files
            .iter()
            .filter(move |(name, _)| name.ends_with(suffix));
        files.filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
    }

    /// Returns whether there is a file of this name.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Returns whether there is a folder of this name.
    pub(super) fn has_folder(&self, name: &str) -> bool {
        let inside = format!("{name}/");
        let mut after = self.files.range(inside.clone()..);
        name.is_empty()
            || after
                .next()
                .is_some_and(|(file, _)| file.starts_with(&inside))
    }
}
