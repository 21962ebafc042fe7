//! The command line of `anteroom device`.

use std::num::ParseIntError;

use anteroom_console::{
    failure::Failure,
    own_account::{DeviceAction, OwnAccount},
};
use anyhow::bail;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum Device {
    /// Add a device to an account on the issuer's database, with a password that is shown once
    Add(DeviceAdd),
    /// List the devices of your account, or of any account on the issuer's database
    List {
        #[command(flatten)]
        owner: OwnerArguments,
        #[command(flatten)]
        own: OwnAccount,
    },
    /// Give a device of your account, or of any account on the issuer's database, another name
    #[command(override_usage = "anteroom device rename [OPTIONS] [ACCOUNT] <DEVICE> <NAME>")]
    Rename {
        /// The device's number, and the name, of at most 100 characters. Before them, an account on
        /// the issuer's database here, for its operator [default: your own, over the network]
        #[arg(value_name = "ARGUMENT", num_args = 2..=3, required = true)]
        arguments: Vec<String>,
        #[command(flatten)]
        own: OwnAccount,
    },
    /// Delete a device: its password, sessions and tokens end at once
    #[command(allow_missing_positional = true)]
    Delete {
        #[command(flatten)]
        owner: OwnerArguments,
        /// The device's number
        #[arg(value_name = "DEVICE")]
        device: u32,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        own: OwnAccount,
    },
}

#[derive(Args)]
pub struct AccountArgument {
    /// The account: its UUID, or the email address of its login
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
}

#[derive(Args)]
pub struct DeviceAdd {
    #[command(flatten)]
    pub account: AccountArgument,
    /// The name, of at most 100 characters
    #[arg(long, default_value = "Device of the operator")]
    pub name: String,
}

/// The account whose devices an operator manages.
#[derive(Args)]
pub struct OwnerArguments {
    /// An account on the issuer's database here, for its operator: a UUID, or the email address of a
    /// login [default: your own, over the network]
    #[arg(
        id = "owner",
        value_name = "ACCOUNT",
        conflicts_with_all = ["issuer", "account", "device_password_file", "password_file"]
    )]
    account: Option<String>,
}

/// A command on devices.
pub struct DeviceRequest {
    /// The account on the issuer's database; without one, the user's own over the network.
    pub owner: Option<String>,
    pub own: OwnAccount,
    pub action: DeviceAction,
}

impl Device {
    /// Returns whether the command is about the user's own account.
    pub const fn is_own(&self) -> bool {
        match self {
            Self::Add(_) => false,
            Self::List { owner, .. } | Self::Delete { owner, .. } => owner.account.is_none(),
            Self::Rename { arguments, .. } => arguments.len() < 3,
        }
    }

    /// Returns the request that the command line is, but for `add`.
    ///
    /// # Errors
    /// The arguments of `rename` are others.
    pub fn request(self) -> anyhow::Result<DeviceRequest> {
        Ok(match self {
            Self::Add(_) => bail!("a device is added by a command of its own"),
            Self::List { owner, own } => DeviceRequest {
                owner: owner.account,
                own,
                action: DeviceAction::List,
            },
            Self::Delete {
                owner,
                device,
                yes,
                own,
            } => DeviceRequest {
                owner: owner.account,
                own,
                action: DeviceAction::Delete { device, yes },
            },
            Self::Rename { arguments, own } => {
                let (owner, device, name) = rename_arguments(arguments)?;
                if owner.is_some() && own.is_given() {
                    bail!(
                        Failure::failed(
                            "--issuer, --account and the files of passwords are for your own account"
                        )
                        .next("Leave out ACCOUNT")
                    );
                }
                DeviceRequest {
                    owner,
                    own,
                    action: DeviceAction::Rename { device, name },
                }
            }
        })
    }
}

/// Returns the arguments `[ACCOUNT] DEVICE NAME`.
fn rename_arguments(arguments: Vec<String>) -> anyhow::Result<(Option<String>, u32, String)> {
    let mut arguments = arguments.into_iter().rev();
    let (name, device, owner) = (arguments.next(), arguments.next(), arguments.next());
    let (Some(name), Some(device)) = (name, device) else {
        bail!("a device and a name are needed");
    };
    let device = device.parse().map_err(|error: ParseIntError| {
        Failure::failed("a device is a number")
            .with_reason(error)
            .next("Give [ACCOUNT] DEVICE NAME, the name in quotes")
    })?;
    Ok((owner, device, name))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct DeviceCommand {
        #[command(subcommand)]
        device: Device,
    }

    fn request(arguments: &[&str]) -> Option<DeviceRequest> {
        let line = ["device"].iter().chain(arguments);
        let device = DeviceCommand::try_parse_from(line).ok()?.device;
        let is_own = device.is_own();
        let request = device.request().ok()?;
        assert_eq!(is_own, request.owner.is_none());
        Some(request)
    }

    #[test]
    fn an_account_before_the_device_is_that_of_an_operator() {
        for (arguments, owner) in [
            (&["list"][..], None),
            (&["list", "ann"], Some("ann")),
            (&["list", "--issuer", "http://x"], None),
            (&["rename", "3", "Phone"], None),
            (&["rename", "ann", "3", "Phone"], Some("ann")),
            (&["delete", "3"], None),
            (&["delete", "ann", "3"], Some("ann")),
        ] {
            let request = request(arguments).unwrap();
            assert_eq!(request.owner.as_deref(), owner, "{arguments:?}");
            match request.action {
                DeviceAction::List => {}
                DeviceAction::Rename { device, name } => {
                    assert_eq!((device, name.as_str()), (3, "Phone"));
                }
                DeviceAction::Delete { device, .. } => assert_eq!(device, 3),
            }
        }
        for arguments in [
            &["rename", "3"][..],
            &["rename", "ann", "Phone"],
            &["rename", "a", "b", "3", "Phone"],
            &["rename", "ann", "3", "Phone", "--issuer", "http://x"],
            &["list", "ann", "--issuer", "http://x"],
            &["delete", "ann"],
            &["delete", "ann", "3", "--password-file", "-"],
        ] {
            assert!(request(arguments).is_none(), "{arguments:?}");
        }
    }
}
