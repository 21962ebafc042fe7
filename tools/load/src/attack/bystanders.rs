//! Two people who talk in a call with media while others attack: what each says, and what the other hears of it.

use std::time::Duration;

use anteroom_client::{Approval, Client, DemuxId, OwnLink};
use anteroom_protocol::MemberKey;
use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::{
    accounts::LoadAccount,
    attacker::Insider,
    server::{Addresses, ServerSetup},
    talk::Talker,
};

/// The time within which the last sound of a measurement has to be heard.
const LAST_WITHIN: Duration = Duration::from_secs(5);

/// The two, with the room whose other calls can be attacked.
pub(super) struct Bystanders {
    talkers: [Talker; 2],
    seats: [DemuxId; 2],
    _clients: [Client; 2],
    /// The way into their call for a third device.
    pub(super) insider: Insider,
}

/// The sound of one phase.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct MediaMeasurements {
    /// The sounds that were said.
    pub(super) sounds: u32,
    /// Those of them that were not heard.
    pub(super) lost: u32,
    /// The 99th percentile of the time between two sounds that were heard, in milliseconds.
    pub(super) gap_p99_ms: f64,
    /// The longest such time.
    pub(super) longest_gap_ms: f64,
    /// The 99th percentile before the attack.
    pub(super) before_p99_ms: Option<f64>,
}

impl Bystanders {
    /// Lets two people join the call of a room of their own, and talk.
    pub(super) async fn join(setup: &ServerSetup, addresses: &Addresses) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..2 {
            let device = setup.add().await?.credentials()?;
            clients.push(Client::connect(&addresses.issuer, device).await?);
        }
        let clients = <[Client; 2]>::try_from(clients).ok().context("not two")?;
        let [one, other] = &clients;
        let room = one.create_link(&addresses.rooms, Approval::Off).await?;
        let talkers = [
            talker(one, &room, true).await?,
            talker(other, &room, false).await?,
        ];
        let [first, second] = &talkers;
        let seats = [first.demux().await?, second.demux().await?];
        for (listener, sender) in [(first, seats[1]), (second, seats[0])] {
            listener.until_heard(sender).await?;
        }
        let insider = LoadAccount::new(setup.add().await?.credentials()?, addresses).await?;
        let (key, member) = (&room.link.root_key, MemberKey::from_bytes([7; 32]));
        let insider = Insider {
            room: key.room_id().to_hex(),
            presentation: insider.member_presentation(key, &member)?,
            member: URL_SAFE_NO_PAD.encode(member.as_bytes()),
            seats: seats.map(DemuxId::number).into(),
        };
        Ok(Self {
            insider,
            talkers,
            seats,
            _clients: clients,
        })
    }

    /// Measures for a duration what one hears of the other.
    pub(super) async fn measure(&self, duration: Duration) -> Result<MediaMeasurements> {
        let said = || {
            self.talkers
                .each_ref()
                .map(|one| one.read(|journal| journal.said))
        };
        let starts = said();
        sleep(duration).await;
        let ends = said();
        let [first, second] = &self.talkers;
        let [one, other] = self.seats;
        let mut all = MediaMeasurements {
            sounds: 0,
            lost: 0,
            gap_p99_ms: 0.0,
            longest_gap_ms: 0.0,
            before_p99_ms: None,
        };
        let mut gaps = Vec::new();
        let [from_first, from_second] = [(starts[0], ends[0]), (starts[1], ends[1])];
        for (listener, sender, (start, end)) in
            [(second, one, from_first), (first, other, from_second)]
        {
            // If it does not come it counts as lost.
            let last = listener.until_number(sender, end.saturating_sub(1));
            if let Ok(outcome) = timeout(LAST_WITHIN, last).await {
                outcome?;
            }
            let moments = listener.read(|journal| {
                let heard = journal.heard.get(&sender).map_or(&[][..], Vec::as_slice);
                let of_phase = heard
                    .iter()
                    .filter(|(number, _)| (start..end).contains(number));
                of_phase.map(|(_, moment)| *moment).collect::<Vec<_>>()
            });
            let sounds = end - start;
            all.sounds += sounds;
            all.lost += sounds.saturating_sub(u32::try_from(moments.len())?);
            let pairs = moments.iter().zip(moments.iter().skip(1));
            gaps.extend(pairs.map(|(earlier, later)| later.duration_since(*earlier)));
        }
        gaps.sort_unstable();
        let at = |percent: usize| {
            let rank = (gaps.len() * percent).div_ceil(100).max(1);
            let gap = gaps.get(rank - 1).copied().unwrap_or_default();
            gap.as_secs_f64() * 1_000.0
        };
        all.gap_p99_ms = at(99);
        all.longest_gap_ms = at(100);
        Ok(all)
    }
}

async fn talker(client: &Client, room: &OwnLink, as_admin: bool) -> Result<Talker> {
    let talker = Talker::join(client, room, as_admin).await?;
    talker.talk(true).await?;
    Ok(talker)
}
