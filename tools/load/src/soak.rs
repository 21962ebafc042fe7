//! The soak test.
//!
//! Repeatedly all devices join, are admitted, send numbered messages and leave. No request may fail, no
//! message may be lost, doubled or reordered. In rooms with media people come, talk and leave, and no sound may
//! be lost. The resources of the services must return to their level
//! when all have left. Once, during the messages, thousands of connections are opened that send nothing or
//! too little: no device may be affected, and all of them must be closed after their time limit. In the
//! middle the services are killed: links, passkeys, names and approvals must survive, and all devices must
//! get a seat again.

mod options;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anteroom_client::{RoomsClient, Timeouts};
use anyhow::{Context as _, Result, bail, ensure};
use futures::future::{try_join, try_join_all};
use tokio::time::{sleep, timeout};

pub(crate) use self::options::Options;
use crate::{
    accounts::LoadAccount,
    crowd::{AdmissionPolicy, Room},
    half_open::HalfOpenConnections,
    os::say,
    server::{Addresses, ResourceUsage, Server, ServerSetup},
    talk::TalkRoom,
};

/// Devices in one room: below the 75 that fit by default.
const MOST_IN_ROOM: usize = 50;
/// The time limit for rejoining. A lease is valid for 30 s; until then the rooms of a dead node may be
/// closed.
const BACK_WITHIN: Duration = Duration::from_secs(35);
const AGAIN: Duration = Duration::from_millis(500);

/// The maximum memory above that before the first join, in KiB, when all have left: the allocator retains
/// some of the peak, and the database's cache fills.
const MEMORY_ABOVE_START: u64 = 24 * 1024;
/// The maximum memory above that after the first round of joins and leaves, in KiB: a leak grows further.
const MEMORY_ABOVE_FIRST: u64 = 8 * 1024;
/// The maximum number of additional open files: on demand, each of the two databases opens three more
/// connections for transactions and four for look-ups, of two files each.
const FILES_ABOVE_START: usize = 2 * (3 + 4) * 2;
/// The maximum memory of a half-open connection, in KiB, most of it buffers of open sockets.
const MEMORY_OF_HALF_OPEN: u64 = 32;
/// The time limit for sockets to be closed and idle connections to be dropped.
const SETTLING: Duration = Duration::from_secs(20);

/// The state of the whole test.
struct Soak {
    setup: ServerSetup,
    accounts: Arc<[LoadAccount]>,
    rooms: Vec<Room>,
    /// The rooms in which people talk.
    talk_rooms: Vec<TalkRoom>,
    round: u32,
    /// The number of messages of every device in a round, and the pause between them.
    messages: u32,
    pace: Duration,
    start: ResourceUsage,
    first: Option<ResourceUsage>,
    peak: u64,
    /// The memory of half-open connections that the allocator retains, in KiB.
    kept: u64,
    /// The result of the half-open connections.
    half_open_report: Option<HalfOpenReport>,
}

struct HalfOpenReport {
    connections: u32,
    memory: u64,
    closed_after: Duration,
}

pub(crate) async fn run(anteroom: &Path, options: &Options) -> Result<()> {
    let sockets = usize::try_from(options.sockets)?;
    let half = Duration::from_secs(options.seconds) / 2;
    let setup = ServerSetup::with_plenty(anteroom, None)?;
    let mut server = setup.start().await?;
    let files = server.resource_usage()?.files;
    let addresses = server.addresses.clone();
    let client = connect(&addresses)?;
    let (accounts, rooms) = prepare(&setup, &addresses, &client, sockets).await?;
    let mut talk_rooms = Vec::new();
    for _ in 0..options.talk_rooms {
        talk_rooms.push(TalkRoom::new(&setup, &addresses).await?);
    }
    let mut soak = Soak {
        setup,
        accounts,
        rooms,
        talk_rooms,
        round: 0,
        // The stored accounts and links are no leak; their connections are closed.
        start: ResourceUsage {
            files,
            ..server.resource_usage()?
        },
        messages: options.messages,
        pace: Duration::from_millis(options.pace),
        first: None,
        peak: 0,
        kept: 0,
        half_open_report: None,
    };

    let began = Instant::now();
    loop {
        soak.come_and_go(&client, &mut server).await?;
        soak.settle(&mut server).await?;
        if began.elapsed() >= half {
            break;
        }
    }
    if options.half_open > 0 {
        soak.besiege(&client, &mut server, options.half_open)
            .await?;
    }
    let (mut server, back) = soak.kill_in_the_middle(&client, server, &addresses).await?;
    let began = Instant::now();
    soak.talk().await?;
    soak.disperse().await?;
    // The first process has released its memory; this one has a first round of its own.
    soak.first = None;
    soak.kept = 0;
    loop {
        soak.settle(&mut server).await?;
        if began.elapsed() >= half {
            break;
        }
        soak.come_and_go(&client, &mut server).await?;
    }
    let end = soak.settle(&mut server).await?;
    let elsewhere = if options.takeover {
        Some(soak.take_over(&client, server).await?)
    } else {
        None
    };
    soak.report(sockets, end, back, elsewhere)
}

impl Soak {
    /// All devices join, are admitted, send messages and leave. Meanwhile people come, talk and go.
    async fn come_and_go(&mut self, client: &RoomsClient, server: &mut Server) -> Result<()> {
        self.gather(client, AdmissionPolicy::Everybody).await?;
        let mut talk_rooms = core::mem::take(&mut self.talk_rooms);
        let talks = try_join_all(talk_rooms.iter_mut().map(TalkRoom::come_and_go));
        try_join(self.talk(), talks).await?;
        self.talk_rooms = talk_rooms;
        self.peak = self.peak.max(server.resource_usage()?.memory);
        self.disperse().await?;
        server.check()
    }

    /// All devices send messages, leave, join again and send messages while connections are half-open. A
    /// second such run must not use more memory.
    async fn besiege(
        &mut self,
        client: &RoomsClient,
        server: &mut Server,
        of_each: u32,
    ) -> Result<()> {
        let connections = of_each * 3;
        let before = server.resource_usage()?.memory;
        let (mut memory, mut closed_after) = (0, Duration::ZERO);
        for _ in 0..2 {
            self.gather(client, AdmissionPolicy::Everybody).await?;
            let rooms = server.addresses.host_of_rooms()?;
            let half_open = HalfOpenConnections::open(&rooms, of_each).await?;
            self.talk().await?;
            self.disperse().await?;
            memory = memory.max(server.resource_usage()?.memory);
            self.gather(client, AdmissionPolicy::Everybody).await?;
            closed_after = closed_after.max(half_open.see_them_closed().await?);
            self.talk().await?;
            self.disperse().await?;
            if self.kept == 0 {
                self.kept = server.resource_usage()?.memory.saturating_sub(before);
            }
            self.settle(server).await?;
        }
        let bound = before + MEMORY_ABOVE_FIRST + u64::from(connections) * MEMORY_OF_HALF_OPEN;
        ensure!(
            memory <= bound,
            "with {connections} half-open connections the services hold {memory} KiB, and {before} \
             KiB without: {bound} KiB is the bound"
        );
        self.half_open_report = Some(HalfOpenReport {
            connections,
            memory,
            closed_after,
        });
        Ok(())
    }

    async fn gather(&mut self, client: &RoomsClient, policy: AdmissionPolicy) -> Result<()> {
        let rooms = self.rooms.iter_mut();
        try_join_all(rooms.map(|room| room.gather(client, policy))).await?;
        Ok(())
    }

    async fn talk(&mut self) -> Result<()> {
        self.round += 1;
        let (number, messages, pace) = (self.round, self.messages, self.pace);
        try_join_all(self.rooms.iter().map(async |room| {
            room.begin_round(number, messages, pace, false).await?;
            room.end_round(number).await
        }))
        .await?;
        Ok(())
    }

    async fn disperse(&mut self) -> Result<()> {
        try_join_all(self.rooms.iter_mut().map(Room::disperse)).await?;
        Ok(())
    }

    /// Waits until the services use little more than before the first join.
    async fn settle(&mut self, server: &mut Server) -> Result<ResourceUsage> {
        let first = self.first.map_or(u64::MAX, |first| first.memory);
        let memory = u64::min(
            self.start.memory + MEMORY_ABOVE_START,
            first.saturating_add(MEMORY_ABOVE_FIRST),
        ) + self.kept;
        let files = self.start.files + FILES_ABOVE_START;
        let began = Instant::now();
        loop {
            server.check()?;
            let resource_usage = server.resource_usage()?;
            if resource_usage.memory <= memory && resource_usage.files <= files {
                self.first.get_or_insert(resource_usage);
                return Ok(resource_usage);
            }
            if began.elapsed() > SETTLING {
                bail!(
                    "everybody has left, but the services hold {} KiB and {} files: {memory} KiB \
                     and {files} files are the bounds",
                    resource_usage.memory,
                    resource_usage.files
                );
            }
            sleep(AGAIN).await;
        }
    }

    /// Kills the services with SIGKILL while all devices send messages and one in each room waits. Then the
    /// state must be as before. Returns the time from the kill until all devices have a seat again.
    async fn kill_in_the_middle(
        &mut self,
        client: &RoomsClient,
        server: Server,
        addresses: &Addresses,
    ) -> Result<(Server, Duration)> {
        self.gather(client, AdmissionPolicy::AllButOne).await?;
        self.round += 1;
        for room in &self.rooms {
            room.begin_round(self.round, self.messages, self.pace, true)
                .await?;
        }
        sleep(self.pace * 2).await;
        for room in &self.rooms {
            room.check()?;
            room.brace().await?;
        }
        let killed = Instant::now();
        server.kill()?;
        try_join_all(self.rooms.iter().map(Room::see_it_end)).await?;
        let server = self.setup.start_again(addresses).await?;
        let all_back = try_join_all(self.rooms.iter().map(Room::see_it_come_back));
        timeout(BACK_WITHIN.saturating_sub(killed.elapsed()), all_back)
            .await
            .context("not everybody has a place again in time")??;
        let back = killed.elapsed();
        let host = self.accounts.first().context("nobody is there")?;
        for room in &mut self.rooms {
            host.check_link(client, &room.link).await?;
            room.admit(AdmissionPolicy::Everybody).await?;
        }
        Ok((server, back))
    }

    /// Kills the services with SIGKILL during calls, and starts them under another address. Returns the time
    /// from the kill until every room could be joined there.
    async fn take_over(&mut self, client: &RoomsClient, server: Server) -> Result<Duration> {
        for room in &mut self.rooms {
            room.open(client).await?;
            room.brace().await?;
        }
        let killed = Instant::now();
        server.kill()?;
        self.rooms.iter_mut().for_each(Room::abandon);
        let mut server = self.setup.start().await?;
        let client = connect(&server.addresses)?;
        for room in &mut self.rooms {
            while let Err(error) = room.open(&client).await {
                let error = error.context("a room cannot be joined at another node");
                ensure!(killed.elapsed() < BACK_WITHIN, error);
                sleep(AGAIN).await;
            }
        }
        let elsewhere = killed.elapsed();
        ensure!(elsewhere < BACK_WITHIN, "it took {elsewhere:?}");
        server.check()?;
        Ok(elsewhere)
    }

    fn report(
        &self,
        sockets: usize,
        end: ResourceUsage,
        back: Duration,
        elsewhere: Option<Duration>,
    ) -> Result<()> {
        let heard: u64 = self.rooms.iter().map(Room::heard).sum();
        let sounds: u64 = self.talk_rooms.iter().map(TalkRoom::heard).sum();
        let mut line = format!(
            "{sockets} sockets in {} rooms, {} rounds, {heard} messages heard: none lost, doubled or \
             reordered; {sounds} sounds heard in {} rooms: none lost; memory {} at the start, {} at most, {} at the end; files {} and {}; \
             everybody back {:.1} s after SIGKILL",
            self.rooms.len(),
            self.round,
            self.talk_rooms.len(),
            mebibytes(self.start.memory),
            mebibytes(self.peak),
            mebibytes(end.memory),
            self.start.files,
            end.files,
            back.as_secs_f64(),
        );
        if let Some(half_open_report) = &self.half_open_report {
            line += &format!(
                "; {} half-open connections hurt nobody, took memory to {} and were all closed \
                 within {:.1} s",
                half_open_report.connections,
                mebibytes(half_open_report.memory),
                half_open_report.closed_after.as_secs_f64(),
            );
        }
        if let Some(elsewhere) = elsewhere {
            line += &format!(
                "; rooms free at another address after {:.1} s",
                elsewhere.as_secs_f64()
            );
        }
        say(&line)?;
        Ok(())
    }
}

/// Creates accounts, and rooms with enough seats for all sockets.
async fn prepare(
    setup: &ServerSetup,
    addresses: &Addresses,
    client: &RoomsClient,
    sockets: usize,
) -> Result<(Arc<[LoadAccount]>, Vec<Room>)> {
    let count = sockets.div_ceil(MOST_IN_ROOM);
    let devices = |room: usize| sockets / count + usize::from(room < sockets % count);
    let accounts = LoadAccount::add(setup, addresses, devices(0)).await?;
    let accounts: Arc<[LoadAccount]> = accounts.into();
    let host = accounts.first().context("nobody is there")?;
    let mut rooms = Vec::new();
    for room in 0..count {
        let link = host
            .create_link(addresses, client, &format!("Room {room}"))
            .await?;
        rooms.push(Room::new(link, Arc::clone(&accounts), devices(room)));
    }
    Ok((accounts, rooms))
}

fn connect(addresses: &Addresses) -> Result<RoomsClient> {
    Ok(RoomsClient::new(&addresses.rooms, Timeouts::default())?)
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}
