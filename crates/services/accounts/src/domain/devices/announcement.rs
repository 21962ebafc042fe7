//! The announcement of changes of devices.

use std::sync::Arc;

use crate::{
    domain::devices::{changes::DeviceChange, notice::DeviceNotice},
    state::AccountsState,
};

/// Announces a saved change of a device. Sends a mail to the owner of a new device.
pub(crate) fn announce(accounts: &Arc<AccountsState>, change: &DeviceChange) {
    if change.is_end() {
        accounts
            .authenticator
            .caller_cache
            .forget_device(*change.owner(), change.device());
    }
    let now = accounts.now();
    accounts.device_events.announce(change, now);
    if let Some((name, is_only)) = change.new_device()
        && accounts.login.mail.is_some()
    {
        accounts.job_queue.start_notice(DeviceNotice {
            accounts: Arc::clone(accounts),
            owner: *change.owner(),
            name: name.clone(),
            is_only,
            registered: now,
        });
    }
}
