//! The failure of a command in the only form for users and scripts: a code, what failed, why, and the next
//! step.

use std::{error::Error, fmt, sync::Arc};

use crate::{exit_status::ExitStatus, explanation::Explanation};

/// A failure that says the next step. Texts are sentences without a capital
/// and a full stop; the next step has a capital.
#[derive(Clone, Debug)]
pub struct Failure {
    what: String,
    why: Option<Arc<anyhow::Error>>,
    explanation: Explanation,
}

impl Failure {
    /// Returns a failure of this code.
    pub fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            explanation: Explanation::failed(code),
        }
    }

    /// A failure that has no code of its own.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::Failed.code(), what)
    }

    /// The failure that an error is, or that it stands for.
    pub fn of(error: anyhow::Error) -> Self {
        let other = |error: anyhow::Error| Self::failed(format!("{error:#}"));
        error.downcast().unwrap_or_else(other)
    }

    /// The failure of a setting, which stands at a place in a file, in a variable or in a flag.
    pub fn of_setting(place: impl fmt::Display, why: anyhow::Error) -> Self {
        Self::new("setting_invalid", format!("{place} cannot be used"))
            .with_reason(why)
            .next("Look it up in anteroom settings")
    }

    /// The same with the exit status of a refusal, for what a service would refuse too.
    pub const fn refused(mut self) -> Self {
        self.explanation.status = ExitStatus::Refused;
        self
    }

    /// The same with this cause.
    pub fn with_reason(mut self, why: impl Into<anyhow::Error>) -> Self {
        self.why = Some(Arc::new(why.into()));
        self
    }

    /// Returns the code, the exit status and the next step.
    pub fn explanation(&self) -> Explanation {
        self.explanation.clone()
    }

    /// Adds the next step.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.explanation = self.explanation.next(next);
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

    /// The sources of the program's crates.
    fn all_sources() -> Vec<String> {
        let mut files = Vec::new();
        let apps = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for folder in fs::read_dir(apps).unwrap() {
            sources(&folder.unwrap().path().join("src"), &mut files);
        }
        files
    }

    /// The Rust files below a folder.
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
        let page = include_str!("../../../../docs/commands.md");
        let pattern =
            r#"(?:Failure::new|Explanation::(?:failed|refused|unreachable))\(\s*"([a-z_]+)""#;
        let pattern = Regex::new(pattern).unwrap();
        let files = all_sources();
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

    #[test]
    fn no_error_hides_the_next_step_in_the_sentence_of_the_failure() {
        let verbs = "add|ask|carry|check|choose|copy|delete|finish|give|keep|leave|look|move|name|put|\
                     raise|read|restore|rotate|run|say|set|start|stop|take|tell|try|unset|use|wait|\
                     write";
        let text = format!(r#""(?:[^"\\]|\\.)*?[:;,] (?:{verbs}) "#);
        let error = format!(r#"(?:bail!|anyhow!|ensure!|context|Failure::failed)\([^;"]*?{text}"#);
        let (error, line_break) = (Regex::new(&error).unwrap(), Regex::new(r"\\\n\s*").unwrap());
        assert!(error.is_match("bail!(\"it failed: use another one\")"));
        for file in all_sources() {
            let product = file.split("#[cfg(test)]").next().unwrap();
            let product = line_break.replace_all(product, "");
            for found in error.find_iter(&product) {
                assert!(found.as_str().contains(".next("), "{}", found.as_str());
            }
        }
    }
}
