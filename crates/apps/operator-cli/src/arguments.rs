//! The command line of those who run the services.
#![expect(
    missing_docs,
    reason = "comments are the texts of the help, which says nothing where nothing is to be said"
)]

mod devices;
mod keys;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub use self::{
    devices::{AccountArgument, Device, DeviceAdd, DeviceRequest},
    keys::{KeysRotate, RotatedKind},
};

#[derive(Args)]
pub struct Doctor {
    /// Look from another machine, without the settings and the data of the services
    #[arg(long)]
    pub outside: bool,
    /// With --outside: the issuer's public address
    #[arg(long, value_name = "URL", requires = "outside")]
    pub issuer: Option<String>,
    /// With --outside: the room service's public address
    #[arg(long, value_name = "URL", requires = "outside")]
    pub rooms: Option<String>,
    /// Send a test letter to this email address
    #[arg(long, value_name = "EMAIL", conflicts_with = "outside")]
    pub letter_to: Option<String>,
}

#[derive(Subcommand)]
pub enum Room {
    /// List all rooms that have a link: numbers, ages and states, in no order that means anything;
    /// with --json on one line each
    List,
    /// Show a room
    Show(RoomArgument),
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
pub struct RoomArgument {
    /// The room's id, as `room list` prints it, or its beginning of at least 8 digits
    #[arg(value_name = "ROOM")]
    pub room: String,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AccountInvite {
    #[command(subcommand)]
    pub command: Option<InviteCommand>,
    /// For how many days it is good
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
}

#[derive(Subcommand)]
pub enum InviteCommand {
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
pub struct AccountSessions {
    #[command(flatten)]
    pub account: AccountArgument,
    /// End them all
    #[arg(long)]
    pub end: bool,
    /// Do not ask before they end
    #[arg(long)]
    pub yes: bool,
}

#[derive(Subcommand)]
pub enum AccountCommand {
    /// Add an account, with one device whose password is shown once, or with an email address
    Add(AccountAdd),
    /// List all accounts, in no order that means anything; with --json on one line each
    List,
    /// Show an account and its devices
    Show(AccountArgument),
    /// Shut an account out: its sessions end, and its devices cannot sign in
    #[command(visible_alias = "lock")]
    Disable {
        #[command(flatten)]
        account: AccountArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Let a disabled account sign in again
    Enable(AccountArgument),
    /// Let an account sign in again that wrong passwords have locked or that was disabled
    Unlock(AccountArgument),
    /// List the sessions of an account, or end them
    Sessions(AccountSessions),
    /// Manage the devices of accounts
    #[command(subcommand)]
    Device(Device),
    /// Say what an account may do
    Role {
        #[command(flatten)]
        account: AccountArgument,
        /// A member, or an administrator, who may also manage the devices of others
        role: RoleArgument,
    },
    /// Delete an account with all that belongs to it
    Delete {
        #[command(flatten)]
        account: AccountArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Make an invite code for one sign-up, and show it once; list invites, and cancel them
    Invite(AccountInvite),
    /// Set the password of a login, end its sessions, and delete devices that requests have added
    SetPassword(SetPassword),
}

#[derive(Args)]
pub struct SetPassword {
    #[command(flatten)]
    pub account: AccountArgument,
    /// The email address, for an account that has no login yet
    #[arg(long)]
    pub email: Option<String>,
    /// A file with the password ("-" reads a line of standard input); else a prompt
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Keep devices that sessions or other devices have given a password of their own
    #[arg(long)]
    pub keep_devices: bool,
    /// Do not ask before sessions end and such devices are deleted
    #[arg(long)]
    pub yes: bool,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArgument {
    Member,
    Administrator,
}

#[derive(Args)]
pub struct AccountAdd {
    /// Give the account a phone-number id too
    #[arg(long)]
    pub pni: bool,
    /// Let the account manage the devices of others
    #[arg(long)]
    pub admin: bool,
    /// Let the account sign in with this email address and a password, instead of a device's password.
    /// The address counts as confirmed
    #[arg(long)]
    pub email: Option<String>,
    /// With --email: a file with the password ("-" reads a line of standard input); else a prompt
    #[arg(long, value_name = "FILE", requires = "email")]
    pub password_file: Option<PathBuf>,
}
