//! Passwords. They come from a file, a variable or a prompt, and never from a flag.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{environment::Environment, failure::Failure};

/// The possible sources of a password, in order.
pub struct PasswordSource<'a> {
    /// The file of `--password-file`; `-` is a line of standard input.
    pub file: Option<&'a Path>,
    /// The variable that is read next.
    pub variable: Option<&'static str>,
    /// The prompt that a terminal shows last.
    pub prompt: &'static str,
}

impl PasswordSource<'_> {
    /// Returns the password. A line break at its end does not count.
    pub fn read(&self, environment: &Environment) -> anyhow::Result<SecretString> {
        match self.given(environment)? {
            Some(password) => Ok(password),
            None => ask(self.prompt),
        }
    }

    /// Reads a new password, which a terminal asks for twice.
    pub fn read_new(&self, environment: &Environment) -> anyhow::Result<SecretString> {
        use secrecy::ExposeSecret as _;

        if let Some(password) = self.given(environment)? {
            return Ok(password);
        }
        let password = ask(self.prompt)?;
        if ask("Once more: ")?.expose_secret() != password.expose_secret() {
            bail!("the passwords differ; nothing was changed");
        }
        Ok(password)
    }

    fn given(&self, environment: &Environment) -> anyhow::Result<Option<SecretString>> {
        if let Some(path) = self.file {
            let text = if path == Path::new("-") {
                let mut line = Zeroizing::new(String::new());
                io::stdin()
                    .read_line(&mut line)
                    .context("the password cannot be read from standard input")?;
                line
            } else {
                fs::read_to_string(path)
                    .map(Zeroizing::new)
                    .with_context(|| {
                        format!("the password file {} cannot be read", path.display())
                    })?
            };
            let text = text.trim_end_matches(['\r', '\n']);
            if text.is_empty() {
                let what = format!("the password in {} is empty", path.display());
                bail!(
                    Failure::new("password_missing", what)
                        .next("Write the password into the file, as its first line")
                );
            }
            return Ok(Some(SecretString::from(text)));
        }
        if let Some(variable) = self.variable
            && let Some(text) = environment.text(variable)?
        {
            return Ok(Some(SecretString::from(text.as_str())));
        }
        if !io::stdin().is_terminal() {
            let next = match self.variable {
                Some(variable) => format!("Set {variable}, or use --password-file"),
                None => "Use --password-file".to_owned(),
            };
            let what = "there is no password, and no terminal to ask for it";
            return Err(Failure::new("password_missing", what).next(next).into());
        }
        Ok(None)
    }
}

fn ask(prompt: &str) -> anyhow::Result<SecretString> {
    let text = rpassword::prompt_password(prompt).map(Zeroizing::new)?;
    Ok(SecretString::from(text.as_str()))
}
