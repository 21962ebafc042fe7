//! `cargo xtask bench rooms`: peeks with verification over HTTP, beside verifications by the npm
//! client in the same run, in interleaved rounds.
//!
//! The services run on one half of the cores and the load on the other. The npm client gets the
//! services' cores while they have nothing to do: one process for each, and nothing but to verify.

mod cores;
mod report;

use std::{path::Path, slice, thread};

use anteroom_protocol::Mode;
use anyhow::{Context, Result, anyhow, ensure};

pub use self::report::Report;
use self::{
    cores::{Cores, pinned},
    report::{Rates, Row},
};
use super::{theirs, worker::Worker};
use crate::{
    soak::{Profile, Programs},
    steps,
};

/// How long one measurement should take, in seconds.
const ROUND: f64 = 0.5;
/// Iterations of the first attempt, which warms up and tells how many fill a round.
const FIRST: u32 = 200;
const MOST: u32 = 50_000;
/// What the npm client does.
const NPM_VERIFY: &str = "auth_verify";

/// What is measured of the services: the load's name for it, and what it is.
const OPERATIONS: [(&str, &str); 5] = [
    ("peek_fresh", "peek, every presentation new"),
    ("peek_repeated", "peek, one presentation again and again"),
    ("unknown_room", "HTTP and the look-up, no verification"),
    ("health", "HTTP alone"),
    (
        "parse_and_verify",
        "parsing and verification alone, one thread",
    ),
];

/// An operation of one side, and how fast it was.
struct Measured {
    operation: &'static str,
    /// Of one worker in one round.
    iterations: u32,
    /// Operations a second, of all workers together.
    rounds: Vec<f64>,
}

/// Builds what is needed and measures in so many rounds.
///
/// # Errors
/// If something does not build or start, or a request is answered in another way than it must be.
pub fn measure(root: &Path, rounds: u32) -> Result<Report> {
    ensure!(rounds > 0, "at least one round");
    steps::install_npm_client(root)?;
    let programs = Programs::build(root, Profile::Release)?;
    let cores = Cores::halves()?;

    let mut load = Worker::start(
        pinned(&cores.load, &programs.load)
            .arg("--anteroom")
            .arg(&programs.anteroom)
            .args(["peek", "--server-cores", &Cores::list(&cores.services)]),
    )?;
    let mut npm = start_npm(root, &cores.services)?;
    let mut ours = Vec::new();
    for (operation, _) in OPERATIONS {
        load.must_know(operation)?;
        ours.push(Measured::new(operation));
    }
    let mut theirs = Measured::new(NPM_VERIFY);
    for side in &mut ours {
        side.calibrate(slice::from_mut(&mut load))?;
    }
    theirs.calibrate(&mut npm)?;
    for round in 0..rounds {
        // Who goes first changes, so that whatever disturbs the machine disturbs both.
        if round % 2 == 0 {
            theirs.once(&mut npm)?;
        }
        for side in &mut ours {
            side.once(slice::from_mut(&mut load))?;
        }
        if round % 2 == 1 {
            theirs.once(&mut npm)?;
        }
    }
    let npm = theirs.rates()?;
    let mut rows = Vec::new();
    for (side, (_, name)) in ours.iter().zip(OPERATIONS) {
        rows.push(Row::new(side.operation, name, side.rates()?, &npm));
    }
    Ok(Report::new(rounds, &cores, npm, rows))
}

impl Measured {
    const fn new(operation: &'static str) -> Self {
        Self {
            operation,
            iterations: FIRST,
            rounds: Vec::new(),
        }
    }

    /// Warms up, and finds how many iterations fill a round.
    fn calibrate(&mut self, workers: &mut [Worker]) -> Result<()> {
        let rate = self.rate(workers)? / workers.len() as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number, which is then held between bounds"
        )]
        let iterations = (rate * ROUND) as u32;
        self.iterations = iterations.clamp(FIRST, MOST);
        Ok(())
    }

    fn once(&mut self, workers: &mut [Worker]) -> Result<()> {
        let rate = self.rate(workers)?;
        self.rounds.push(rate);
        Ok(())
    }

    /// All workers at the same time; operations a second, by the slowest.
    fn rate(&self, workers: &mut [Worker]) -> Result<f64> {
        let (operation, iterations) = (self.operation, self.iterations);
        let count = workers.len() as f64;
        let slowest = thread::scope(|scope| {
            let running: Vec<_> = workers
                .iter_mut()
                .map(|worker| scope.spawn(move || worker.time(operation, iterations)))
                .collect();
            let mut slowest = 0_f64;
            for worker in running {
                let time = worker.join().map_err(|_| anyhow!("a thread panicked"))??;
                slowest = slowest.max(time.as_secs_f64());
            }
            anyhow::Ok(slowest)
        })
        .with_context(|| format!("{operation} cannot be measured"))?;
        Ok(f64::from(iterations) * count / slowest)
    }

    fn rates(&self) -> Result<Rates> {
        Rates::of(self.rounds.clone()).context("no rounds")
    }
}

fn start_npm(root: &Path, cores: &[usize]) -> Result<Vec<Worker>> {
    cores
        .iter()
        .map(|core| {
            let worker = Worker::start(
                pinned(&[*core], "node")
                    .current_dir(root.join("interop"))
                    .args(theirs::arguments(Mode::Standard)),
            )?;
            worker.must_know(NPM_VERIFY)?;
            Ok(worker)
        })
        .collect()
}
