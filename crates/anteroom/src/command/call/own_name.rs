//! The user's name in calls. It is asked for once, and stored.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use anteroom_protocol::printable;
use anyhow::Context as _;

use super::people::shown_name;
use crate::{files, terminal::home_path};

/// The maximum length of a name, in characters. Other clients cut it to this length too.
const MAX_CHARS: usize = 60;

/// The file of the name.
pub(super) struct NameFile(PathBuf);

impl NameFile {
    /// Returns the file in the directory of the user's own files.
    pub(super) fn of_user(directory: &Path) -> Self {
        Self(directory.join("call-name"))
    }

    /// Returns the given name, or the stored one, or the user's answer, which is then stored. An empty answer
    /// is stored too, and means that the user has no name.
    pub(super) fn name(
        &self,
        given: Option<&str>,
        ask: impl FnOnce() -> io::Result<Option<String>>,
    ) -> anyhow::Result<Option<String>> {
        if let Some(name) = given {
            return Ok(sendable(name));
        }
        let kept = self.read().with_context(|| self.complaint("read"))?;
        if let Some(name) = kept {
            return Ok(sendable(&name));
        }
        let answer = ask().context("the answer cannot be read")?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let name = sendable(&answer);
        let text = name.clone().unwrap_or_default();
        self.keep(&text)
            .with_context(|| self.complaint("written"))?;
        Ok(name)
    }

    /// Asks at the terminal, if there is one.
    pub(super) fn ask(&self) -> io::Result<Option<String>> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(None);
        }
        let mut output = io::stderr().lock();
        write!(
            output,
            "What shall the others call you? It is kept in {} for later calls; Enter alone for no \
             name: ",
            home_path(&self.0)
        )?;
        output.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(Some(answer))
    }

    fn read(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn keep(&self, name: &str) -> io::Result<()> {
        if let Some(parent) = self.0.parent() {
            fs::create_dir_all(parent)?;
        }
        files::replace(&self.0, format!("{name}\n").as_bytes())
    }

    fn complaint(&self, what: &str) -> String {
        format!(
            "the name in {} cannot be {what}: give one with --as",
            home_path(&self.0)
        )
    }
}

/// Returns a name in the form that is sent; `None` if it has no visible character.
fn sendable(name: &str) -> Option<String> {
    let name = shown_name(&printable(name.trim(), MAX_CHARS));
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn unasked() -> io::Result<Option<String>> {
        panic!("nobody is to be asked")
    }

    #[test]
    fn the_name_is_asked_for_once_and_kept_and_another_may_be_given() {
        for (answer, expected) in [
            ("Ann\n", Some("Ann")),
            ("\n", None),
            (" #A  nn#1 \n", Some("A nn1")),
        ] {
            let dir = TempDir::new().unwrap();
            let file = NameFile::of_user(&dir.path().join("own"));
            let expected = expected.map(ToOwned::to_owned);
            let given = file.name(Some("Bob"), unasked).unwrap();
            assert_eq!(given.as_deref(), Some("Bob"));
            assert_eq!(
                file.name(None, || Ok(Some(answer.to_owned()))).unwrap(),
                expected
            );
            assert_eq!(file.name(None, unasked).unwrap(), expected);
            assert_eq!(file.name(Some(""), unasked).unwrap(), None);
            let given = file.name(Some("Bob"), unasked).unwrap();
            assert_eq!(given.as_deref(), Some("Bob"));
        }
    }

    #[test]
    fn where_nobody_can_be_asked_nothing_is_kept() {
        let dir = TempDir::new().unwrap();
        let file = NameFile::of_user(dir.path());
        assert_eq!(file.name(None, || Ok(None)).unwrap(), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_cannot_be_read_is_complained_about_with_a_way_out() {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("call-name")).unwrap();
        let file = NameFile::of_user(dir.path());
        let error = file.name(None, unasked).unwrap_err();
        assert!(
            format!("{error:#}").contains("give one with --as"),
            "{error:#}"
        );
    }
}
