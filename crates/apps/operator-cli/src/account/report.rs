//! An account as the commands print it.

use anteroom_console::terminal::second;
use anteroom_protocol::Timestamp;
use anteroom_store::{Account as StoredAccount, AccountKind, AccountRole, Email, LoginLock};
use serde::Serialize;

use super::address::{self, shown};

/// An account as it is printed as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountReport<'a> {
    pub(super) uuid: String,
    pub(super) pni: Option<String>,
    pub(super) email: Option<&'a str>,
    /// The address with code points, if it has letters outside of ASCII.
    pub(super) email_escaped: Option<String>,
    pub(super) email_mixed_scripts: bool,
    pub(super) email_verified: bool,
    #[serde(skip)]
    pub(super) shown_email: Option<String>,
    pub(super) role: &'static str,
    /// Whether this is the account of a guest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) guest: bool,
    pub(super) disabled: bool,
    /// The first moment at which wrong passwords lock the login nowhere any more, in seconds since
    /// 1970.
    pub(super) locked_until: Option<u64>,
    pub(super) failed_logins: u64,
    pub(super) created: u64,
    pub(super) devices: u32,
}

impl<'a> AccountReport<'a> {
    pub(super) fn new(
        account: &StoredAccount,
        email: Option<&'a Email>,
        email_verified: bool,
        lock: &LoginLock,
        devices: u32,
    ) -> Self {
        Self {
            uuid: account.aci.to_uuid_string(),
            pni: account.pni.map(|pni| pni.to_uuid_string()),
            email: email.map(Email::as_str),
            email_escaped: email.and_then(address::escaped),
            email_mixed_scripts: email.is_some_and(address::has_mixed_scripts),
            shown_email: email.map(shown),
            email_verified,
            role: account.role.as_str(),
            guest: account.kind == AccountKind::Guest,
            disabled: account.disabled,
            locked_until: lock.until.map(Timestamp::as_secs),
            failed_logins: lock.failures,
            created: account.created.as_secs(),
            devices,
        }
    }

    /// Returns the remarks that follow the name.
    pub(super) fn remarks(&self) -> String {
        let mut remarks = Vec::new();
        if self.role == AccountRole::Administrator.as_str() {
            remarks.push("administrator".to_owned());
        }
        if self.guest {
            remarks.push("guest".to_owned());
        }
        if self.disabled {
            remarks.push("disabled".to_owned());
        }
        if let Some(until) = self.locked_until {
            let until = second(Timestamp::from_secs(until));
            remarks.push(format!("locked until {until}"));
        }
        if self.email.is_some() && !self.email_verified {
            remarks.push("email not confirmed".to_owned());
        }
        remarks.join(", ")
    }

    pub(super) fn shown_email(&self) -> &str {
        self.shown_email.as_deref().unwrap_or("-")
    }
}
