//! The list of an account's devices.

use anteroom_protocol::Aci;
use anteroom_runtime::ClientAddress;
use anteroom_store::{Device, DeviceState, TransactionName};

use crate::{
    domain::{
        callers::caller::Caller, devices::owner::is_own_device, failure::Failure, storage::stored,
    },
    state::AccountsState,
};

/// The outcomes of a list.
pub(crate) enum ListOutcome {
    /// The account does not exist.
    NotFound,
    Listed(Vec<ListedDevice>),
}

/// A device with its state.
pub(crate) struct ListedDevice {
    pub(crate) device: Device,
    pub(crate) state: DeviceState,
    /// Whether the request came from this device.
    pub(crate) is_calling: bool,
}

/// Lists the devices of an account.
pub(crate) async fn list(
    accounts: &AccountsState,
    client: ClientAddress,
    caller: &Caller,
    owner: &Aci,
) -> Result<ListOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let found = stored(async {
        let mut reader = accounts.storage.database.read(NAME).await?;
        let account = reader.account(owner).await?;
        let devices = reader.devices(owner).await?;
        Ok(account.map(|_| devices))
    })
    .await?;
    let Some(devices) = found else {
        return Ok(ListOutcome::NotFound);
    };
    // The request itself is the last use of the calling device, whether or not it is written yet.
    let device_use = accounts.device_use(client);
    let retention = accounts.storage.device_retention;
    let listed = devices.into_iter().map(|mut device| {
        let is_calling = is_own_device(caller, owner, device.id);
        if is_calling && device_use.is_news_for(&device) {
            device.last_seen = device_use.at;
            device.last_address = device_use.address;
        }
        ListedDevice {
            state: retention.state(Some(&device), device_use.at),
            device,
            is_calling,
        }
    });
    Ok(ListOutcome::Listed(listed.collect()))
}
