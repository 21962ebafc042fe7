//! A person: comes, talks, leaves and comes back, as processes one after the other.

use std::{
    fs::File,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    dice::Dice,
    journal::{Event, Journal, Visit},
    judge::text::Text,
    proxy::Proxy,
    service::{Account, bare_command},
};

/// Mean times, in seconds.
const VISIT: f64 = 110.0;
const PAUSE: f64 = 12.0;
const BETWEEN_TEXTS: f64 = 10.0;
const BETWEEN_STOPS: f64 = 150.0;

/// The share of visits that end by SIGKILL.
const KILLED: f64 = 0.3;

/// The time in which a process has to end.
const END: Duration = Duration::from_secs(15);

/// A person.
pub(crate) struct Participant {
    pub(crate) number: u32,
    pub(crate) program: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) rooms: String,
    pub(crate) issuer: String,
    pub(crate) link: String,
    /// The account; `None` for a guest.
    pub(crate) account: Option<Account>,
    pub(crate) is_admin: bool,
    pub(crate) journal: Journal,
    pub(crate) dice: Dice,
    /// The number of texts of all people.
    pub(crate) texts: Arc<AtomicU32>,
    /// The number of texts of this one.
    pub(crate) own_texts: u32,
}

/// The moments of a run.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    /// The time within which people come first.
    pub(crate) arrival: Duration,
    /// The end of faults: nobody comes or goes any more.
    pub(crate) quiet: Instant,
    /// The end of talk.
    pub(crate) silence: Instant,
    /// The end of the run.
    pub(crate) end: Instant,
}

/// A process of a visit.
struct Process {
    visit: Visit,
    child: Child,
    input: ChildStdin,
}

impl Participant {
    /// Lives until the end of the run.
    pub(crate) async fn live(mut self, schedule: Schedule) -> Result<()> {
        let arrival = schedule.arrival.as_secs_f64();
        sleep(self.dice.time(0.0, arrival)).await;
        for number in 1.. {
            if Instant::now() >= schedule.quiet {
                break;
            }
            let visit = Visit {
                person: self.number,
                number,
            };
            self.proxy.begin_visit(visit);
            let process = self.start(visit)?;
            self.stay(process, schedule).await?;
            if Instant::now() >= schedule.quiet {
                break;
            }
            let pause = Duration::from_secs(1) + self.dice.until_next(PAUSE);
            sleep_until((Instant::now() + pause).min(schedule.quiet)).await;
        }
        sleep_until(schedule.end).await;
        Ok(())
    }

    fn start(&self, visit: Visit) -> Result<Process> {
        let mut command = bare_command(&self.program, &self.home);
        let name = visit.name();
        command
            .args(["call", "join", &self.link, "--plain", "--as", &name])
            .env("ANTEROOM_ISSUER_URL", format!("http://{}", self.issuer))
            .env("ANTEROOM_ROOMS_URL", &self.rooms);
        match &self.account {
            Some(account) => command
                .env("ANTEROOM_ACCOUNT", &account.uuid)
                .env("ANTEROOM_DEVICE_PASSWORD", &account.password),
            None => command.arg("--guest"),
        };
        if self.is_admin {
            command.arg("--admin");
        }
        let errors = File::create(self.errors())?;
        let mut child = Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()?;
        self.journal.add(visit, Event::Started);
        let output = child.stdout.take().context("no output")?;
        let journal = self.journal.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                journal.add(visit, Event::Printed(line));
            }
        });
        let input = child.stdin.take().context("no input")?;
        Ok(Process {
            visit,
            child,
            input,
        })
    }

    fn errors(&self) -> PathBuf {
        self.home.join("errors.txt")
    }

    /// Stays in the call until the end of the visit.
    async fn stay(&mut self, mut process: Process, schedule: Schedule) -> Result<()> {
        let start = Instant::now();
        let planned = start + Duration::from_secs(5) + self.dice.until_next(VISIT);
        let mut leaves_at = match planned < schedule.quiet {
            true => planned,
            false => schedule.end,
        };
        let mut next_text = start + self.dice.until_next(BETWEEN_TEXTS);
        let mut next_stop = start + self.dice.until_next(BETWEEN_STOPS);
        loop {
            let is_quiet = Instant::now() >= schedule.quiet;
            tokio::select! {
                status = process.child.wait() => {
                    self.note_end(process.visit, status?, false);
                    return Ok(());
                }
                () = sleep_until(leaves_at) => break,
                () = sleep_until(next_text), if next_text < schedule.silence => {
                    self.say(&mut process).await;
                    let pause = Duration::from_secs(1) + self.dice.until_next(BETWEEN_TEXTS);
                    next_text = Instant::now() + pause;
                }
                () = sleep_until(next_stop), if !is_quiet && next_stop < schedule.quiet => {
                    let time = self.dice.time(1.0, 20.0);
                    signal(&process.child, Signal::STOP)?;
                    self.journal.add(process.visit, Event::Stopped);
                    sleep_until((Instant::now() + time).min(schedule.quiet)).await;
                    signal(&process.child, Signal::CONT)?;
                    self.journal.add(process.visit, Event::Continued);
                    next_stop = Instant::now() + self.dice.until_next(BETWEEN_STOPS);
                    leaves_at = leaves_at.max(Instant::now());
                }
            }
        }
        let is_killed = self.dice.happens(KILLED) && Instant::now() < schedule.quiet;
        if is_killed {
            process.child.start_kill()?;
        } else {
            // The process may have ended.
            let _ = process.input.write_all(b"/quit\n").await;
        }
        let status = match timeout(END, process.child.wait()).await {
            Ok(status) => status?,
            Err(_) => {
                process.child.start_kill()?;
                process.child.wait().await?
            }
        };
        self.note_end(process.visit, status, is_killed || status.success());
        Ok(())
    }

    async fn say(&mut self, process: &mut Process) {
        self.own_texts += 1;
        let text = Text {
            token: self.texts.fetch_add(1, Ordering::Relaxed),
            class: self.own_texts % Text::CLASSES,
        };
        self.journal.add(process.visit, Event::Typed(text));
        // The process may have ended.
        let _ = process.input.write_all(text.line().as_bytes()).await;
    }

    fn note_end(&self, visit: Visit, status: ExitStatus, is_wanted: bool) {
        let errors = std::fs::read_to_string(self.errors()).unwrap_or_default();
        let complaint = match is_wanted && !errors.contains("panicked") {
            true => String::new(),
            false => format!("{status}: {}", errors.trim().replace('\n', " / ")),
        };
        let is_wanted = complaint.is_empty();
        let ended = Event::Ended {
            is_wanted,
            complaint,
        };
        self.journal.add(visit, ended);
    }
}

fn signal(child: &Child, signal: Signal) -> Result<()> {
    let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(id) = id {
        kill_process(id, signal)?;
    }
    Ok(())
}
