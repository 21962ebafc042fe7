//! The arguments of commands on the devices of one's own account, which commands on other accounts have too.

use std::path::PathBuf;

use clap::Args;

/// Flags of commands on the devices of one's own account.
#[derive(Args, Clone, Debug)]
pub struct OwnAccount {
    /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR, or the only
    /// one with a login]
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// The account, and the device that asks if it is not the first [env: ANTEROOM_ACCOUNT]
    /// [default: the login]
    #[arg(long, value_name = "UUID[.DEVICE]")]
    pub account: Option<String>,
    /// With --account: a file with the device's password; else ANTEROOM_DEVICE_PASSWORD or a prompt
    #[arg(long, value_name = "FILE")]
    pub device_password_file: Option<PathBuf>,
    /// A file with the password of the account's login ("-" reads a line of standard input), which the
    /// issuer wants again from five minutes after a login on; else ANTEROOM_PASSWORD or a prompt
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

impl OwnAccount {
    /// Returns whether any of the flags is given.
    pub const fn is_given(&self) -> bool {
        self.issuer.is_some()
            || self.account.is_some()
            || self.device_password_file.is_some()
            || self.password_file.is_some()
    }
}

/// A change or a list of devices.
pub enum DeviceAction {
    /// Lists the devices.
    List,
    /// Gives a device another name.
    Rename {
        /// Its number.
        device: u32,
        /// The new name.
        name: String,
    },
    /// Deletes a device.
    Delete {
        /// Its number.
        device: u32,
        /// Whether not to ask.
        yes: bool,
    },
}
