//! The numbers of passed and failed tests, from the output of the test runners.

use std::fmt;

use anyhow::{Result, ensure};

use crate::command::Output;

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Counts {
    /// One passed check.
    pub(super) const CHECK: Self = Self {
        passed: 1,
        failed: 0,
    };

    /// One failed check.
    pub(super) const FAILURE: Self = Self {
        passed: 0,
        failed: 1,
    };

    pub(super) const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    pub(super) const fn note(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Counts the results of `cargo test`, which prints one `test result:` line per program.
pub(super) fn of_cargo(output: &Output) -> Result<Counts> {
    let mut counts = Counts::default();
    for line in output.text.lines() {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else {
            continue;
        };
        let result = result.split_once(". ").map_or(result, |(_, rest)| rest);
        for part in result.split("; ") {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => counts.passed += number.parse::<u64>()?,
                Some((number, "failed")) => counts.failed += number.parse::<u64>()?,
                _ => {}
            }
        }
    }
    consistent(counts, output)
}

/// Counts the results of programs that print `# pass N` and `# fail N` at the end: `node --test` with the TAP
/// reporter, and the checker of OpenAPI documents.
pub(super) fn of_tap(output: &Output) -> Result<Counts> {
    let mut counts = Counts::default();
    for line in output.text.lines() {
        if let Some(number) = line.strip_prefix("# pass ") {
            counts.passed += number.trim().parse::<u64>()?;
        }
        for failure in ["# fail ", "# cancelled "] {
            if let Some(number) = line.strip_prefix(failure) {
                counts.failed += number.trim().parse::<u64>()?;
            }
        }
    }
    consistent(counts, output)
}

/// Counts the results of `anteroom-vectors`, which prints one line per file and one more per failed entry.
pub(super) fn of_vectors(output: &Output) -> Result<Counts> {
    let mut counts = Counts::default();
    for line in output.text.lines() {
        match line.split_whitespace().next() {
            Some("ok") => counts.note(true),
            Some("FAILED") => counts.note(false),
            _ => {}
        }
    }
    consistent(counts, output)
}

/// Checks that a run without failures has succeeded and has run something.
fn consistent(counts: Counts, output: &Output) -> Result<Counts> {
    if counts.failed == 0 {
        ensure!(output.success, "the tests did not end well");
        ensure!(counts.passed > 0, "no test was run");
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str, success: bool) -> Output {
        Output {
            text: text.to_owned(),
            success,
        }
    }

    #[test]
    fn the_results_of_all_test_programs_are_added() {
        let text = "test a ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let counts = of_cargo(&output(text, false)).unwrap();
        assert_eq!((counts.passed, counts.failed), (5, 4));
    }

    #[test]
    fn the_summary_of_a_tap_reporter_is_read() {
        let text = "ok 1 - a\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n";
        let counts = of_tap(&output(text, false)).unwrap();
        assert_eq!((counts.passed, counts.failed), (3, 2));
    }

    #[test]
    fn files_of_vectors_are_counted() {
        let text = "ok      sho.json: 3 entries, 9 checks\n\
            FAILED  proofs.json: 1 of 2 entries do not hold\n        entry 0, proof: expected 1\n";
        let counts = of_vectors(&output(text, false)).unwrap();
        assert_eq!((counts.passed, counts.failed), (1, 1));
    }

    #[test]
    fn a_run_that_breaks_off_or_runs_nothing_is_a_failure() {
        let passed = "# pass 3\n# fail 0\n";
        assert!(of_tap(&output(passed, true)).is_ok());
        assert!(of_tap(&output(passed, false)).is_err());
        assert!(of_tap(&output("# pass 0\n# fail 0\n", true)).is_err());
        assert!(of_cargo(&output("", true)).is_err());
    }
}
