//! The failure of a command in the only form for users and scripts: a code, what failed, why, and the next
//! step.

mod explanation;
mod report;

use std::{error::Error, fmt, sync::Arc};

pub(crate) use self::{explanation::CERTIFICATE_OF_SERVICE, report::ErrorReport};

/// A failure with the exit status 1 and a next step. Texts are sentences without a capital at the start and a
/// full stop; the next step starts with a capital.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: &'static str,
    what: String,
    why: Option<Arc<anyhow::Error>>,
    next: Option<String>,
}

impl Failure {
    /// Returns a failure of this code.
    pub(crate) fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            why: None,
            next: None,
        }
    }

    /// Converts an error to the failure that it contains or corresponds to.
    pub(crate) fn of(error: anyhow::Error) -> Self {
        let other = |error: anyhow::Error| Self::new("failed", format!("{error:#}"));
        error.downcast().unwrap_or_else(other)
    }

    /// Returns the failure of a setting; `place` names the file, the variable or the flag.
    pub(crate) fn of_setting(place: impl fmt::Display, why: anyhow::Error) -> Self {
        Self::new("setting_invalid", format!("{place} cannot be used"))
            .because(why)
            .next("Look it up in anteroom settings")
    }

    /// Adds the cause.
    pub(crate) fn because(mut self, why: impl Into<anyhow::Error>) -> Self {
        self.why = Some(Arc::new(why.into()));
        self
    }

    /// Adds the next step.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.why.as_deref().map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use regex::Regex;

    /// Collects the Rust files below a folder.
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_code_of_the_command_line_stands_in_the_documents() {
        let page = include_str!("../../../docs/commands.md");
        let pattern =
            r#"(?:Failure::new|Explanation::(?:failed|refused|unreachable))\(\s*"([a-z_]+)""#;
        let pattern = Regex::new(pattern).unwrap();
        let mut files = Vec::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut files,
        );
        let mut codes: Vec<&str> = files
            .iter()
            .flat_map(|text| pattern.captures_iter(text))
            .filter_map(|found| found.get(1))
            .map(|code| code.as_str())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        assert!(codes.len() > 20, "{codes:?}");
        for code in codes {
            assert!(page.contains(&format!("`{code}`")), "{code}");
        }
    }
}
