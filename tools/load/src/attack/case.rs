//! The cases: groups of attacks, with the operations of legitimate clients during them.

use clap::ValueEnum;
use serde::Serialize;
use strum::IntoStaticStr;

use super::clients::Operation;
use crate::attacker::Attack;

/// Attacks of one kind, on services of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Case {
    /// Requests whose bodies do not come.
    SlowBodies,
    /// Connections that ask once and stay.
    IdleConnections,
    /// TLS handshakes that are not finished.
    Handshakes,
    /// Sockets that do not join.
    Sockets,
    /// Calls and lobbies that one account fills.
    FullCalls,
    /// Relays that the readers cannot keep up with.
    Relays,
    /// Rosters that change all the time.
    Rosters,
    /// Logins from many addresses.
    Logins,
    /// Credentials that one account asks for without end.
    Batches,
    /// The port of media.
    Media,
    /// The call of those who talk, from within.
    MediaInsiders,
}

const PLAIN: &[Operation] = &[
    Operation::Params,
    Operation::ParamsKept,
    Operation::Credentials,
    Operation::CreateLink,
    Operation::Link,
    Operation::LinkKept,
    Operation::Join,
    Operation::Resume,
    Operation::Relay,
];
const WITH_LOGINS: &[Operation] = &[
    Operation::Params,
    Operation::ParamsKept,
    Operation::Credentials,
    Operation::Link,
    Operation::Login,
];
const IN_CALLS: &[Operation] = &[
    Operation::ParamsKept,
    Operation::LinkKept,
    Operation::Join,
    Operation::Relay,
];
const ENCRYPTED: &[Operation] = &[
    Operation::Params,
    Operation::Handshake,
    Operation::HandshakeKept,
];

impl Case {
    /// Returns the named cases, or all.
    pub(super) fn chosen(named: &[Self]) -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|case| named.is_empty() || named.contains(case))
            .collect()
    }

    pub(super) const fn attacks(self) -> &'static [Attack] {
        match self {
            Self::SlowBodies => &[Attack::SlowBodies, Attack::SlowStreams, Attack::SlowDevices],
            Self::IdleConnections => &[Attack::IdleRooms, Attack::IdleIssuer],
            Self::Handshakes => &[Attack::SilentHandshakes, Attack::HalfHandshakes],
            Self::Sockets => &[Attack::IdleSockets, Attack::HalfFrames],
            Self::FullCalls => &[Attack::FullCall, Attack::FullLobby],
            Self::Relays => &[Attack::Relays, Attack::RelaysToSlowAdmin],
            Self::Rosters => &[Attack::Hands, Attack::LobbyStorm],
            Self::Logins => &[Attack::LoginsOfOneSite, Attack::LoginsOfManyAddresses],
            Self::Batches => &[Attack::GroupBatches, Attack::LinkBatches],
            Self::Media => &[Attack::MediaFlood, Attack::MediaConnections],
            Self::MediaInsiders => &[
                Attack::MediaNomination,
                Attack::MediaSurplus,
                Attack::MediaStreams,
            ],
        }
    }

    /// Returns the operations of legitimate clients.
    pub(super) const fn operations(self) -> &'static [Operation] {
        match self {
            Self::Handshakes => ENCRYPTED,
            Self::Logins => WITH_LOGINS,
            Self::Media | Self::MediaInsiders => IN_CALLS,
            _ => PLAIN,
        }
    }

    /// Returns whether the room service encrypts by itself.
    pub(super) const fn is_encrypted(self) -> bool {
        matches!(self, Self::Handshakes)
    }

    /// Returns whether the target is the port of media: two people talk meanwhile.
    pub(super) const fn is_on_media(self) -> bool {
        matches!(self, Self::Media | Self::MediaInsiders)
    }

    /// Returns the number of the attacker's accounts that an admin has admitted to the attacked call before.
    pub(super) const fn members(self) -> usize {
        match self {
            Self::FullCalls => 1,
            // With at most five devices of one account, 25 devices get a seat.
            Self::Relays | Self::Rosters => 5,
            _ => 0,
        }
    }

    /// Returns whether the target is the call of a room, in which an admin must still be able to act.
    pub(super) const fn is_on_call(self) -> bool {
        matches!(self, Self::FullCalls | Self::Relays | Self::Rosters)
    }

    /// Returns whether the target is the processor. The attacker on the same machine then gets the lowest
    /// priority: otherwise it would itself use the processor time that it makes the services use.
    pub(super) const fn is_on_processor(self) -> bool {
        matches!(self, Self::Logins | Self::Batches)
    }

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_attack_is_named_once_in_its_case() {
        for case in Case::chosen(&[]) {
            let names: BTreeSet<_> = case.attacks().iter().map(|attack| attack.name()).collect();
            assert_eq!(names.len(), case.attacks().len(), "{}", case.name());
        }
    }

    #[test]
    fn cases_that_are_not_named_are_left_out() {
        let chosen = Case::chosen(&[Case::Relays, Case::SlowBodies]);
        assert_eq!(chosen, [Case::SlowBodies, Case::Relays]);
        assert_eq!(Case::chosen(&[]).len(), 11);
    }
}
