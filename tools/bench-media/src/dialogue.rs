//! Requests line by line from standard input, each answered with a line of JSON.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Answers requests until the input ends.
///
/// # Errors
/// A request cannot be read or carried out.
pub fn answer_all<Request: DeserializeOwned, Answer: Serialize>(
    mut answer: impl FnMut(Request) -> Result<Answer>,
) -> Result<()> {
    let mut output = io::stdout();
    for line in io::stdin().lines() {
        let request = serde_json::from_str(&line?).context("a request cannot be read")?;
        writeln!(output, "{}", serde_json::to_string(&answer(request)?)?)?;
        output.flush()?;
    }
    Ok(())
}
