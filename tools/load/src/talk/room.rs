//! A room whose people talk while they come and go.

use anteroom_client::{Approval, Client, DemuxId, OwnLink};
use anyhow::{Context as _, Result, anyhow};
use futures::future::try_join_all;

use super::{journal::Journal, talker::Talker};
use crate::server::{Addresses, ServerSetup};

/// The sounds that those who stay say after somebody has left, a second of them.
const SOUNDS_AFTER: u32 = 50;

/// A room of three people: two stay, and the third comes and leaves while they talk.
pub(crate) struct TalkRoom {
    clients: Vec<Client>,
    room: OwnLink,
    heard: u64,
}

impl TalkRoom {
    pub(crate) async fn new(setup: &ServerSetup, addresses: &Addresses) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..3 {
            let device = setup.add().await?.credentials()?;
            clients.push(Client::connect(&addresses.issuer, device).await?);
        }
        let host = clients.first().context("nobody is there")?;
        let room = host.create_link(&addresses.rooms, Approval::Off).await?;
        Ok(Self {
            clients,
            room,
            heard: 0,
        })
    }

    /// Returns the number of sounds that were heard.
    pub(crate) const fn heard(&self) -> u64 {
        self.heard
    }

    /// Two people join and talk, a third one comes, talks and leaves, and the two leave. Fails if anybody has not
    /// heard each sound of each other one from the first on.
    pub(crate) async fn come_and_go(&mut self) -> Result<()> {
        let [host, guest, third] = self.clients.as_slice() else {
            return Err(anyhow!("not three people"));
        };
        let stayers = [
            self.joined(host, true).await?,
            self.joined(guest, false).await?,
        ];
        all_hear_each_other(&stayers.each_ref()).await?;
        let visitor = self.joined(third, false).await?;
        let [one, other] = &stayers;
        let everybody = [one, other, &visitor];
        all_hear_each_other(&everybody).await?;
        visitor.0.talk(false).await?;
        self.heard += all_have_heard(&visitor, &[one, other]).await?;
        visitor.0.leave().await?;
        for (stayer, _) in &stayers {
            let said = stayer.read(|journal| journal.said);
            let alone = |journal: &Journal| journal.active == 2;
            stayer.wait_for("the end of a visit", alone).await?;
            let more = |journal: &Journal| journal.said >= said + SOUNDS_AFTER;
            stayer.wait_for("its own sounds", more).await?;
        }
        for (talker, listener) in [(one, other), (other, one)] {
            talker.0.talk(false).await?;
            self.heard += all_have_heard(talker, &[listener]).await?;
        }
        try_join_all(stayers.iter().map(|(stayer, _)| stayer.leave())).await?;
        Ok(())
    }

    /// Lets somebody join and talk.
    async fn joined(&self, client: &Client, as_admin: bool) -> Result<(Talker, DemuxId)> {
        let talker = Talker::join(client, &self.room, as_admin).await?;
        let demux = talker.demux().await?;
        talker.talk(true).await?;
        Ok((talker, demux))
    }
}

async fn all_hear_each_other(talkers: &[&(Talker, DemuxId)]) -> Result<()> {
    for (listener, own) in talkers {
        for (_, sender) in talkers.iter().filter(|(_, sender)| sender != own) {
            listener.until_heard(*sender).await?;
        }
    }
    Ok(())
}

/// Waits until all have heard the last sound of one who is silent now, and returns how many they have heard.
async fn all_have_heard(
    (talker, seat): &(Talker, DemuxId),
    listeners: &[&(Talker, DemuxId)],
) -> Result<u64> {
    let said = talker.read(|journal| journal.said);
    let last = said.checked_sub(1).context("nothing was said")?;
    let mut heard = 0;
    for (listener, _) in listeners {
        listener.until_number(*seat, last).await?;
        let checked = listener.read(|journal| journal.check(*seat));
        heard += u64::from(checked.map_err(|fault| anyhow!(fault))?);
    }
    Ok(heard)
}
