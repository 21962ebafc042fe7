//! The load: makes clients, spreads them over threads, and counts in windows.

use core::time::Duration;
use std::{
    collections::BTreeMap,
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use str0m::config::DtlsCert;

use crate::{
    client::Client,
    floor,
    messages::{LoadAnswer, LoadRequest, NewClient, Window, WindowCounts},
    process_usage::{cpu_seconds, dropped_by_port, resident_bytes},
    reception::Tally,
    worker::{Conductor, Worker, start_workers},
};

/// The time for which connections are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time between two looks at connections.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// The time after a window in which its last packets arrive.
const REST: Duration = Duration::from_millis(500);

/// The load with its clients.
pub struct Load {
    workers: Vec<Worker>,
    conductor: Arc<Conductor>,
    certificate: DtlsCert,
    /// The clients whose offers are not answered.
    offering: BTreeMap<u32, Client>,
    /// The ports of the clients, with their groups.
    ports: Vec<(u32, u16)>,
    /// The number of clients that threads have been given.
    given: usize,
    windows: u32,
}

impl Load {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system refuses them.
    pub fn start() -> Result<Self> {
        let conductor = Arc::new(Conductor {
            group: AtomicU32::new(0),
            window: AtomicU32::new(0),
            percent: AtomicU32::new(100),
            start: Instant::now(),
        });
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate();
        Ok(Self {
            workers: start_workers(&conductor)?,
            conductor,
            certificate: certificate.context("no certificate can be made")?,
            offering: BTreeMap::new(),
            ports: Vec::new(),
            given: 0,
            windows: 0,
        })
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// A client fails, or the server under test has ended.
    pub fn answer(&mut self, request: LoadRequest) -> Result<LoadAnswer> {
        let mut answer = LoadAnswer::default();
        match request {
            LoadRequest::Offer(wanted) => {
                let (client, offer) =
                    Client::offering(&wanted, &self.certificate, self.conductor.start)?;
                answer.slots = Some(client.slots());
                answer.description = Some(offer);
                self.offering.insert(wanted.number, client);
            }
            LoadRequest::Accept { client, offer } => {
                answer.description = Some(self.accept(&client, &offer)?);
            }
            LoadRequest::Answer {
                number,
                answer: text,
            } => {
                let client = self.offering.remove(&number);
                let mut client = client.context("no such client has an offer")?;
                client.take_answer(&text)?;
                self.give(client)?;
            }
            LoadRequest::UntilConnected {} => self.until_connected()?,
            LoadRequest::Window(window) => answer.window = Some(self.window(&window)?),
            LoadRequest::Close { group } => {
                self.ports.retain(|(other, _)| *other != group);
                for worker in &mut self.workers {
                    worker.close(group)?;
                }
            }
            LoadRequest::Floor { packets, traffic } => {
                answer.floor_micros = Some(floor::measure(packets, traffic)?);
            }
        }
        Ok(answer)
    }

    fn accept(&mut self, wanted: &NewClient, offer: &str) -> Result<String> {
        let (client, answer) =
            Client::accepting(wanted, offer, &self.certificate, self.conductor.start)?;
        self.give(client)?;
        Ok(answer)
    }

    fn give(&mut self, client: Client) -> Result<()> {
        self.ports.push((client.group, client.port()));
        let count = self.workers.len();
        let worker = self.workers.get_mut(self.given % count.max(1));
        self.given += 1;
        worker.context("no thread")?.add(client)
    }

    fn until_connected(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut waiting = 0;
            for worker in &mut self.workers {
                waiting += worker.unconnected()?;
            }
            if waiting == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{waiting} clients are not connected after {} s",
                PATIENCE.as_secs()
            );
            thread::sleep(LOOK_INTERVAL);
        }
    }

    fn window(&mut self, window: &Window) -> Result<WindowCounts> {
        let conductor = Arc::clone(&self.conductor);
        self.take(window.group)?;
        self.windows += 1;
        conductor.percent.store(window.percent, Ordering::Release);
        conductor.group.store(window.group, Ordering::Release);
        thread::sleep(Duration::from_millis(window.warm_up_millis));

        let dropped_before = self.dropped(window.group)?;
        let usage = |process| Ok::<_, anyhow::Error>((cpu_seconds(process)?, Instant::now()));
        let (load_before, _) = usage(process::id())?;
        conductor.window.store(self.windows, Ordering::Release);
        let (server_before, begin) = usage(window.process)?;
        thread::sleep(Duration::from_millis(window.millis));
        let (server_after, end) = usage(window.process)?;
        // Packets of the last moments still count when they arrive, so the number stays until then.
        conductor.group.store(0, Ordering::Release);
        let (load_after, _) = usage(process::id())?;
        thread::sleep(REST);
        conductor.window.store(0, Ordering::Release);

        let mut tally = self.take(window.group)?;
        tally.delays.sort_unstable();
        let delay = |part: usize| {
            let place = tally.delays.len().saturating_sub(1) * part / 100;
            let micros = tally.delays.get(place).copied().unwrap_or_default();
            f64::from(micros) / 1_000.0
        };
        Ok(WindowCounts {
            sent: tally.sent,
            received: tally.received,
            gaps: tally.gaps,
            dropped_by_load: self.dropped(window.group)? - dropped_before,
            bytes: tally.bytes,
            delay_p50_millis: delay(50),
            delay_p99_millis: delay(99),
            seconds: (end - begin).as_secs_f64(),
            server_seconds: server_after - server_before,
            load_seconds: load_after - load_before,
            server_bytes: resident_bytes(window.process)?,
            busiest: tally.busy,
        })
    }

    /// Returns the datagrams for which the sockets of a group had no room.
    fn dropped(&self, group: u32) -> Result<u64> {
        let sockets = dropped_by_port()?.into_iter();
        let of_group = sockets.filter(|(port, _)| self.ports.contains(&(group, *port)));
        Ok(of_group.map(|(_, dropped)| dropped).sum())
    }

    fn take(&mut self, group: u32) -> Result<Tally> {
        let mut tally = Tally::default();
        for worker in &mut self.workers {
            tally.add(worker.take(group)?);
        }
        Ok(tally)
    }
}
