//! The removal of a device that keeps its keys and its connections and tries on, beside one in the call that has no
//! newer keys than it.
//!
//! The networks of both keep the messages of the room service back, so that their devices know of nothing: the removed
//! one goes on as before, and the other one gets all packets, and is left with the keys that both had.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::sleep;

use crate::{
    condition::talk,
    group::{Group, Member},
    network::Shape,
    participant::{Order, PATIENCE, Talk},
};

/// The time in which packets arrive that were sent before.
const ON_WAY: Duration = Duration::from_millis(500);

/// The frames of a turn here.
const FRAMES: u32 = 50;

/// The packets that the removed device and the other one got.
pub(crate) struct Removal {
    /// The packets that the media server sent to the removed device after the removal.
    pub(crate) packets: u64,
    /// The listeners that heard the removed device after the removal.
    pub(crate) heard_of_removed: usize,
    /// The packets that the other device got meanwhile, and the frames of them that the keys of the removed one open.
    pub(crate) packets_of_other: u64,
    pub(crate) opened_by_other: u64,
    /// The failures of the experiment itself.
    pub(crate) failures: Vec<String>,
}

impl Removal {
    /// Returns whether the removed device got nothing.
    pub(crate) fn holds(&self) -> bool {
        self.packets == 0
            && self.heard_of_removed == 0
            && self.opened_by_other == 0
            && self.packets_of_other > 0
            && self.failures.is_empty()
    }
}

/// Removes a device.
pub(crate) async fn run(group: &Group) -> Result<Removal> {
    group.shape(Shape::default());
    sleep(ON_WAY).await;
    let [admin, speaker, removed, other] = group
        .members
        .first_chunk::<4>()
        .context("there are too few participants")?;
    let mut failures = Vec::new();
    let mut expect = |is_so: bool, what: &str| {
        if !is_so {
            failures.push(what.to_owned());
        }
    };
    let heard = |turn: u32, member: &Member| {
        let turn = group.record.turn(turn);
        turn.is_some_and(|turn| turn.heard.contains_key(&member.number))
    };
    let before = talk(group, speaker, FRAMES, 1).await?;
    sleep(ON_WAY).await;
    expect(
        heard(before, removed) && heard(before, other),
        "the devices heard nothing before the removal",
    );

    for member in [removed, other] {
        member.network.withhold(true);
    }
    let device = removed.demux().context("it is not in the call")?;
    admin.order(Order::Remove(device)).await?;
    // Each of them would seal for the removed one before that.
    let keyless = [removed.number, other.number];
    let members = group.members.iter();
    for member in members.filter(|member| !keyless.contains(&member.number)) {
        member
            .until("without the removed device", PATIENCE, |state| {
                !state.roster.contains(&device) && !state.members.contains(&device)
            })
            .await?;
    }
    sleep(ON_WAY).await;
    let (got, got_by_other) = (
        removed.network.sent_downloads(),
        other.network.sent_downloads(),
    );
    let opened = other.state().opened;
    // The removed device talks as if nothing had happened.
    let of_removed = group.record.begin(removed.number, FRAMES);
    let talk_on = Talk {
        turn: of_removed,
        frames: FRAMES,
        in_packet: 1,
    };
    removed.order(Order::Talk(talk_on)).await?;
    let after = talk(group, speaker, FRAMES, 1).await?;
    sleep(ON_WAY).await;
    let packets = removed.network.sent_downloads() - got;
    let packets_of_other = other.network.sent_downloads() - got_by_other;
    let opened_by_other = other.state().opened - opened;
    let heard_of_removed = group.record.turn(of_removed);
    let heard_of_removed = heard_of_removed.context("no turn")?.heard.len();
    expect(heard(after, admin), "nobody heard what was said after");

    for member in [removed, other] {
        member.network.withhold(false);
    }
    removed
        .until("out of the call", PATIENCE, |state| state.demux.is_none())
        .await?;
    let ends = removed.state().ends;
    expect(
        ends.last() == Some(&"removed"),
        "the device is not told of its removal",
    );
    other
        .until("with the newest keys", PATIENCE, |state| {
            !state.members.contains(&device)
        })
        .await?;
    let last = talk(group, speaker, FRAMES, 1).await?;
    sleep(ON_WAY).await;
    expect(
        heard(last, other),
        "the other device heard nothing with the newest keys",
    );
    ensure!(!heard(last, removed), "the removed device is in the call");
    Ok(Removal {
        packets,
        heard_of_removed,
        packets_of_other,
        opened_by_other,
        failures,
    })
}
