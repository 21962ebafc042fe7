//! The participants of a run, and what they are ordered.

use std::{path::Path, sync::Arc, time::Duration};

use anteroom_client::{Approval, DemuxId};
use anyhow::{Context as _, Result};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

use crate::{
    network::{Network, Shape},
    output::say,
    participant::{Order, PATIENCE, Participant, State},
    record::Record,
    service::Services,
};

/// The number of the admin.
pub(crate) const ADMIN: u32 = 0;

/// The orders that wait for a participant.
const ORDERS: usize = 16;

/// The number of participants that join at once in the beginning.
const JOINING: usize = 4;

/// A participant as the run sees it.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) number: u32,
    pub(crate) network: Arc<Network>,
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
}

impl Member {
    pub(crate) async fn order(&self, order: Order) -> Result<()> {
        let ordered = self.orders.send(order).await;
        ordered.with_context(|| format!("{} is out", self.number))
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until the state is so.
    pub(crate) async fn until(
        &self,
        what: &str,
        patience: Duration,
        is_so: impl FnMut(&State) -> bool,
    ) -> Result<()> {
        let mut state = self.state.clone();
        let reached = timeout(patience, state.wait_for(is_so)).await;
        let reached = reached.with_context(|| {
            let seconds = patience.as_secs();
            let state = self.state();
            format!("{} is not {what} after {seconds} s: {state:?}", self.number)
        })?;
        reached.with_context(|| format!("{} is out", self.number))?;
        Ok(())
    }

    /// Waits until the participant is in the call and its group, with media.
    pub(crate) async fn until_settled(&self, patience: Duration) -> Result<()> {
        self.until("in the call with media", patience, State::is_settled)
            .await
    }

    /// Joins again, after a call that has ended.
    pub(crate) async fn join_again(&self, is_timed: bool) -> Result<()> {
        self.until("out of the call", PATIENCE, |state| state.demux.is_none())
            .await?;
        self.order(Order::Join { is_timed }).await
    }

    pub(crate) fn demux(&self) -> Option<DemuxId> {
        self.state.borrow().demux
    }
}

/// All participants, and the services.
pub(crate) struct Group {
    pub(crate) services: Services,
    pub(crate) members: Vec<Member>,
    pub(crate) record: Record,
    lives: JoinSet<Result<()>>,
    networks: JoinSet<()>,
}

impl Group {
    /// Starts the services, and lets all participants join a call.
    pub(crate) async fn gather(program: &Path, count: u32, seed: u64) -> Result<Self> {
        let program = program.to_owned();
        let services = spawn_blocking(move || Services::start(&program)).await??;
        let accounts = services.add_accounts(count).await?;
        let mut group = Self {
            services,
            members: Vec::new(),
            record: Record::default(),
            lives: JoinSet::new(),
            networks: JoinSet::new(),
        };
        let mut own = None;
        for (number, account) in (ADMIN..).zip(&accounts) {
            let rooms = &group.services.rooms;
            let seed = seed.wrapping_add(number.into());
            let (network, url) = Network::start(rooms, seed, &mut group.networks).await?;
            let client = group.services.client(account, &url).await?;
            if own.is_none() {
                own = Some(client.create_link(rooms, Approval::Off).await?);
            }
            let own = own.as_ref().context("no link")?;
            let (orders, ordered) = mpsc::channel(ORDERS);
            let (state, seen) = watch::channel(State::default());
            let participant = Participant {
                number,
                client,
                link: own.link.clone(),
                rights: (number == ADMIN).then(|| own.rights.clone()),
                record: group.record.clone(),
                orders: ordered,
                state,
            };
            group.lives.spawn(async move {
                let lived = participant.live().await;
                if let Err(error) = &lived {
                    // The run goes on without it, and may wait for it.
                    say(&format!("{number} has failed: {error:#}"))?;
                }
                lived
            });
            group.members.push(Member {
                number,
                network,
                orders,
                state: seen,
            });
        }
        // The group begins with the second one.
        for members in group.members.chunks(JOINING) {
            for member in members {
                member.order(Order::Join { is_timed: false }).await?;
            }
            for member in members {
                member.until_settled(2 * PATIENCE).await?;
            }
        }
        Ok(group)
    }

    /// Shapes the networks of all.
    pub(crate) fn shape(&self, shape: Shape) {
        for member in &self.members {
            member.network.shape(shape);
        }
    }

    pub(crate) fn admin(&self) -> Result<&Member> {
        self.members.first().context("nobody is there")
    }

    /// Returns the errors of the services, and those of participants that have failed.
    pub(crate) async fn complaints(mut self) -> Vec<String> {
        let complaints = self.services.complaints();
        let mut complaints = match complaints {
            Ok(complaints) => complaints.to_vec(),
            Err(error) => vec![format!("{error:#}")],
        };
        self.members.clear();
        while let Some(life) = self.lives.join_next().await {
            let failure = match life {
                Ok(lived) => lived.err(),
                Err(error) => Some(error.into()),
            };
            complaints.extend(failure.map(|error| format!("{error:#}")));
        }
        complaints
    }
}
