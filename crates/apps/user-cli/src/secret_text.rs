//! Secret arguments of the command line. Other users of the machine can read a command line, so the secret
//! may be in a file, come from standard input, or be typed.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Read},
};

use anteroom_console::failure::Failure;
use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// No link or key is longer, in bytes.
const LONGEST: u64 = 4096;

/// The part of standard input that contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// All input.
    Whole,
    /// The first line; the rest is for the command.
    FirstLine,
}

/// Returns the text of an argument: `@FILE` for the content of a file, `-` for standard input, no argument
/// for input at a terminal, and any other argument for itself. `noun` names the text in messages, as in "the
/// link".
pub(crate) fn read(
    argument: Option<&str>,
    noun: &str,
    input: Input,
) -> anyhow::Result<Zeroizing<String>> {
    match argument {
        Some("-") if io::stdin().is_terminal() => ask(noun),
        Some("-") => of_input(noun, input),
        Some(text) => match text.strip_prefix('@') {
            Some(path) => {
                let failure = || format!("{noun} cannot be read from {path}");
                let file = File::open(path).with_context(failure)?;
                bounded(file, noun).with_context(failure)
            }
            None => Ok(Zeroizing::new(text.to_owned())),
        },
        None if io::stdin().is_terminal() => ask(noun),
        None => bail!(
            Failure::failed(format!("{noun} is missing"))
                .next("Give it, @FILE, or - for standard input")
        ),
    }
}

fn of_input(noun: &str, input: Input) -> anyhow::Result<Zeroizing<String>> {
    let failure = || format!("{noun} cannot be read from standard input");
    if input == Input::Whole {
        return bounded(io::stdin().lock(), noun).with_context(failure);
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .take(LONGEST)
        .read_line(&mut line)
        .with_context(failure)?;
    Ok(line)
}

fn bounded(source: impl Read, noun: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    source.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        bail!("it is longer than {noun} can be");
    }
    Ok(text)
}

/// Asks at the terminal without echo.
fn ask(noun: &str) -> anyhow::Result<Zeroizing<String>> {
    let prompt = format!("Paste {noun} (it is not shown): ");
    Ok(rpassword::prompt_password(prompt).map(Zeroizing::new)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn of_argument(argument: &str) -> anyhow::Result<Zeroizing<String>> {
        read(Some(argument), "the link", Input::Whole)
    }

    #[test]
    fn a_text_is_itself_or_stands_in_a_file() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("link");
        fs::write(&path, "text\n").unwrap();
        let at = |path: &std::path::Path| format!("@{}", path.display());
        assert_eq!(*of_argument("text").unwrap(), "text");
        assert_eq!(*of_argument(&at(&path)).unwrap(), "text\n");
        fs::write(&path, "x".repeat(4097)).unwrap();
        for (argument, complaint) in [
            (at(&path), "longer than the link can be"),
            (at(&dir.path().join("none")), "cannot be read from"),
        ] {
            let shown = format!("{:#}", of_argument(&argument).unwrap_err());
            assert!(shown.contains(complaint), "{shown}");
        }
    }
}
