//! Statements in the database file of a running service.

use std::{path::Path, process::Command};

const SCRIPT: &str = "import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute(sys.argv[2])
database.close()";

/// Executes a statement as another process does.
///
/// # Panics
/// Python is not installed, or the statement fails.
pub fn execute_sql(file: &Path, statement: &str) {
    let mut command = Command::new("python3");
    command.args(["-c", SCRIPT]).arg(file).arg(statement);
    let status = command.status().expect("python3 must be installed");
    assert!(status.success(), "{statement}");
}
