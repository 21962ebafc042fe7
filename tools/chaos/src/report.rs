//! The table of a run.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use anyhow::Result;

use crate::{
    journal::{Entry, Visit},
    judge::{Times, Verdict},
};

/// The maximum number of failures of a kind that are listed.
const LISTED: usize = 20;

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

/// Writes the journal to a folder.
pub(crate) fn keep(folder: &Path, journal: &[Entry]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let lines = journal.iter().map(|entry| {
        let Entry { at, visit, event } = entry;
        format!("{:9.3} {} {event:?}\n", at.as_secs_f64(), visit.name())
    });
    fs::write(folder.join("journal.txt"), lines.collect::<String>())?;
    Ok(())
}

/// Prints the table.
pub(crate) fn print(verdict: &Verdict, ends: u32, times: Times) -> Result<()> {
    let Verdict {
        history,
        readings,
        settlings,
        complaints,
    } = verdict;
    let visits = history.visits.len();
    let stays: usize = history.visits.values().map(|one| one.stays.len()).sum();
    let unexpected = history.unexpected_ends();
    let lost: usize = history.losses.values().sum();
    say(&format!(
        "{visits} visits, {stays} stays in the group, {ends} ends of the services"
    ))?;
    let losses = history
        .losses
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"));
    say(&format!(
        "{lost} messages lost: {}",
        losses.collect::<Vec<_>>().join(", ")
    ))?;
    say("")?;
    say("| Texts | Number |")?;
    say("|---|---:|")?;
    for (name, number) in [
        ("said", readings.texts),
        (
            "of which the program told that they were not said",
            readings.refused,
        ),
        ("read by who was in", readings.delays.len()),
        ("**not read by who was in**", readings.missing.len()),
        (
            "not read, and reader or sender gone or hindered too soon",
            readings.excused,
        ),
        (
            "read between two stays, with a place in the call",
            readings.between,
        ),
        ("not read by who was not in", readings.outside),
        ("**read by who was not in**", readings.forbidden.len()),
        ("**read twice**", readings.doubled.len()),
    ] {
        say(&format!("| {name} | {number} |"))?;
    }
    say("")?;
    say("| Time | Number | Median | 99 % | Most |")?;
    say("|---|---:|---:|---:|---:|")?;
    for (name, times) in [
        ("from a text to its reader", &readings.delays),
        (
            "**a commit, from the first to the last member that merged it**",
            &settlings.merged,
        ),
        (
            "a commit, from its sender to the last member that merged it",
            &settlings.from_commit,
        ),
        (
            "a commit, from its sender to the last device to which it was told",
            &settlings.told,
        ),
        (
            "from the place in the call to the group",
            &settlings.entries,
        ),
        (
            "from the loss of the group to the next stay, connected",
            &settlings.returns,
        ),
    ] {
        say(&row(name, times))?;
    }
    say("")?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    let load = load.join(", ");
    say(&format!("load of the machine over 1, 5 and 15 min: {load}"))?;
    say(&format!(
        "{} commits; {} mergings judged, {} hindered by a fault",
        settlings.commits, settlings.judged, settlings.hindered
    ))?;
    for (problem, count) in &history.problems {
        say(&format!("{count} times: {problem}"))?;
    }
    for (complaint, count) in history.explained_ends() {
        say(&format!("{count} processes ended: {complaint}"))?;
    }
    list("not read", &readings.missing)?;
    list("read without a right", &readings.forbidden)?;
    list("read twice", &readings.doubled)?;
    for (epoch, visit, time) in settlings.late.iter().take(LISTED) {
        let (group, epoch) = (epoch.group, epoch.epoch);
        let name = visit.name();
        say(&format!(
            "late: group {group}, epoch {epoch}, {name}, {time:.1?}"
        ))?;
    }
    for (visit, complaint) in unexpected.iter().take(LISTED) {
        say(&format!("{} has ended: {complaint}", visit.name()))?;
    }
    for complaint in complaints {
        say(&format!("complaint: {complaint}"))?;
    }
    say(match verdict.holds(times) {
        true if times == Times::Printed => "holds, late commits left aside",
        true => {
            "holds: all have read what was said while they were in, nobody anything else, and commits \
                 settled within 2 s"
        }
        false => "FAILED",
    })?;
    Ok(())
}

fn list(what: &str, texts: &[(Visit, u32)]) -> io::Result<()> {
    for (visit, text) in texts.iter().take(LISTED) {
        say(&format!("{what}: text {text} by {}", visit.name()))?;
    }
    Ok(())
}

fn row(name: &str, times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |share: usize| {
        let index = times.len().saturating_sub(1) * share / 100;
        times.get(index).copied().unwrap_or_default().as_secs_f64()
    };
    format!(
        "| {name} | {} | {:.2} s | {:.2} s | {:.2} s |",
        times.len(),
        at(50),
        at(99),
        at(100)
    )
}
