//! The command line of the rotation of keys.

use clap::{Args, ValueEnum};

#[derive(Args)]
pub struct KeysRotate {
    /// Which key
    #[arg(value_enum)]
    pub kind: RotatedKind,
    /// Server params only: in how many days the new ones issue. Clients must pin them until then
    /// [default: 7]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(2..=90))]
    pub days: Option<u16>,
    /// Server params only: the new ones issue at once. Clients that have not pinned them are refused
    /// by their own rules until they do
    #[arg(long, conflicts_with = "days")]
    pub now: bool,
    /// With --now, after a leak: credentials made under the old ones are worth nothing from now on
    #[arg(long, requires = "now")]
    pub revoke: bool,
    /// Do not ask where the old key is of no use afterwards: with --revoke, and for the key of events
    #[arg(long)]
    pub yes: bool,
}

/// What can be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RotatedKind {
    /// What sealed values are sealed with: they are all sealed anew
    Data,
    /// What access tokens are signed with
    Token,
    /// What pseudonyms in events are made with: all names change
    Event,
    /// Server params of call-link credentials
    Generic,
    /// Server params of group credentials
    Group,
    /// Server params of the credentials of guests
    Guest,
    /// Server params of certificates of devices
    Certificates,
    /// What all keys of both databases are wrapped with
    Master,
}

impl KeysRotate {
    /// In how many days new server params issue.
    pub fn days(&self) -> u16 {
        self.days.unwrap_or(7)
    }
}

impl RotatedKind {
    /// Returns whether these are server params.
    pub const fn is_of_params(self) -> bool {
        matches!(
            self,
            Self::Generic | Self::Group | Self::Certificates | Self::Guest
        )
    }
}
