//! The values that every command is given.

use crate::{data_dir::DataDir, environment::Environment};

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
