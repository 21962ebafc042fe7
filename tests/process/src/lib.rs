//! Programs as processes, for tests and tools: their output is read line by line, waits end with a line that
//! says what is waited for, and a process ends with its owner.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    mem,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// The time limit of a wait for a line, much longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The log line of the last service of `anteroom serve` that listens.
pub const SERVICES_LISTEN: &str = "the room service listens on";

/// A process whose output is read to its end, so that it never waits for a reader. It is killed on drop.
pub struct LineProcess {
    child: Child,
    lines: Receiver<String>,
    /// The lines that waits have passed.
    seen: Vec<String>,
}

impl LineProcess {
    /// Starts a service, whose log is its standard error.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn start_service(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = spawn(command.stderr(Stdio::piped()))?;
        let log = child.stderr.take().context("no log")?;
        Ok(Self::new(child, log))
    }

    /// Starts a program that reads standard input and answers on standard output.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn start_dialogue(mut command: Command) -> Result<Self> {
        let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let output = child.stdout.take().context("no output")?;
        Ok(Self::new(child, output))
    }

    fn new(child: Child, output: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // Reads on without a receiver: a pipe without a reader would end the process.
            lines.for_each(|line| drop(sender.send(line)));
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Returns the id of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the lines up to the last one that was waited for.
    #[must_use]
    pub fn seen(&self) -> &[String] {
        &self.seen
    }

    /// Waits for a new line that contains the text, and returns it.
    ///
    /// # Errors
    /// The process ends, or takes too long.
    pub fn wait_for(&mut self, text: &str) -> Result<String> {
        self.wait_until(text, |line| line.contains(text))
    }

    /// Waits for a new line that satisfies the predicate, and returns it.
    ///
    /// # Errors
    /// The process ends, or takes too long.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> Result<String> {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line.clone());
            if holds(&line) {
                return Ok(line);
            }
        }
        bail!("no {what:?} in the output:\n{}", self.seen.join("\n"))
    }

    /// Takes the new lines that have come so far.
    pub fn new_lines(&mut self) -> impl Iterator<Item = String> {
        self.lines.try_iter()
    }

    /// Writes a line to the standard input.
    ///
    /// # Errors
    /// The process does not read.
    pub fn write_line(&mut self, line: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().context("no input")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    /// Returns the exit status if the process has ended.
    ///
    /// # Errors
    /// The status is unknown.
    pub fn status(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The process has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let process = Pid::from_child(&self.child);
        let sent = kill_process(process, signal);
        sent.context("the process has ended by itself")?;
        if signal == Signal::STOP {
            // Its threads go on until one of them has taken the signal.
            let stopped = waitid(WaitId::Pid(process), WaitIdOptions::STOPPED);
            stopped.context("the process has ended by itself")?;
        }
        Ok(())
    }

    /// Ends the process by SIGTERM, and returns its exit status and all lines.
    ///
    /// # Errors
    /// The process has ended by itself.
    pub fn stop(self) -> Result<(ExitStatus, Vec<String>)> {
        self.signal(Signal::TERM)?;
        self.end()
    }

    /// Closes the standard input, waits for the end of the process, and returns its exit status and all lines.
    ///
    /// # Errors
    /// The status is unknown.
    pub fn end(mut self) -> Result<(ExitStatus, Vec<String>)> {
        let status = self.child.wait()?;
        let mut lines = mem::take(&mut self.seen);
        lines.extend(self.lines.iter());
        Ok((status, lines))
    }
}

impl Drop for LineProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    let child = command.spawn();
    child.with_context(|| format!("{} does not start", command.get_program().display()))
}
