//! Execution of other programs.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, ensure};

/// Variables that cargo sets for this program. A cargo process below it would treat changed values as changes
/// of its inputs.
const OWN_VARIABLES: [&str; 5] = [
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_",
];

/// A program about to run.
pub struct StepCommand {
    command: Command,
    name: String,
}

/// The result of a program.
pub struct Output {
    /// The output.
    pub text: String,
    /// Whether the program succeeded.
    pub success: bool,
}

impl StepCommand {
    /// Returns the cargo that runs this program.
    pub fn cargo(folder: &Path) -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        Self::new(&cargo, "cargo", folder)
    }

    /// Returns a program by its name.
    pub fn program(name: &str, folder: &Path) -> Self {
        Self::new(OsStr::new(name), name, folder)
    }

    /// Creates a command from a path, with the name that messages use.
    pub fn new(program: &OsStr, name: &str, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        // The stack of a program that ends with an error would hide the error from whoever reads the end of
        // a log. Panics keep theirs.
        command.env("RUST_LIB_BACKTRACE", "0");
        for (variable, _) in env::vars_os() {
            let text = variable.to_string_lossy();
            if OWN_VARIABLES.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&variable);
            }
        }
        Self {
            command,
            name: name.to_owned(),
        }
    }

    /// Appends arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for argument in arguments {
            let argument = argument.as_ref();
            self.name.push(' ');
            self.name.push_str(&argument.to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    /// Sets a variable of the program's environment.
    #[must_use]
    pub fn env(mut self, variable: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(variable, value);
        self
    }

    /// Runs the program with its output visible.
    ///
    /// # Errors
    /// The program does not start, or fails.
    pub fn live(mut self) -> Result<()> {
        let status = self.status()?;
        ensure!(status.success(), "{}: {status}", self.name);
        Ok(())
    }

    /// Runs the program with its output visible. Returns whether it succeeds.
    ///
    /// # Errors
    /// The program does not start.
    pub fn succeeds(mut self) -> Result<bool> {
        Ok(self.status()?.success())
    }

    fn status(&mut self) -> Result<ExitStatus> {
        self.command.status().with_context(|| self.unstarted())
    }

    fn unstarted(&self) -> String {
        format!("{} does not start", self.name)
    }

    /// Runs it, and shows its output only if it fails.
    ///
    /// # Errors
    /// The program does not start, or fails.
    pub fn quietly(self) -> Result<()> {
        self.output().map(drop)
    }

    /// Runs the program with its output hidden, and returns the standard output.
    ///
    /// # Errors
    /// The program does not start, or fails.
    pub fn output(mut self) -> Result<String> {
        let output = self.command.output().with_context(|| self.unstarted())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} fails:\n{text}{errors}",
            self.name
        );
        Ok(text)
    }

    /// Runs the program with its output hidden, and returns the output.
    ///
    /// # Errors
    /// The program does not start.
    pub fn captured(mut self) -> Result<Output> {
        let output = self.command.output().with_context(|| self.unstarted())?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(Output {
            text,
            success: output.status.success(),
        })
    }

    /// Runs the program with its output visible, and returns the standard output.
    ///
    /// # Errors
    /// The program does not start.
    #[expect(
        clippy::print_stdout,
        reason = "the output of the program goes where this program's goes"
    )]
    pub fn followed(mut self) -> Result<Output> {
        let mut process = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| self.unstarted())?;
        let output = process.stdout.take().context("no output")?;
        let mut text = String::new();
        for line in BufReader::new(output).split(b'\n') {
            let line = line.with_context(|| format!("{} cannot be followed", self.name))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            text.push_str(&line);
            text.push('\n');
        }
        let status = process.wait()?;
        Ok(Output {
            text,
            success: status.success(),
        })
    }
}
