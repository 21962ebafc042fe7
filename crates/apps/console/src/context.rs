//! The values that every command is given.

use serde::Serialize;

use crate::{
    data_dir::DataDir,
    environment::Environment,
    terminal::{print, print_json},
};

/// The form of the output, the data directory and the variables of a command.
#[derive(Clone)]
pub struct Context {
    /// Whether the command prints JSON.
    pub json: bool,
    /// The data directory of the services, or of those that a client looks for.
    pub data: DataDir,
    /// The variables at the start of the process.
    pub environment: Environment,
}

impl Context {
    /// Prints the result of a command: as one line of JSON, or as text for a person.
    pub fn show(&self, result: &impl Serialize, text: &str) -> anyhow::Result<()> {
        if self.json {
            print_json(result)
        } else {
            print(text)
        }
    }

    /// Returns the value of a flag, or else of the variable that stands for it.
    pub fn value(&self, flag: Option<&str>, variable: &str) -> anyhow::Result<Option<String>> {
        match flag {
            Some(value) => Ok(Some(value.to_owned())),
            None => Ok(self
                .environment
                .text(variable)?
                .map(|text| text.to_string())),
        }
    }
}
