//! The turns of all participants under one condition of their networks.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anteroom_client::DemuxId;
use anteroom_testkit::LinkShape;
use anyhow::{Result, ensure};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    churn::{self, Incident},
    dice::Dice,
    group::{Group, Member},
    network::Shape,
    output::say,
    participant::{Order, PATIENCE, Talk},
    playout::Playout,
    sound::FRAME,
};

/// The time for which bandwidths are estimated before the first turn.
const SETTLING: Duration = Duration::from_secs(3);

/// The time between two turns.
const PAUSE: Duration = Duration::from_millis(300);

/// The time after the last turn in which its frames arrive.
const AFTER: Duration = Duration::from_secs(1);

/// The heights in which the present speaker is seen, and those before it.
const HEIGHTS: [u16; 3] = [360, 180, 180];

/// A condition.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// The frames of a packet: more of them need less bandwidth.
    pub(crate) in_packet: u32,
    /// Whether participants leave, are removed and lose their connections meanwhile.
    pub(crate) has_incidents: bool,
    /// Whether pictures have room beside the sound.
    pub(crate) has_pictures: bool,
    /// Whether its share of concealed sound, and its gaps, have bounds.
    pub(crate) bounds_sound: bool,
}

impl Condition {
    /// Creates a condition of the way down: lost datagrams in thousandths, milliseconds of delay, bits a second.
    pub(crate) fn new(name: &'static str, loss: u32, millis: u64, bits: Option<u64>) -> Self {
        let down = LinkShape {
            bits_per_second: bits,
            delay: Duration::from_millis(millis),
            loss,
            ..LinkShape::default()
        };
        Self {
            name,
            shape: Shape {
                up: LinkShape::default(),
                down,
            },
            in_packet: 1,
            has_incidents: true,
            has_pictures: true,
            bounds_sound: false,
        }
    }
}

/// The result of a condition.
pub(crate) struct Row {
    pub(crate) condition: Condition,
    pub(crate) participants: usize,
    /// The times from the first frame of a turn to the first one that was heard, of all turns and listeners.
    pub(crate) heard: Vec<Duration>,
    pub(crate) seen: usize,
    pub(crate) to_see: usize,
    pub(crate) playout: Playout,
    /// The frames that the SDK did not send.
    pub(crate) unsent: u32,
    pub(crate) incidents: usize,
    /// The listeners that heard nothing of a turn, and those that did not come back.
    pub(crate) failures: Vec<String>,
    /// The viewers that saw no picture of a turn.
    pub(crate) unseen: Vec<String>,
}

/// A turn that is over, and those who should have heard it.
struct PastTurn {
    turn: u32,
    listeners: Vec<u32>,
}

/// Lets all participants talk, one after the other.
pub(crate) async fn run(
    group: &Group,
    condition: &Condition,
    frames: u32,
    dice: &mut Dice,
) -> Result<Row> {
    say(&format!("{} ...", condition.name))?;
    group.shape(condition.shape);
    sleep(SETTLING).await;
    let mut row = Row {
        condition: condition.clone(),
        participants: group.members.len(),
        heard: Vec::new(),
        seen: 0,
        to_see: 0,
        playout: Playout::default(),
        unsent: 0,
        incidents: 0,
        failures: Vec::new(),
        unseen: Vec::new(),
    };
    let mut incidents: JoinSet<(u32, Result<()>)> = JoinSet::new();
    let mut away = BTreeSet::new();
    let mut past = Vec::new();
    for (place, speaker) in group.members.iter().enumerate() {
        while away.contains(&speaker.number)
            && let Some(back) = incidents.join_next().await
        {
            take_back(back?, &mut away, &mut row)?;
        }
        while let Some(back) = incidents.try_join_next() {
            take_back(back?, &mut away, &mut row)?;
        }
        if let Err(error) = speaker.until_settled(PATIENCE).await {
            row.fail(format!("{error:#}"))?;
            continue;
        }
        show(group, place).await?;
        if condition.has_incidents
            && let Some(victim) = churn::victim(&group.members, place, &away)
        {
            let incident = Incident::drawn(place, dice);
            let (admin, victim) = (group.admin()?.clone(), victim.clone());
            away.insert(victim.number);
            row.incidents += 1;
            incidents.spawn(async move {
                let back = churn::happen(incident, &admin, &victim).await;
                (victim.number, back)
            });
        }
        let listeners = group
            .members
            .iter()
            .filter(|member| member.number != speaker.number && !away.contains(&member.number));
        let listeners = listeners.map(|member| member.number).collect();
        let turn = talk(group, speaker, frames, condition.in_packet).await?;
        past.push(PastTurn { turn, listeners });
        sleep(PAUSE).await;
    }
    while let Some(back) = incidents.join_next().await {
        take_back(back?, &mut away, &mut row)?;
    }
    sleep(AFTER).await;
    for turn in past {
        count(group, &turn, &mut row);
    }
    Ok(row)
}

impl Row {
    fn fail(&mut self, failure: String) -> Result<()> {
        say(&failure)?;
        self.failures.push(failure);
        Ok(())
    }
}

fn take_back(
    (number, back): (u32, Result<()>),
    away: &mut BTreeSet<u32>,
    row: &mut Row,
) -> Result<()> {
    match back {
        // The one that has not come back is not asked to listen.
        Err(error) => row.fail(format!("{error:#}"))?,
        Ok(()) => {
            away.remove(&number);
        }
    }
    Ok(())
}

/// Lets a participant say a turn, and waits for its end. Returns its number.
pub(crate) async fn talk(
    group: &Group,
    speaker: &Member,
    frames: u32,
    in_packet: u32,
) -> Result<u32> {
    let turn = group.record.begin(speaker.number, frames);
    let talk = Talk {
        turn,
        frames,
        in_packet,
    };
    speaker.order(Order::Talk(talk)).await?;
    sleep(FRAME * frames).await;
    let begun = group.record.turn(turn).and_then(|turn| turn.begin);
    ensure!(begun.is_some(), "{} does not talk", speaker.number);
    Ok(turn)
}

/// Lets all see the one whose turn it is, and those before it.
async fn show(group: &Group, place: usize) -> Result<()> {
    let count = group.members.len();
    let places = HEIGHTS.iter().enumerate().map(|(before, height)| {
        let place = (place + count - before) % count;
        let demux = group.members.get(place).and_then(Member::demux);
        demux.map(|demux| (demux, *height))
    });
    let view: Vec<(DemuxId, u16)> = places.flatten().collect();
    for member in &group.members {
        if let Some(own) = member.demux() {
            let others = view.iter().filter(|(demux, _)| *demux != own).copied();
            member.order(Order::View(others.collect())).await?;
        }
    }
    Ok(())
}

/// Counts what reached the listeners of a turn.
fn count(group: &Group, past: &PastTurn, row: &mut Row) {
    let Some(turn) = group.record.turn(past.turn) else {
        return;
    };
    row.unsent += turn.unsent;
    let begin = turn.begin.unwrap_or_else(Instant::now);
    for listener in &past.listeners {
        let arrivals = turn.heard.get(listener).map(Vec::as_slice);
        let arrivals = arrivals.unwrap_or_default();
        match arrivals.first() {
            Some((_, first)) => row.heard.push(*first - begin),
            None => row.failures.push(format!(
                "{listener} heard nothing of turn {} of {}",
                past.turn, turn.speaker
            )),
        }
        let played = Playout::of_turn(turn.frames, arrivals);
        row.playout.add(played);
        if row.condition.has_pictures {
            row.to_see += 1;
            if turn.seen.contains(listener) {
                row.seen += 1;
            } else {
                row.unseen.push(format!(
                    "{listener} did not see {} in turn {}",
                    turn.speaker, past.turn
                ));
            }
        }
    }
}
