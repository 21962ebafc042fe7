//! The command line.

mod keys;

use std::path::PathBuf;

use anteroom_console::exit_status::ExitStatus;
use anteroom_operator_cli::arguments::{AccountCommand, Device, Doctor, KeysRotate, Room};
use anteroom_server::{database::ServiceSchema as _, settings::Flag};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema};
use anteroom_user_cli::arguments::{CallCommand, ClientFlags, Credential, Link, Login, Relays};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};
use clap_complete::Shell;

pub(crate) use self::keys::Keys;

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
    Whoami(ClientFlags),
    /// Look at rooms by their ids, and end their calls
    #[command(subcommand)]
    Room(Room),
    /// List keys, rotate them, and carry server params to others
    #[command(subcommand)]
    Keys(Keys),
    /// Print the reference of all settings, with their variables and defaults
    Settings,
    /// Copy the databases to a new folder, also while the services run
    Backup {
        /// The folder that is made; the one it is in must exist
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Put a backup into a data directory that has no databases
    Restore {
        /// A folder that `backup` made
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
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
    /// The first port for sound and picture, over UDP and TCP; 0 takes free ones [default: 4000]
    #[arg(long, value_name = "PORT")]
    media_port: Option<String>,
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
            Self::Issuer => IssuerSchema::NAME,
            Self::Rooms => RoomsSchema::NAME,
        }
    }
}

impl Cli {
    /// The command line of the process.
    ///
    /// # Errors
    /// It is wrong, or asks for a help text.
    pub(crate) fn of_process() -> Result<Self, clap::Error> {
        let cli = Self::try_parse()?;
        if let Command::Keys(Keys::Rotate(options)) = &cli.command {
            check_rotation(options)?;
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
                ("--media-port", "media.port", &serve.media_port),
            ];
            for (flag, key, text) in given {
                flags.extend(text.as_ref().map(|text| Flag::new(flag, key, text)));
            }
        }
        flags
    }
}

/// Refuses the flags of server params for keys of other kinds, which are replaced at once.
fn check_rotation(options: &KeysRotate) -> Result<(), clap::Error> {
    let flag = match (options.now, options.days) {
        (true, _) => "--now",
        (false, Some(_)) => "--days",
        (false, None) => return Ok(()),
    };
    if options.kind.is_of_params() {
        return Ok(());
    }
    let message = format!(
        "the argument '{flag}' is for server params alone, generic, group and certificates: all other \
         keys are replaced at once without it"
    );
    Err(Cli::command().error(ErrorKind::ArgumentConflict, message))
}

#[cfg(test)]
mod tests {
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
                let secret = ["password", "passkey", "secret", "master"]
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
