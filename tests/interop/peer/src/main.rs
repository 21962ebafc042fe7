//! The peer of the interoperability tests: this project's crates behind a line protocol.
//!
//! Reads one JSON object a line (`{"operation": NAME, ...arguments}`), executes the operation with the
//! product's own crates and answers with one JSON object a line: `{"ok": ...}`, or `{"error": "parse" |
//! "verify"}` for the protocol's two errors, or `{"error": "refused", "detail": ...}` for those of the
//! client. A malformed request (a mistake of the test, not of the protocol) is answered with `{"error":
//! "request", "detail": ...}`.
//!
//! Byte strings are lower-case hex, ids are text, times are seconds since 1970. Randomness comes with the
//! request: this program draws none.

mod arguments;
mod call_links;
mod endorsements;
mod groups;
mod keys;
mod sdk;

use std::io::{BufRead, Write, stdin, stdout};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::arguments::{Arguments, Failure};

fn main() -> Result<()> {
    let runtime = sdk::runtime()?;
    let mut answers = stdout().lock();
    for line in stdin().lock().lines() {
        let line = line.context("standard input is not readable")?;
        let answer = match runtime.block_on(run(&line)) {
            Ok(value) => json!({ "ok": value }),
            Err(Failure::Parse) => json!({ "error": "parse" }),
            Err(Failure::Verify) => json!({ "error": "verify" }),
            Err(Failure::Refused(detail)) => json!({ "error": "refused", "detail": detail }),
            Err(Failure::Request(detail)) => json!({ "error": "request", "detail": detail }),
        };
        writeln!(answers, "{answer}").context("standard output is not writable")?;
        answers.flush().context("standard output is not writable")?;
    }
    Ok(())
}

/// Executes the operation of one line.
async fn run(line: &str) -> Result<Value, Failure> {
    let arguments = Arguments::parse(line)?;
    let operation = arguments.text("operation")?;
    let (family, name) = operation
        .split_once('.')
        .ok_or_else(|| Failure::unknown(operation))?;
    match family {
        "call_link" => call_links::run(name, &arguments),
        "group" => groups::run(name, &arguments),
        "endorsements" => endorsements::run(name, &arguments),
        "keys" => keys::run(name, &arguments).await,
        "sdk" => sdk::run(name, &arguments).await,
        _ => Err(Failure::unknown(operation)),
    }
}
