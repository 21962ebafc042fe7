//! The user's name in calls. It is asked for once, and stored.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use anteroom_console::{failure::Failure, files, terminal::home_path};
use anteroom_protocol::printable;
use anyhow::Context as _;

use crate::known_devices::shown_name;

/// The maximum length of a name, in characters. Other clients cut it to this length too.
const MAX_CHARS: usize = 60;

/// The file of the name.
pub struct NameFile(PathBuf);

impl NameFile {
    /// Returns the file in the directory of the user's own files.
    pub fn of_user(directory: &Path) -> Self {
        Self(directory.join("call-name"))
    }

    /// Returns the given name, or the stored one, or the user's answer, which is then stored. An empty answer
    /// is stored too, and means that the user has no name.
    pub fn name(
        &self,
        given: Option<&str>,
        ask: impl FnOnce() -> io::Result<Option<String>>,
    ) -> anyhow::Result<Option<String>> {
        if let Some(name) = given {
            return Ok(sendable(name, "--as")?);
        }
        let stored = files::if_there(fs::read_to_string(&self.0));
        if let Some(name) = stored.map_err(|error| self.failure("read", error))? {
            return Ok(sendable(&name, &home_path(&self.0))?);
        }
        let answer = ask().context("the answer cannot be read")?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let name = sendable(&answer, "your answer")?;
        let text = name.clone().unwrap_or_default();
        self.keep(&text)
            .map_err(|error| self.failure("written", error))?;
        Ok(name)
    }

    /// Asks at the terminal, if there is one.
    pub fn ask(&self) -> io::Result<Option<String>> {
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

    fn keep(&self, name: &str) -> io::Result<()> {
        if let Some(parent) = self.0.parent() {
            fs::create_dir_all(parent)?;
        }
        files::replace(&self.0, format!("{name}\n").as_bytes())
    }

    fn failure(&self, verb: &str, error: io::Error) -> Failure {
        let path = home_path(&self.0);
        Failure::failed(format!("the name in {path} cannot be {verb}"))
            .with_reason(error)
            .next("Give one with --as")
    }
}

/// Returns a name as it is sent; nothing if it shows nothing. `place` is where it was found.
fn sendable(name: &str, place: &str) -> Result<Option<String>, Failure> {
    let name = shown_name(&printable(name.trim(), usize::MAX));
    match name.chars().count() {
        0 => Ok(None),
        1..=MAX_CHARS => Ok(Some(name)),
        length => {
            let what = format!("the name in the call is too long: {place} has {length} characters");
            let next = format!("Choose one of at most {MAX_CHARS}: give it with --as");
            Err(Failure::new("name_too_long", what).next(next))
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use anteroom_console::report::{ErrorReport, sentence};

    fn cannot_prompt() -> io::Result<Option<String>> {
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
            let given = file.name(Some("Bob"), cannot_prompt).unwrap();
            assert_eq!(given.as_deref(), Some("Bob"));
            assert_eq!(
                file.name(None, || Ok(Some(answer.to_owned()))).unwrap(),
                expected
            );
            assert_eq!(file.name(None, cannot_prompt).unwrap(), expected);
            assert_eq!(file.name(Some(""), cannot_prompt).unwrap(), None);
            let given = file.name(Some("Bob"), cannot_prompt).unwrap();
            assert_eq!(given.as_deref(), Some("Bob"));
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_refused_with_the_limit_and_not_kept() {
        let dir = TempDir::new().unwrap();
        let file = NameFile::of_user(dir.path());
        let (longest, long) = ("日".repeat(60), "n".repeat(61));
        let given = file.name(Some(&longest), cannot_prompt).unwrap();
        assert_eq!(given.as_deref(), Some(longest.as_str()));
        let given = file.name(Some(&long), cannot_prompt);
        let answered = file.name(None, || Ok(Some(long.clone())));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(dir.path().join("call-name"), &long).unwrap();
        let stored = file.name(None, cannot_prompt);
        for (outcome, place) in [
            (given, "--as"),
            (answered, "your answer"),
            (stored, "call-name"),
        ] {
            let shown = ErrorReport::of(&outcome.unwrap_err()).to_string();
            assert!(
                shown.contains(&format!("{place} has 61 characters")),
                "{shown}"
            );
            assert!(shown.contains("at most 60"), "{shown}");
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
        let error = file.name(None, cannot_prompt).unwrap_err();
        let shown = sentence(&error);
        assert!(shown.ends_with("Give one with --as"), "{shown}");
    }
}
