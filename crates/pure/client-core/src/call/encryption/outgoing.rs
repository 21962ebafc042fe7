//! The messages of the session, as the room service takes them.

use anteroom_e2ee_session::Message;
use anteroom_protocol::{AdminStatement, GroupEpoch};
use anteroom_wire::rooms::socket::{ClientMessage, Recipients, WelcomeBody};

use super::{Effect, Encryption};
use crate::wire;

impl Encryption {
    /// Returns the effect of a message of the session.
    pub(super) fn message(&mut self, message: Message) -> Option<Effect> {
        Some(Effect::Send(match message {
            Message::Commit(commit) => {
                self.awaits_commit = true;
                let welcome = commit.welcome.as_ref();
                ClientMessage::Commit {
                    group: commit.epoch.group,
                    epoch: commit.epoch.epoch,
                    body: wire::encode(&commit.body),
                    welcome: welcome.map(|(to, body)| WelcomeBody {
                        to: to.iter().map(|device| device.number()).collect(),
                        body: wire::encode(body),
                    }),
                }
            }
            Message::Refuse(GroupEpoch { group, epoch }) => ClientMessage::Refuse { group, epoch },
            Message::Relay(_, body) => ClientMessage::Relay {
                to: Recipients::ALL,
                body: wire::encode(&body),
            },
            Message::RelayTo(to, body) => ClientMessage::Relay {
                to: Recipients::One(to.number()),
                body: wire::encode(&body),
            },
            Message::RosterRequest if self.tells_rosters => ClientMessage::Participants,
            Message::RosterRequest => return None,
            Message::Policy(policy) => {
                // A policy is not longer than an admin statement.
                let statement = AdminStatement::new(policy.as_bytes()).ok()?;
                return Some(Effect::Publish(statement));
            }
        }))
    }
}
