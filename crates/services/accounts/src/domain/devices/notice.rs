//! The mail to an owner about a new device.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{DeviceName, TransactionName};

use crate::{
    domain::{
        failure::Failure,
        mails::{
            mail::{self, VERIFY_LIFETIME},
            mail_limits::MailKind,
        },
        storage::stored,
    },
    state::AccountsState,
};

/// Sends a mail about a new device to the address of the account's login, if it has one. `is_only`
/// is whether the device is the only one of the account.
pub(crate) async fn send_notice(
    accounts: Arc<AccountsState>,
    owner: Aci,
    name: DeviceName,
    is_only: bool,
    registered: Timestamp,
) -> Result<(), Failure> {
    const NAME: TransactionName = TransactionName::new("look up owner of device");
    let Some(sender) = &accounts.login.mail else {
        return Ok(());
    };
    let login = stored(async {
        let mut reader = accounts.storage.database.read(NAME).await?;
        reader.login(&owner).await
    });
    let Some(login) = login.await?.filter(|login| login.verified) else {
        return Ok(());
    };
    // The first login after a sign-up needs no notice.
    let is_sign_up = is_only && registered < login.created.plus(VERIFY_LIFETIME);
    let (limits, kind) = (&accounts.limits, MailKind::DeviceNotice);
    if !is_sign_up && limits.admit_notice(kind, &login.email).await {
        sender.send(mail::new_device(login.email, registered, &name));
    }
    Ok(())
}
