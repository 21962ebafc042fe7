//! The attacks and their targets.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Attack {
    /// Unauthenticated requests to the room service, whose bodies stop after one byte; HTTP/1.1.
    SlowBodies,
    /// The same in many streams of few HTTP/2 connections.
    SlowStreams,
    /// The same at the issuer, by one account that registers devices.
    SlowDevices,
    /// HTTP/2 connections to the room service that ask once and then acknowledge pings.
    IdleRooms,
    /// The same at the issuer.
    IdleIssuer,
    /// TCP connections to a port of TLS that say nothing.
    SilentHandshakes,
    /// The same with a whole first message, whose answer is ignored.
    HalfHandshakes,
    /// Sockets that never join, opened again when they are closed.
    IdleSockets,
    /// The same, each with a message that lacks its last byte.
    HalfFrames,
    /// One account takes all seats of a call.
    FullCall,
    /// One account takes all seats of a lobby.
    FullLobby,
    /// A guest relays the longest messages to all devices.
    Relays,
    /// The same while the admin is on a line of 10 Mbit/s.
    RelaysToSlowAdmin,
    /// One device raises and lowers its hand.
    Hands,
    /// An account that is never admitted enters and leaves the lobby.
    LobbyStorm,
    /// Failing logins, each from another /64 of one /48.
    LoginsOfOneSite,
    /// Failing logins, each from another IPv4 address.
    LoginsOfManyAddresses,
    /// One account asks for group batches.
    GroupBatches,
    /// One account asks for weeks of call-link credentials.
    LinkBatches,
    /// Datagrams of all kinds to the port of media, from addresses that nobody knows.
    MediaFlood,
    /// Connections to the port of media that say nothing, or too little.
    MediaConnections,
    /// A device sends ten times what it may.
    MediaSurplus,
    /// A device sends in streams of others.
    MediaStreams,
    /// A device nominates the address of somebody else for its media.
    MediaNomination,
}

/// More attempts than there are.
const ACTS: u32 = u32::MAX;

/// The force of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The number of concurrent attempts.
    pub(crate) slots: u32,
    /// The maximum number of attempts that start in a second.
    pub(crate) per_second: u32,
    /// The number of attempts at full force. [`ACTS`]: the attack says itself when it acts.
    pub(crate) full: u32,
}

/// The knowledge of an attacker. It travels through a pipe, since others can read command lines.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) attack: Attack,
    /// Host and port.
    pub(crate) issuer: String,
    /// Host and port.
    pub(crate) rooms: String,
    /// The most slots that the limit of open files leaves.
    pub(crate) connections: u32,
    /// The room with the attacked call.
    pub(crate) room: String,
    /// Presentations of users that an admin has admitted before.
    pub(crate) members: Vec<String>,
    /// A presentation of a user that is never admitted.
    pub(crate) stranger: String,
    /// A presentation that creates a link.
    pub(crate) create: String,
    /// The `Authorization` of the stranger's device at the issuer.
    pub(crate) authorization: String,
    /// The port of media, over UDP and TCP, where it is the target.
    pub(crate) media: Option<SocketAddr>,
    /// The way into the call of those who talk, where media are the target.
    pub(crate) insider: Option<Insider>,
}

/// A device that may join a call with media.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Insider {
    pub(crate) room: String,
    /// A presentation for the member key.
    pub(crate) presentation: String,
    pub(crate) member: String,
    /// The seats of the others.
    pub(crate) seats: Vec<u32>,
}

impl Target {
    /// Returns the presentation of one of the members, in turn.
    pub(super) fn member(&self, number: u32) -> Result<&str> {
        let count = self.members.len().max(1);
        let member = self.members.get(usize::try_from(number)? % count);
        Ok(member.context("the target has no members")?)
    }
}

impl Attack {
    /// Returns the force of the attack.
    pub(crate) const fn plan(self) -> Plan {
        self.row().1
    }

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        self.row().0
    }

    const fn row(self) -> (&'static str, Plan) {
        match self {
            Self::SlowBodies => ("HTTP/1.1", plan(1_200, 800, 1_200)),
            Self::SlowStreams => ("HTTP/2", plan(9, 800, 9 * 128)),
            Self::SlowDevices => ("at the issuer", plan(1_200, 800, 1_200)),
            Self::IdleRooms => ("at the room service", plan(4_200, 1_200, 4_200)),
            Self::IdleIssuer => ("at the issuer", plan(4_200, 1_200, 4_200)),
            Self::SilentHandshakes => ("silent", plan(1_600, 150, 300)),
            Self::HalfHandshakes => ("half done", plan(1_600, 150, 300)),
            // More attempts than slots: earlier sockets must have been refused or closed.
            Self::IdleSockets => ("silent", plan(9_500, 1_600, 11_000)),
            Self::HalfFrames => ("half a message", plan(2_500, 800, 2_500)),
            Self::FullCall => ("call", plan(75, 100, 75)),
            Self::FullLobby => ("lobby", plan(75, 100, 75)),
            // The first device sends messages; the others only receive.
            Self::Relays => ("fast readers", plan(25, 50, 25)),
            Self::RelaysToSlowAdmin => ("slow admin", plan(25, 50, 25)),
            Self::Hands => ("hands", plan(25, 50, 25)),
            Self::LobbyStorm => ("lobby", plan(8, 100, 50)),
            Self::LoginsOfOneSite => ("one /48", plan(150, 200, 150)),
            Self::LoginsOfManyAddresses => ("many addresses", plan(150, 200, 150)),
            Self::GroupBatches => ("group", plan(64, 200, 64)),
            Self::LinkBatches => ("call links", plan(64, 200, 64)),
            // Of 50 datagrams each.
            Self::MediaFlood => ("datagrams", plan(40, 200, 80)),
            Self::MediaConnections => ("connections", plan(150, 150, 150)),
            Self::MediaSurplus => ("ten times the limit", plan(1, 1, ACTS)),
            Self::MediaStreams => ("streams of others", plan(1, 1, ACTS)),
            Self::MediaNomination => ("a third address", plan(1, 1, ACTS)),
        }
    }
}

const fn plan(slots: u32, per_second: u32, full: u32) -> Plan {
    Plan {
        slots,
        per_second,
        full,
    }
}
