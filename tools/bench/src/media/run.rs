//! The rows of a run: both servers with their clients, and the windows in which they send.

use anteroom_bench_media::{
    messages::{NewClient, Traffic, Window, WindowCounts},
    process_usage::resident_bytes,
};
use anyhow::{Context as _, Result, ensure};

use super::{
    anteroom::AnteroomMedia,
    janus::Janus,
    load::MediaLoad,
    row::{Row, Shape, Windows},
    subject::{ANTEROOM, JANUS, MediaSubject},
};
use crate::{programs::MediaPrograms, quantiles::Quantiles};

/// The groups of clients: those of one server each.
pub(super) const OURS: u32 = 1;
const THEIRS: u32 = 2;
const COUNTED: u32 = 3;

/// The traffic of a publisher: 110 packets of pictures a second, four at once, and 50 of sound.
const TRAFFIC: Traffic = Traffic {
    picture_micros: 36_363,
    picture_packets: 4,
    picture_bytes: 1_200,
    sound_micros: 20_000,
    sound_bytes: 80,
};

/// The extent of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) pairs: u32,
    /// Milliseconds of a window, before it, and before the first one of a call.
    pub(super) window: u64,
    pub(super) warm_up: u64,
    pub(super) first_warm_up: u64,
    /// The rows without estimation: publishers, viewers, and the rate in hundredths.
    pub(super) rows: &'static [(u32, u32, u32)],
    /// The members of the large call, and the others whom each of them sees.
    pub(super) members: u32,
    pub(super) seen: u32,
    /// The highest rate that is tried, in hundredths.
    pub(super) most_percent: u32,
    /// The packets of the floor, and how often it is measured.
    pub(super) floor: (u32, u32),
}

pub(super) const WHOLE: Extent = Extent {
    pairs: 5,
    window: 3_000,
    warm_up: 500,
    first_warm_up: 3_000,
    rows: &[(5, 20, 100), (10, 50, 100)],
    members: 75,
    seen: 25,
    most_percent: 200,
    floor: (60_000, 7),
};

/// A run that shows that everything works, in seconds.
pub(super) const SHORT: Extent = Extent {
    pairs: 1,
    window: 500,
    warm_up: 200,
    first_warm_up: 500,
    rows: &[(2, 3, 100)],
    members: 4,
    seen: 3,
    most_percent: 50,
    floor: (2_000, 1),
};

/// A run with its load.
pub(super) struct Run<'a> {
    pub(super) programs: &'a MediaPrograms,
    pub(super) extent: Extent,
    pub(super) load: MediaLoad,
    pub(super) next_number: u32,
}

impl Run<'_> {
    /// Returns the median floor, in microseconds for a packet.
    pub(super) fn floor(&mut self) -> Result<f64> {
        let (packets, rounds) = self.extent.floor;
        let floors = (0..rounds).map(|_| self.load.floor(packets, TRAFFIC));
        let floors = Quantiles::of(floors.collect::<Result<_>>()?);
        Ok(floors.context("no rounds")?.median)
    }

    pub(super) fn row(&mut self, shape: &Shape, floor: f64) -> Result<[Row; 2]> {
        let allocations = self.allocations(shape)?;
        let mut anteroom = AnteroomMedia::start(&self.programs.server_and_load)?;
        let mut janus = Janus::start()?;
        let mut ours = Windows {
            server: ANTEROOM,
            counts: Vec::new(),
            bytes_before: resident_bytes(anteroom.process())?,
            allocations_per_packet: allocations,
        };
        let mut theirs = Windows {
            server: JANUS,
            counts: Vec::new(),
            bytes_before: resident_bytes(janus.process())?,
            allocations_per_packet: None,
        };
        self.connect(&mut anteroom, OURS, shape)?;
        self.connect(&mut janus, THEIRS, shape)?;
        for pair in 0..self.extent.pairs {
            let warm_up = match pair {
                0 => self.extent.first_warm_up,
                _ => self.extent.warm_up,
            };
            // The order alternates, so that a disturbance of the machine affects both.
            let mut order: [(&dyn MediaSubject, u32, &mut Windows); 2] =
                [(&anteroom, OURS, &mut ours), (&janus, THEIRS, &mut theirs)];
            if pair % 2 == 1 {
                order.reverse();
            }
            for (subject, group, windows) in order {
                let counts = self.window(subject.process(), group, shape.percent, warm_up)?;
                ensure!(counts.received > 0, "{} forwards nothing", windows.server);
                windows.counts.push(counts);
            }
        }
        self.load.close(OURS)?;
        self.load.close(THEIRS)?;
        let rows = ours.row(shape, &theirs, floor);
        let rows = rows.zip(theirs.row(shape, &theirs, floor));
        let (ours, theirs) = rows.context("no windows")?;
        Ok([ours, theirs])
    }

    /// Returns the allocations for a forwarded packet, of a server that counts them.
    fn allocations(&mut self, shape: &Shape) -> Result<Option<f64>> {
        let mut server = AnteroomMedia::start(&self.programs.counting)?;
        self.connect(&mut server, COUNTED, shape)?;
        let (process, percent) = (server.process(), shape.percent);
        self.window(process, COUNTED, percent, self.extent.first_warm_up)?;
        let before = server.allocations()?;
        let counts = self.window(process, COUNTED, percent, 0)?;
        let after = server.allocations()?;
        self.load.close(COUNTED)?;
        let allocations = before.zip(after).map(|(before, after)| after - before);
        Ok(allocations.map(|count| count as f64 / counts.received.max(1) as f64))
    }

    pub(super) fn window(
        &mut self,
        process: u32,
        group: u32,
        percent: u32,
        warm_up_millis: u64,
    ) -> Result<WindowCounts> {
        self.load.window(Window {
            group,
            process,
            percent,
            warm_up_millis,
            millis: self.extent.window,
        })
    }

    /// Connects publishers and viewers.
    pub(super) fn connect(
        &mut self,
        subject: &mut dyn MediaSubject,
        group: u32,
        shape: &Shape,
    ) -> Result<()> {
        let mut senders = Vec::new();
        for _ in 0..shape.publishers {
            let client = self.client(group, Some(TRAFFIC), (0, 0), shape.estimation);
            senders.push(client.number);
            subject.publish(&mut self.load, client)?;
        }
        self.load.until_connected()?;
        for _ in 0..shape.viewers {
            let slots = (shape.publishers, shape.publishers);
            let client = self.client(group, None, slots, shape.estimation);
            subject.watch(&mut self.load, client, &senders)?;
        }
        self.load.until_connected()
    }

    pub(super) fn client(
        &mut self,
        group: u32,
        sends: Option<Traffic>,
        slots: (u32, u32),
        estimation: bool,
    ) -> NewClient {
        self.next_number += 1;
        NewClient {
            number: self.next_number,
            group,
            sends,
            slots,
            estimation,
        }
    }
}
