//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::settings::Flag;

/// Self-hosted private group calls by link.
///
/// Settings come from a TOML file, from ANTEROOM_* variables and from flags; later ones win.
/// Secrets come from files, variables or a prompt, never from flags.
#[derive(Parser)]
#[command(name = "anteroom", version, max_term_width = 100)]
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
    /// The configuration file [default: DIR/anteroom.toml, if there is one]
    #[arg(long, value_name = "FILE", global = true, help_heading = COMMON)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the services until SIGTERM or Ctrl-C
    Serve(Serve),
    /// Manage accounts
    #[command(subcommand)]
    Account(Account),
    /// Get credentials as a client, and see each step
    #[command(subcommand)]
    Credential(Credential),
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Where the issuer listens; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    issuer_listen: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Account {
    /// Add an account with one device, and show the device's password once
    Add(AccountAdd),
}

#[derive(Args)]
pub(crate) struct AccountAdd {
    /// Give the account a phone-number id too
    #[arg(long)]
    pub(crate) pni: bool,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Credential {
    /// Get a credential for creating the link of one room
    Create(CredentialCreate),
    /// Get a week of credentials for using links and groups
    Auth(CredentialAuth),
}

#[derive(Args)]
#[command(group = ArgGroup::new("key").required(true))]
pub(crate) struct CredentialCreate {
    /// The room's root key. Other users of this machine can see a command line: pass "-" to read
    /// the key from standard input instead
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

/// Flags of commands that act as a client.
#[derive(Args)]
pub(crate) struct ClientFlags {
    /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// The account, and its device if it is not the first [env: ANTEROOM_ACCOUNT]
    #[arg(long, value_name = "UUID[.DEVICE]")]
    pub(crate) account: Option<String>,
    /// A file with the device's password; else ANTEROOM_DEVICE_PASSWORD or a prompt
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Trust server params of this id from now on (from a link, or from another member)
    #[arg(long, value_name = "ID")]
    pub(crate) trust: Vec<String>,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Cli {
    /// The settings that were given as flags.
    pub(crate) fn settings(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        if let Some(data) = &self.common.data {
            flags.push(Flag::new("--data", "data", data));
        }
        if let Command::Serve(serve) = &self.command
            && let Some(listen) = &serve.issuer_listen
        {
            flags.push(Flag::new("--issuer-listen", "issuer.listen", listen));
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
    fn no_flag_takes_a_password() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let secret = name.contains("password") || name.contains("master");
                assert!(!secret || name.ends_with("_file"), "--{name}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn a_root_key_is_given_or_made() {
        for (flags, taken) in [
            (&["--new"][..], true),
            (&["--root-key", "-"], true),
            (&["--root-key", "text"], true),
            (&[], false),
            (&["--new", "--root-key", "text"], false),
        ] {
            let line = ["anteroom", "credential", "create"].iter().chain(flags);
            assert_eq!(Cli::try_parse_from(line).is_ok(), taken, "{flags:?}");
        }
    }
}
