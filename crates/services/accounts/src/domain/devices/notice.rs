//! The mail to an owner about a new device.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{DeviceName, TransactionName};
use async_trait::async_trait;

use crate::{
    domain::{
        failure::Failure,
        job_queue::Job,
        mails::{
            mail::{self, VERIFY_LIFETIME},
            mail_limits::MailKind,
        },
    },
    state::AccountsState,
};

/// Sends a mail about a new device to the address of the account's login, if it has one.
pub(crate) struct DeviceNotice {
    pub(crate) accounts: Arc<AccountsState>,
    pub(crate) owner: Aci,
    pub(crate) name: DeviceName,
    /// Whether the device is the only one of the account.
    pub(crate) is_only: bool,
    pub(crate) registered: Timestamp,
}

#[async_trait]
impl Job for DeviceNotice {
    async fn run(&mut self) -> Result<(), Failure> {
        const NAME: TransactionName = TransactionName::new("look up owner of device");
        let accounts = &self.accounts;
        let Some(sender) = &accounts.login.mail else {
            return Ok(());
        };
        let login = accounts
            .storage
            .stored(async {
                let mut reader = accounts.storage.database.read(NAME).await?;
                reader.login(&self.owner).await
            })
            .await?;
        let Some(login) = login.filter(|login| login.verified) else {
            return Ok(());
        };
        // The first login after a sign-up needs no notice.
        let is_sign_up = self.is_only && self.registered < login.created.plus(VERIFY_LIFETIME);
        if !is_sign_up
            && accounts
                .limits
                .admit_notice(MailKind::DeviceNotice, &login.email)
                .await
        {
            sender.send(mail::new_device(login.email, self.registered, &self.name));
        }
        Ok(())
    }
}
