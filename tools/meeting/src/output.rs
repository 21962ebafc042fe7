//! The standard output.

use std::io::{self, Write as _};

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
