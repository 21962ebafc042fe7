//! The command line.

mod devices;
mod keys;
mod operators;

use std::path::PathBuf;

use anteroom_console::exit_status::ExitStatus;
use anteroom_server::{database::Database, settings::Flag};
use anteroom_store_sqlite::{SqliteIssuer, SqliteRooms};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::{
    devices::{Device, DeviceAction, DeviceRequest, OwnAccount},
    keys::{Keys, KeysRotate, RotatedKind},
    operators::{AccountInvite, AccountSessions, DeviceAdd, Doctor, InviteCommand, Room},
};

/// Self-hosted private calls by link.
///
/// Settings come from a TOML file, from ANTEROOM_* variables and from flags; later ones win.
/// Secrets come from files, variables or a prompt, never from flags.
#[derive(Parser)]
#[command(name = "anteroom", version, max_term_width = 100, after_help = ExitStatus::help())]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const COMMON: &str = "Options of every command";

/// Flags of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// Where data and keys are [default: ./anteroom-data]
    #[arg(long, value_name = "DIR", global = true, help_heading = COMMON)]
    data: Option<String>,
    /// The configuration file [default: DIR/anteroom.toml, if there is one; for the data of the
    /// system's service /etc/anteroom/anteroom.toml]
    #[arg(long, value_name = "FILE", global = true, help_heading = COMMON)]
    pub(crate) config: Option<PathBuf>,
    /// Print the result as one line of JSON, and errors as JSON on standard error
    #[arg(long, global = true, help_heading = COMMON)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the services until SIGTERM or Ctrl-C
    Serve(Serve),
    /// Show versions, listeners, databases, keys, mail, relays and live calls
    Status,
    /// Look for what is set up wrongly, and say what to do
    Doctor(Doctor),
    /// Manage accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Manage the devices of your account, and as an operator those of others
    #[command(subcommand)]
    Device(Device),
    /// Sign in with email and password, for the commands that follow
    Login(Login),
    /// End the login
    Logout {
        /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR, or the
        /// only one with a login]
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        /// End all sessions of the account, on other devices too
        #[arg(long)]
        everywhere: bool,
        /// Do not ask before all sessions end
        #[arg(long)]
        yes: bool,
    },
    /// Show who the issuer takes you for
    Whoami(WhoAmI),
    /// Look at rooms by their ids, and end their calls
    #[command(subcommand)]
    Room(Room),
    /// List keys, rotate them, and carry server params to others
    #[command(subcommand)]
    Keys(Keys),
    /// Print the reference of all settings, with their variables and defaults
    Settings,
    /// Copy the databases to a new folder, also while the services run
    Backup(Backup),
    /// Put a backup into a data directory that has no databases
    Restore(RestoreArguments),
    /// Create and manage call links of your own
    #[command(subcommand)]
    Link(Link),
    /// Take part in calls
    #[command(subcommand)]
    Call(CallCommand),
    /// Get credentials as a client, and see each step
    #[command(subcommand)]
    Credential(Credential),
    /// Show the relays for media that a client gets from the issuer
    Relays(Relays),
    /// See the whole story in a minute: two services, three people, one call
    Demo,
    #[command(flatten)]
    Description(DocumentationCommand),
}

/// Descriptions of the command line itself.
#[derive(Subcommand)]
pub(crate) enum DocumentationCommand {
    /// Print the completions of a shell, for its configuration
    Completions {
        /// The shell
        #[arg(value_name = "SHELL", value_enum)]
        shell: Shell,
    },
    /// Write a man page of each command
    Man {
        /// The folder of the pages; it is made if it is not there
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Which services run: all, issuer or rooms [default: all]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Where the issuer listens; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    issuer_listen: Option<String>,
    /// Where the room service listens; port 0 takes a free one [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    rooms_listen: Option<String>,
    /// Where media servers call back, if calls take place on media servers [default: nowhere]
    #[arg(long, value_name = "ADDR")]
    internal_listen: Option<String>,
    /// Make a new database of this service where there was one; can be given twice
    #[arg(long, value_name = "SERVICE", value_enum)]
    pub(crate) new: Vec<NewDatabase>,
    /// Look whether the services would start, say what is in the way, and change nothing
    #[arg(long, conflicts_with = "new")]
    pub(crate) check: bool,
}

/// A service whose database is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewDatabase {
    /// Accounts, devices, logins and all server params are lost
    Issuer,
    /// Links and approvals are lost
    Rooms,
}

impl NewDatabase {
    /// Returns the database's file.
    pub(crate) const fn file_name(self) -> &'static str {
        match self {
            Self::Issuer => <SqliteIssuer as Database>::NAME,
            Self::Rooms => <SqliteRooms as Database>::NAME,
        }
    }
}

#[derive(Args)]
pub(crate) struct Backup {
    /// The folder that is made; the one it is in must exist
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

#[derive(Args)]
pub(crate) struct RestoreArguments {
    /// A folder that `backup` made
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum Link {
    /// Create the link of a new room, and keep it with its passkey in a sealed file of yours
    Create(LinkCreate),
    /// Show a link's state and who is in its call
    Show(LinkShow),
    /// Become an admin of somebody else's link, with the passkey that they have given you
    Import(LinkImport),
    /// Give a room another name
    Rename {
        #[command(flatten)]
        link: LinkArgument,
        /// The name; an empty one takes it away
        name: String,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Decide whether who comes by a link must wait for an admin
    Approval {
        #[command(flatten)]
        link: LinkArgument,
        /// On or off
        approval: OnOff,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Let nobody join any more
    Revoke {
        #[command(flatten)]
        link: LinkArgument,
        /// Let people join again
        #[arg(long)]
        undo: bool,
        /// Send everybody in the call and its lobby away
        #[arg(long, conflicts_with = "undo")]
        end_call: bool,
        /// Do not ask before the call ends
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Delete a link, here too: its passkey is forgotten
    Delete {
        #[command(flatten)]
        link: LinkArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Send everybody in the call and its lobby away; without this a link with a call stays
        #[arg(long)]
        end_call: bool,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// List the links that you are an admin of
    List {
        /// Print the links themselves too: whoever sees one can join
        #[arg(long)]
        links: bool,
        /// Print links and passkeys too: whoever sees both is an admin, and stays one
        #[arg(long)]
        secrets: bool,
    },
}

/// Yes or no, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOff {
    On,
    Off,
}

#[derive(Args)]
pub(crate) struct LinkArgument {
    /// The short name of a link of yours, a link, or a root key; @FILE reads it from a file, "-" from
    /// standard input. Other users of this machine can see a command line: do not write a link there
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    pub(crate) link: String,
}

#[derive(Args)]
pub(crate) struct LinkCreate {
    /// The room's name, which the room service cannot read
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Whether who comes by the link must wait for an admin
    #[arg(long, value_enum, default_value = "on")]
    pub(crate) approval: OnOff,
    #[command(flatten)]
    pub(crate) rooms: RoomFlags,
}

#[derive(Args)]
pub(crate) struct LinkImport {
    /// The short name of a link of yours, a link, or a root key; @FILE reads it from a file, "-" from
    /// standard input. Other users of this machine can see a command line: do not write a link
    /// there [default: a prompt]
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    pub(crate) link: Option<String>,
    /// A file with the link's passkey, as `link show --passkey` prints it; "-" reads a line of
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) passkey_file: PathBuf,
    #[command(flatten)]
    pub(crate) rooms: RoomFlags,
}

#[derive(Args)]
pub(crate) struct LinkShow {
    /// The short name of a link of yours, a link, or a root key; @FILE reads it from a file, "-" from
    /// standard input. Other users of this machine can see a command line: do not write a link
    /// there [default: a prompt]
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    pub(crate) link: Option<String>,
    /// Print the passkey too: whoever has it and the link is an admin, and stays one
    #[arg(long)]
    pub(crate) passkey: bool,
    /// Show the link as a QR code too, if this is a terminal that has room for it
    #[arg(long)]
    pub(crate) qr: bool,
    #[command(flatten)]
    pub(crate) rooms: RoomFlags,
}

#[derive(Subcommand)]
pub(crate) enum CallCommand {
    /// Join a call from this terminal
    #[command(after_help = ExitStatus::help())]
    Join(CallJoin),
    /// Send everybody in a call and its lobby away, without being in it
    End {
        #[command(flatten)]
        link: LinkArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        rooms: RoomFlags,
    },
}

#[derive(Args)]
pub(crate) struct CallJoin {
    /// The short name of a link of yours, a link, or a root key; @FILE reads it from a file, "-" from
    /// standard input. Other users of this machine can see a command line: do not write a link
    /// there [default: a prompt]
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    pub(crate) link: Option<String>,
    /// Join as an admin, or not at all. A link of yours is joined as an admin by default, with the
    /// passkey that was kept when you created or imported it; this sends it to another room service
    /// too
    #[arg(long)]
    pub(crate) admin: bool,
    /// Join a link of yours as a guest
    #[arg(long, conflicts_with = "admin")]
    pub(crate) guest: bool,
    /// The name that the others see and the room service does not, in at most 60 characters [default:
    /// your answer when you were asked, which is kept]
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Plain lines, for scripts and screen readers
    #[arg(long)]
    pub(crate) plain: bool,
    #[command(flatten)]
    pub(crate) rooms: RoomFlags,
}

/// Flags of commands that go to the room service.
#[derive(Args)]
pub(crate) struct RoomFlags {
    /// The room service's address [env: ANTEROOM_ROOMS_URL] [default: where the link was created,
    /// the one that serves DIR, or the link's host]
    #[arg(long, value_name = "URL")]
    pub(crate) rooms: Option<String>,
    /// Ask the issuer for credentials now instead of taking the stored ones: both services together
    /// can then tell by the time which room the account visits or creates
    #[arg(long)]
    pub(crate) fetch: bool,
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

#[derive(Args)]
pub(crate) struct Login {
    /// The email address; else a prompt
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Stay logged in for 30 days without use instead of 7
    #[arg(long)]
    pub(crate) remember: bool,
    /// What this device is called, in at most 100 characters
    #[arg(long, value_name = "DEVICE-NAME")]
    pub(crate) name: Option<String>,
    /// Be this device of the account again; else the one of the last login here, or a new one
    #[arg(long, value_name = "NUMBER")]
    pub(crate) device: Option<u32>,
    /// A file with the password ("-" reads a line of standard input); else ANTEROOM_PASSWORD or a
    /// prompt
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR, or the only
    /// one with a login]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
}

#[derive(Args)]
pub(crate) struct WhoAmI {
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Add an account, with one device whose password is shown once, or with an email address
    Add(AccountAdd),
    /// List all accounts, in no order that means anything; with --json on one line each
    List,
    /// Show an account and its devices
    Show {
        #[command(flatten)]
        account: AccountArgument,
    },
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
    SetPassword {
        #[command(flatten)]
        account: AccountArgument,
        /// The email address, for an account that has no login yet
        #[arg(long)]
        email: Option<String>,
        /// A file with the password ("-" reads a line of standard input); else a prompt
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Keep devices that sessions or other devices have given a password of their own
        #[arg(long)]
        keep_devices: bool,
        /// Do not ask before sessions end and such devices are deleted
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub(crate) struct AccountArgument {
    /// The account: its UUID, or the email address of its login
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: String,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArgument {
    Member,
    Administrator,
}

#[derive(Args)]
pub(crate) struct AccountAdd {
    /// Give the account a phone-number id too
    #[arg(long)]
    pub(crate) pni: bool,
    /// Let the account manage the devices of others
    #[arg(long)]
    pub(crate) admin: bool,
    /// Let the account sign in with this email address and a password, instead of a device's password.
    /// The address counts as confirmed
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// With --email: a file with the password ("-" reads a line of standard input); else a prompt
    #[arg(long, value_name = "FILE", requires = "email")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Credential {
    /// Get a credential for creating the link of one room
    Create(CredentialCreate),
    /// Get a week of credentials for using links and groups
    Auth(CredentialAuth),
    /// Fetch and store the credentials of the week, and some for creating links. Commands do this in
    /// the background once a day (ANTEROOM_RENEWAL=off keeps them from it)
    Renew(CredentialRenew),
}

#[derive(Args)]
#[command(group = ArgGroup::new("key").required(true))]
pub(crate) struct CredentialCreate {
    /// The room's root key; @FILE reads it from a file, "-" from standard input. Other users of this
    /// machine can see a command line: do not write the key there
    #[arg(long, value_name = "TEXT", group = "key", allow_hyphen_values = true)]
    pub(crate) root_key: Option<String>,
    /// Make a new root key
    #[arg(long, group = "key")]
    pub(crate) new: bool,
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

#[derive(Args)]
pub(crate) struct CredentialAuth {
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

#[derive(Args)]
pub(crate) struct CredentialRenew {
    /// Wait for the time of each renewal, which is drawn by chance, until nothing was used for a week
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

#[derive(Args)]
pub(crate) struct Relays {
    /// Print user names and passwords too
    #[arg(long)]
    pub(crate) secrets: bool,
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

/// Flags of commands that act as a client.
#[derive(Args, Clone, Default)]
pub(crate) struct ClientFlags {
    /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR, or the only
    /// one with a login]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// The account, and its device if it is not the first [env: ANTEROOM_ACCOUNT] [default: the login]
    #[arg(long, value_name = "UUID[.DEVICE]")]
    pub(crate) account: Option<String>,
    /// A file with the device's password; else ANTEROOM_DEVICE_PASSWORD or a prompt
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Trust server params of this id from now on (from a link, or from another member)
    #[arg(long, value_name = "ID")]
    pub(crate) trust: Vec<String>,
}

impl Cli {
    /// The command line of the process.
    ///
    /// # Errors
    /// It is wrong, or asks for a help text.
    pub(crate) fn of_process() -> Result<Self, clap::Error> {
        let cli = Self::try_parse()?;
        if let Command::Keys(Keys::Rotate(options)) = &cli.command {
            options.check()?;
        }
        Ok(cli)
    }

    /// The settings that were given as flags.
    pub(crate) fn settings(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        if let Some(data) = &self.common.data {
            flags.push(Flag::new("--data", "data", data));
        }
        if let Command::Serve(serve) = &self.command {
            let given = [
                ("--role", "role", &serve.role),
                ("--issuer-listen", "issuer.listen", &serve.issuer_listen),
                ("--rooms-listen", "rooms.listen", &serve.rooms_listen),
                (
                    "--internal-listen",
                    "rooms.internal_listen",
                    &serve.internal_listen,
                ),
            ];
            for (flag, key, text) in given {
                flags.extend(text.as_ref().map(|text| Flag::new(flag, key, text)));
            }
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_flag_for_json_is_one_of_all_commands() {
        fn check(command: &clap::Command) {
            for below in command.get_subcommands() {
                let mut own = below.get_arguments();
                assert!(own.all(|flag| flag.get_id() != "json"), "{below}");
                check(below);
            }
        }
        let command = Cli::command();
        let flag = command.get_arguments().find(|flag| flag.get_id() == "json");
        assert!(flag.is_some_and(clap::Arg::is_global_set));
        check(&command);
    }

    #[test]
    fn no_flag_takes_a_password() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let secret = ["password", "passkey", "master"]
                    .iter()
                    .any(|word| name.contains(word))
                    && argument.get_action().takes_values();
                assert!(!secret || name.ends_with("_file"), "--{name}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn a_root_key_is_given_or_made() {
        for (flags, accepted) in [
            (&["--new"][..], true),
            (&["--root-key", "-"], true),
            (&["--root-key", "text"], true),
            (&[], false),
            (&["--new", "--root-key", "text"], false),
        ] {
            let line = ["anteroom", "credential", "create"].iter().chain(flags);
            assert_eq!(Cli::try_parse_from(line).is_ok(), accepted, "{flags:?}");
        }
    }
}
