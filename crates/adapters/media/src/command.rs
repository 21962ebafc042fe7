//! The commands for a call's media, and the queue in which they wait for the thread of the call.
//!
//! A queue holds few commands of each device, however long the thread takes: views replace each other,
//! publications are merged (see [`publish`]), offers and orders have a bound, and a device that leaves takes its
//! commands with it.

use std::collections::VecDeque;

use anteroom_protocol::{DemuxId, OpaqueUserId, media::ViewRequest};
use anteroom_sfu::{
    AnsweredOffer, DeviceOffer,
    input::{MuteOrder, MuteTarget},
    source::{PerSource, Source},
};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// A command for a call's media.
pub(crate) enum Command {
    Activate {
        device: DemuxId,
        user: OpaqueUserId,
    },
    Deactivate {
        device: DemuxId,
        done: Option<oneshot::Sender<()>>,
    },
    Offer {
        device: DemuxId,
        session: u64,
        offer: String,
    },
    Attach {
        device: DemuxId,
        session: u64,
        answered: Box<AnsweredOffer>,
    },
    /// A later offer of a session, which has been read.
    Reoffer {
        device: DemuxId,
        session: u64,
        offer: Box<DeviceOffer>,
    },
    View {
        device: DemuxId,
        view: ViewRequest,
    },
    Publish {
        device: DemuxId,
        sources: PerSource<bool>,
    },
    Mute {
        by: DemuxId,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    },
}

/// The number of offers of a device that wait at once.
const OFFERS: usize = 4;

/// The number of orders of an admin's device that wait at once. The call passes on few at once of each device, and an
/// order that finds no room ends the media of all: so the orders of others do not count.
const ORDERS: usize = 64;

/// The number of orders of a device about itself that wait at once: one for each source that was dropped, and as many
/// as an admin may give at once.
const OWN_ORDERS: usize = 32;

impl Command {
    /// Returns the device that the command is of, and goes with.
    const fn device(&self) -> Option<DemuxId> {
        match self {
            Self::Activate { device, .. }
            | Self::Deactivate { device, .. }
            | Self::Offer { device, .. }
            | Self::Attach { device, .. }
            | Self::Reoffer { device, .. }
            | Self::View { device, .. }
            | Self::Publish { device, .. } => Some(*device),
            Self::Mute {
                by,
                target: MuteTarget::One(device),
                ..
            } if by.number() == device.number() => Some(*device),
            Self::Mute { .. } => None,
        }
    }

    /// Returns the device that gives the order.
    const fn giver(&self) -> Option<DemuxId> {
        match self {
            Self::Mute { by, .. } => Some(*by),
            _ => None,
        }
    }

    /// Takes the receipt out, which is dropped when the command has been carried out.
    pub(crate) const fn take_receipt(&mut self) -> Option<oneshot::Sender<()>> {
        match self {
            Self::Deactivate { done, .. } => done.take(),
            _ => None,
        }
    }

    /// Returns whether a later command makes this one needless.
    fn is_replaced_by(&self, other: &Self) -> bool {
        if self.device() != other.device() {
            return false;
        }
        matches!((self, other), (Self::View { .. }, Self::View { .. }))
    }
}

/// The commands that wait for the thread of a call.
#[derive(Default)]
pub(crate) struct CommandQueue(Mutex<QueueState>);

#[derive(Default)]
struct QueueState {
    commands: VecDeque<Command>,
    /// The call is to end.
    is_closed: bool,
    close: Vec<oneshot::Sender<()>>,
}

/// There are too many commands of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl CommandQueue {
    /// Adds a command.
    ///
    /// # Errors
    /// Too many of its kind wait.
    pub(crate) fn push(&self, command: Command) -> Result<(), TooMany> {
        let commands = &mut self.0.lock().commands;
        let limit = match &command {
            Command::Offer { .. } => OFFERS,
            Command::Mute { .. } if command.device().is_some() => OWN_ORDERS,
            Command::Mute { .. } => ORDERS,
            _ => usize::MAX,
        };
        let is_of_kind = |other: &&Command| {
            core::mem::discriminant(*other) == core::mem::discriminant(&command)
                && other.device() == command.device()
                && other.giver() == command.giver()
        };
        if commands.iter().filter(is_of_kind).count() >= limit {
            return Err(TooMany);
        }
        commands.retain(|other| !other.is_replaced_by(&command));
        if let Command::Deactivate { device, .. } = &command {
            let device = *device;
            commands.retain(|other| {
                other.device() != Some(device) || matches!(other, Command::Deactivate { .. })
            });
        }
        match command {
            Command::Publish { device, sources } => publish(commands, device, sources),
            command => commands.push_back(command),
        }
        Ok(())
    }

    /// Says that the call is to end. Nothing that waits matters any more.
    pub(crate) fn close(&self, done: Option<oneshot::Sender<()>>) {
        let waiting = &mut *self.0.lock();
        waiting.is_closed = true;
        waiting.commands.clear();
        waiting.close.extend(done);
    }

    /// Takes all commands into a buffer. `Some`: the call is to end, and those are to be told when it has.
    pub(crate) fn take(
        &self,
        commands: &mut VecDeque<Command>,
    ) -> Option<Vec<oneshot::Sender<()>>> {
        let waiting = &mut *self.0.lock();
        commands.append(&mut waiting.commands);
        waiting
            .is_closed
            .then(|| core::mem::take(&mut waiting.close))
    }
}

/// Adds a publication, with the same outcome as if all of them waited, and few that wait.
///
/// Of a device's publications two things count: which sources are on at last, and behind which orders each was turned
/// on: that ends a mute before it, and not one behind it. A source that is off at last can be off in all of them, since
/// turning it on ends every mute of it. One that is on at last, and was off in between, is off until it is turned on
/// for the last time. So those that wait are cut down to the sources of the new one, and those that turn nothing on any
/// more go. Each one left turns on another source than those before it: there is at most one more than there are
/// sources.
fn publish(commands: &mut VecDeque<Command>, device: DemuxId, sources: PerSource<bool>) {
    let mut last = None;
    commands.retain_mut(|command| match command {
        Command::Publish {
            device: by,
            sources: waiting,
        } if *by == device => {
            *waiting = PerSource::from_fn(|source| *waiting.of(source) && *sources.of(source));
            last.replace(*waiting) != Some(*waiting)
        }
        _ => true,
    });
    if last != Some(sources) {
        commands.push_back(Command::Publish { device, sources });
    }
}

#[cfg(test)]
mod tests;
