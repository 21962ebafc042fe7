//! The announcement of changes of devices.

use std::sync::Arc;

use crate::{
    domain::devices::{changes::DeviceChange, notice::send_notice},
    state::AccountsState,
};

/// Announces saved changes of devices. Sends a mail to the owner of a new device.
pub(crate) fn announce(accounts: &Arc<AccountsState>, changes: &[DeviceChange]) {
    for change in changes {
        announce_one(accounts, change);
    }
}

fn announce_one(accounts: &Arc<AccountsState>, change: &DeviceChange) {
    let (owner, device, now) = (change.owner, change.device, accounts.now());
    if change.is_end() {
        accounts.caller_cache.forget_device(owner, device);
    }
    accounts.device_events.announce(change, now);
    if let Some(name) = change.new_name.clone()
        && accounts.login.mail.is_some()
    {
        let (state, is_only) = (Arc::clone(accounts), change.others.is_empty());
        let notice = move || send_notice(Arc::clone(&state), owner, name.clone(), is_only, now);
        accounts.job_queue.start_notice(notice);
    }
}
