//! The command line of those who run the services.

use clap::{Args, Subcommand};

use super::AccountArgument;

#[derive(Args)]
pub(crate) struct Doctor {
    /// Look from another machine, without the settings and the data of the services
    #[arg(long)]
    pub(crate) outside: bool,
    /// With --outside: the issuer's public address
    #[arg(long, value_name = "URL", requires = "outside")]
    pub(crate) issuer: Option<String>,
    /// With --outside: the room service's public address
    #[arg(long, value_name = "URL", requires = "outside")]
    pub(crate) rooms: Option<String>,
    /// Send a test letter to this email address
    #[arg(long, value_name = "EMAIL", conflicts_with = "outside")]
    pub(crate) letter_to: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Room {
    /// List all rooms that have a link: numbers, ages and states, in no order that means anything;
    /// with --json on one line each
    List,
    /// Show a room
    Show {
        #[command(flatten)]
        room: RoomArgument,
    },
    /// End the call of a room: everybody in it and in its lobby is sent away, and the link stays
    End {
        #[command(flatten)]
        room: RoomArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Delete the link of a room with its approvals
    Delete {
        #[command(flatten)]
        room: RoomArgument,
        /// End the call that is on; without this a room with a call stays
        #[arg(long)]
        end_call: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub(crate) struct RoomArgument {
    /// The room's id, as `room list` prints it, or its beginning of at least 8 digits
    #[arg(value_name = "ROOM")]
    pub(crate) room: String,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AccountInvite {
    #[command(subcommand)]
    pub(crate) command: Option<InviteCommand>,
    /// For how many days it is good
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub(crate) days: u32,
}

#[derive(Subcommand)]
pub(crate) enum InviteCommand {
    /// List the invite codes that are good, under names that tell nothing of the codes; with --json
    /// on one line each
    List,
    /// Cancel an invite code
    Cancel {
        /// Its name, as `account invite list` prints it, or the beginning of that
        #[arg(value_name = "INVITE", required_unless_present = "all")]
        invite: Option<String>,
        /// Cancel all invite codes
        #[arg(long, conflicts_with = "invite")]
        all: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub(crate) struct AccountSessions {
    #[command(flatten)]
    pub(crate) account: AccountArgument,
    /// End them all
    #[arg(long)]
    pub(crate) end: bool,
    /// Do not ask before they end
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct DeviceAdd {
    #[command(flatten)]
    pub(crate) account: AccountArgument,
    /// The name, of at most 100 characters
    #[arg(long, default_value = "Device of the operator")]
    pub(crate) name: String,
}
