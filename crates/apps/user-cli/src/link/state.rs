//! The state of a link as commands print it.

use anteroom_client::{Approval, GuestAdmission, LinkState, RoomName};
use anteroom_console::{
    fields::Fields,
    os,
    terminal::{day, output_size, print},
};
use anteroom_protocol::{CallLink, Timestamp};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::arguments::{GuestRule, OnOff};

const WITHOUT_CERTIFICATES: &str = "without certificates: others see accounts as told by the server, and nobody can prove who was there";

/// The state of a link after a change, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeReport<'a> {
    short_name: &'a str,
    #[serde(flatten)]
    state: StateReport<'a>,
}

/// The state of a link, as JSON.
#[derive(Serialize)]
pub(super) struct StateReport<'a> {
    name: Option<&'a str>,
    approval: bool,
    guests: &'static str,
    revoked: bool,
    expiration: u64,
    deletion: u64,
    /// Whether people come with certificates of the issuer.
    certificates: bool,
}

impl<'a> ChangeReport<'a> {
    pub(super) fn new(state: &'a LinkState, link: &CallLink, short_name: &'a str) -> Self {
        Self {
            short_name,
            state: StateReport::new(state, link),
        }
    }
}

impl<'a> StateReport<'a> {
    pub(super) fn new(state: &'a LinkState, link: &CallLink) -> Self {
        Self {
            name: match &state.name {
                RoomName::Known(name) => Some(name),
                RoomName::None | RoomName::Unreadable => None,
            },
            approval: state.approval == Approval::Required,
            guests: state.guests.as_str(),
            revoked: state.revoked,
            expiration: state.expiration.as_secs(),
            deletion: state.deletion.as_secs(),
            certificates: !link.without_certificates,
        }
    }
}

impl From<OnOff> for Approval {
    fn from(switch: OnOff) -> Self {
        match switch {
            OnOff::On => Self::Required,
            OnOff::Off => Self::Off,
        }
    }
}

impl From<GuestRule> for GuestAdmission {
    fn from(rule: GuestRule) -> Self {
        match rule {
            GuestRule::Wait => Self::Wait,
            GuestRule::Accounts => Self::AsAccounts,
            GuestRule::No => Self::Refused,
        }
    }
}

/// Returns the state of a link for a person.
pub(super) fn fields(state: &LinkState, link: &CallLink) -> Fields {
    let approval = match state.approval {
        Approval::Required => "on: who comes by the link waits until an admin lets them in",
        Approval::Off => "off: who comes by the link is in",
    };
    let guests = match state.guests {
        GuestAdmission::Wait => "wait: who comes without an account (--guest) waits in any case",
        GuestAdmission::AsAccounts => {
            "accounts: who comes without an account (--guest) is like the others"
        }
        GuestAdmission::Refused => "no: who comes without an account cannot join",
    };
    Fields::new(10)
        .line("room", room_name(state))
        .line("approval", approval)
        .line("guests", guests)
        .line("state", state_text(state, os::now()))
        .optional(
            "accounts",
            link.without_certificates.then_some(WITHOUT_CERTIFICATES),
        )
}

/// Shows a link, the command that joins by it, and before both a picture of it: they are the last on
/// the screen. In a shell a link without quotes ends at its &.
pub(super) fn show_link(url: &str, with_picture: bool) -> anyhow::Result<()> {
    if with_picture {
        for line in anteroom_console::qr::lines_for(url, output_size())? {
            print(&line)?;
        }
        print("")?;
    }
    print(url)?;
    print("")?;
    let command = Zeroizing::new(format!("anteroom call join '{url}' --as NAME"));
    print(&command)
}

fn room_name(state: &LinkState) -> &str {
    match &state.name {
        RoomName::None => "without a name",
        RoomName::Known(name) => name,
        RoomName::Unreadable => "with a name that was not set with this link's key",
    }
}

fn state_text(state: &LinkState, now: Timestamp) -> String {
    let forgotten = day(state.deletion);
    if state.revoked {
        format!("revoked: nobody can join; forgotten on {forgotten}")
    } else if state.is_open(now) {
        let end = day(state.expiration);
        format!("open until {end}, and longer with every call")
    } else {
        format!("expired: nobody can join; forgotten on {forgotten}")
    }
}
