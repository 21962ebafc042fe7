//! Output to a person, and questions.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

use anteroom_protocol::{Timestamp, disturbs_display};
use anyhow::anyhow;
use rustix::termios::tcgetwinsize;
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Prints a line to standard output. A reader that is gone is no failure: the command finishes its
/// work.
pub fn print(line: &str) -> anyhow::Result<()> {
    match print_to_reader(line) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Prints a line to standard output, for a command that is useless without a reader.
pub fn print_to_reader(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}").map_err(|error| {
        let text = format!("the output cannot be written: {error}");
        io::Error::new(error.kind(), text)
    })
}

/// Prints one line of JSON to standard output, for a command that is useless without a reader.
pub fn print_json_to_reader(value: &impl Serialize) -> io::Result<()> {
    print_to_reader(&serde_json::to_string(value)?)
}

/// Prints the line that reports why a command failed.
pub fn print_error(line: &str) {
    // An error is ignored, since it cannot be reported either.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a result as one line of JSON. It may contain secrets, and is wiped.
pub fn print_json(result: &impl Serialize) -> anyhow::Result<()> {
    print(&Zeroizing::new(serde_json::to_string(result)?))
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug)]
pub struct TerminalSize {
    /// The characters of a line.
    pub columns: usize,
    /// The lines.
    pub rows: usize,
}

/// The size of the terminal that standard output is, if it tells one.
pub fn output_size() -> Option<TerminalSize> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    let is_known = size.ws_col > 0 && size.ws_row > 0;
    is_known.then_some(TerminalSize {
        columns: size.ws_col.into(),
        rows: size.ws_row.into(),
    })
}

/// Whether the user wants no colours (<https://no-color.org>).
pub fn is_colourless() -> bool {
    env::var_os("NO_COLOR").is_some_and(|text| !text.is_empty())
}

/// Returns a text from outside without characters that could control a terminal.
pub fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !disturbs_display(*character))
        .collect()
}

/// Asks for confirmation of an irreversible action, unless `yes` is set. Without a terminal the action is
/// refused.
pub fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            "confirmation_missing",
            "nothing was done, since this cannot be undone and there is no terminal to ask on",
        )
        .with_reason(anyhow!(question.to_owned()))
        .next("Say --yes")
        .into());
    }
    let mut output = io::stderr().lock();
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        let failure = Failure::new("confirmation_denied", "nothing was done");
        return Err(failure.with_reason(anyhow!("the answer was not y")).into());
    }
    Ok(())
}

/// The columns of the terminal that standard output is.
pub fn width() -> Option<usize> {
    output_size().map(|size| size.columns)
}

/// A path, with `~` for the user's home directory.
pub fn home_path(path: &Path) -> String {
    let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    below.map_or_else(
        || path.display().to_string(),
        |below| format!("~/{}", below.display()),
    )
}

/// Returns a day, as 2026-01-31.
pub fn day(moment: Timestamp) -> String {
    date_time(moment).map_or_else(
        || "a day beyond the calendar".to_owned(),
        |time| time.date().to_string(),
    )
}

/// Returns a moment to the second, as 2026-01-31 12:34:56 UTC.
pub fn second(moment: Timestamp) -> String {
    date_time(moment).map_or_else(
        || "a moment beyond the calendar".to_owned(),
        |time| {
            let (hour, minute, second) = time.to_hms();
            format!("{} {hour:02}:{minute:02}:{second:02} UTC", time.date())
        },
    )
}

fn date_time(moment: Timestamp) -> Option<OffsetDateTime> {
    let seconds = i64::try_from(moment.as_secs()).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_as_dates() {
        assert_eq!(day(Timestamp::from_secs(0)), "1970-01-01");
        assert_eq!(day(Timestamp::from_secs(1_767_225_599)), "2025-12-31");
        assert_eq!(
            day(Timestamp::from_secs(u64::MAX)),
            "a day beyond the calendar"
        );
        assert_eq!(
            second(Timestamp::from_secs(1_767_225_599)),
            "2025-12-31 23:59:59 UTC"
        );
        assert_eq!(
            second(Timestamp::from_secs(u64::MAX)),
            "a moment beyond the calendar"
        );
    }

    #[test]
    fn a_text_of_somebody_else_does_not_drive_the_terminal() {
        assert_eq!(plain("a\u{1b}[2J\n\u{202e}b\u{2028}"), "a[2Jb");
    }
}
