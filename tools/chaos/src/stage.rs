//! A run: the services, the proxies, the people and the faults.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    dice::Dice,
    journal::{Entry, Journal},
    participant::{Participant, Schedule},
    proxy::{Faults, Proxy},
    service::{Account, Services},
};

/// The time without faults at the end: of talk, then of silence, in which lost texts are said again.
const TALK_AFTER: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(35);

/// The shortest time between two ends of the services.
const BETWEEN_ENDS: Duration = Duration::from_secs(11);

/// The subjects of decisions that are no person's.
const SERVICE_DICE: u64 = u64::MAX;

/// The plan of a run.
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) participants: u32,
    pub(crate) time: Duration,
    pub(crate) loss: f64,
    pub(crate) seed: u64,
}

/// The result of a run.
pub(crate) struct Outcome {
    pub(crate) journal: Vec<Entry>,
    /// The number of ends of the services.
    pub(crate) ends: u32,
    /// The errors of the services and of this program. A run with one has failed, whatever the journal says.
    pub(crate) complaints: Vec<String>,
}

/// Runs the plan.
pub(crate) async fn run(plan: &Plan) -> Result<Outcome> {
    raise_file_limit()?;
    let program = plan.program.clone();
    let services = spawn_blocking(move || Services::start(&program)).await??;
    let accounts = plan.participants - plan.participants / 3;
    let (mut services, accounts) = spawn_blocking(move || {
        let accounts = (0..accounts).map(|_| services.add_account());
        let accounts = accounts.collect::<Result<Vec<Account>>>()?;
        anyhow::Ok((services, accounts))
    })
    .await??;
    let mut accounts = accounts.into_iter();
    let Some(admin) = accounts.next() else {
        bail!("nobody is there")
    };
    let link = services.create_link(&admin)?;
    services.check()?;

    let journal = Journal::new();
    let faults = Arc::new(Faults {
        are_on: AtomicBool::new(true),
        loss: plan.loss,
    });
    let start = Instant::now();
    let quiet = start + plan.time;
    let schedule = Schedule {
        arrival: Duration::from_secs(60).min(plan.time / 4),
        quiet,
        silence: quiet + TALK_AFTER,
        end: quiet + TALK_AFTER + SILENCE,
    };
    let homes = TempDir::new()?;
    let texts = Arc::new(AtomicU32::new(1));
    let (mut proxies, mut people) = (JoinSet::new(), JoinSet::new());
    let mut admin = Some(admin);
    for number in 0..plan.participants {
        let proxy = Proxy::start(
            number,
            &services.rooms,
            &faults,
            &journal,
            plan.seed,
            &mut proxies,
        );
        let (proxy, rooms) = proxy.await?;
        let is_admin = number == 0;
        let home = match is_admin {
            // The secrets of the link are there.
            true => services.home(),
            false => homes.path().join(number.to_string()),
        };
        fs::create_dir_all(&home)?;
        let account = match number % 3 {
            0 | 1 => admin.take().or_else(|| accounts.next()),
            _ => None,
        };
        let person = Participant {
            number,
            program: plan.program.clone(),
            home,
            proxy,
            rooms,
            issuer: services.issuer.clone(),
            link: link.clone(),
            account,
            is_admin,
            journal: journal.clone(),
            dice: Dice::of(plan.seed, u64::from(number) << 48),
            texts: Arc::clone(&texts),
            own_texts: 0,
        };
        people.spawn(person.live(schedule));
    }

    let services = Arc::new(Mutex::new(services));
    let ends = end_services(&services, plan, quiet).await?;
    sleep_until(quiet).await;
    faults.are_on.store(false, Ordering::Relaxed);
    let mut complaints = Vec::new();
    while let Some(person) = people.join_next().await {
        complaints.extend(person?.err().map(|error| format!("{error:#}")));
    }
    let entries = journal.entries();
    proxies.shutdown().await;
    let mut services = services.lock();
    complaints.extend(services.check().err().map(|error| format!("{error:#}")));
    complaints.extend_from_slice(services.complaints());
    Ok(Outcome {
        journal: entries,
        ends,
        complaints,
    })
}

/// Ends the services again and again, and starts them at once. Returns the number of ends.
async fn end_services(services: &Arc<Mutex<Services>>, plan: &Plan, quiet: Instant) -> Result<u32> {
    let mut dice = Dice::of(plan.seed, SERVICE_DICE);
    let mean = (plan.time / 4).max(BETWEEN_ENDS);
    let mut ends = 0;
    loop {
        let next = Instant::now() + mean.mul_f64(dice.time(0.7, 1.3).as_secs_f64());
        // Those who are in come back before the end of faults.
        if next + BETWEEN_ENDS / 3 >= quiet {
            return Ok(ends);
        }
        sleep_until(next).await;
        let is_killed = dice.happens(0.5);
        let one = Arc::clone(services);
        spawn_blocking(move || one.lock().end(is_killed)).await??;
        sleep(dice.time(0.2, 3.0)).await;
        let one = Arc::clone(services);
        spawn_blocking(move || one.lock().start_again()).await??;
        ends += 1;
    }
}

/// Lets this process have as many sockets as the system allows.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
