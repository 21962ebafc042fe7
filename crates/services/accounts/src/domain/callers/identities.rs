//! The accounts of identities at OpenID Connect providers.
//!
//! The link between a person and the account remains after the devices are deleted: a person whose
//! device was deleted or purged gets a new device of the same account with the next token.

use anteroom_protocol::Timestamp;
use anteroom_store::{
    AccountDevice, DeviceName, DeviceOrigin, DeviceUse, IdentityLink, IdentityName, StoreError,
    TransactionName,
};

use crate::{
    domain::{
        callers::identity::IdentityVerifier,
        devices::{
            changes::DeviceChange,
            registration::{self, NewDevice, Registration},
        },
        storage::add_account,
    },
    state::AccountsState,
};

/// The name of the device of such a person until it is renamed.
const DEVICE_NAME: &str = "Single sign-on";

/// The identity that a token names.
pub(crate) struct TokenIdentity {
    /// The name for the look-up.
    pub(crate) name: IdentityName,
    /// Whether the token is valid. If it is not, `name` is one that does not exist, and its
    /// look-up takes as long.
    pub(crate) is_known: bool,
    /// The time at which the token was issued; `None` if the token does not contain it.
    pub(crate) issued: Option<Timestamp>,
}

/// The account and the device of an identity, and the changes of devices that the look-up has made,
/// to be announced.
type IdentityLookup = (Option<AccountDevice>, Vec<DeviceChange>);

impl TokenIdentity {
    pub(crate) async fn verify(verifier: &dyn IdentityVerifier, token: &str) -> Self {
        let found = verifier.verify(token).await;
        let is_known = found.is_some();
        let (issuer, subject, issued) = found
            .map(|found| (found.issuer, found.subject, found.issued))
            .unwrap_or_default();
        Self {
            name: IdentityName { issuer, subject },
            is_known,
            issued,
        }
    }

    /// Finds the account and the device of the identity. A known person without a device gets a new
    /// one, and an unknown person also an account, if the settings allow it.
    pub(crate) async fn find(
        &self,
        accounts: &AccountsState,
        device_use: &DeviceUse,
    ) -> Result<IdentityLookup, StoreError> {
        const NAME: TransactionName = TransactionName::new("authenticate identity");
        let link = {
            let mut reader = accounts.storage.database.read(NAME).await?;
            let link = reader.identity(&self.name).await?;
            if let Some(link) = &link
                && let Some(device) = link.device
                && link.accepts(self.issued)
            {
                let found = reader.account_with_device(&link.aci, device).await?;
                return Ok((found, Vec::new()));
            }
            link
        };
        let gets_device = match &link {
            Some(link) => link.accepts(self.issued),
            None => accounts.login.settings.provision,
        };
        if !(self.is_known && gets_device) {
            return Ok((None, Vec::new()));
        }
        self.register(accounts, device_use).await
    }

    /// Registers a device. Of two requests at the same time, the second finds the device that the
    /// first has created.
    async fn register(
        &self,
        accounts: &AccountsState,
        device_use: &DeviceUse,
    ) -> Result<IdentityLookup, StoreError> {
        const NAME: TransactionName = TransactionName::new("register identity");
        let (storage, now) = (&accounts.storage, device_use.at);
        let mut rng = storage.entropy.rng();
        let mut transaction = storage.database.begin(NAME).await?;
        let link = transaction.identity(&self.name).await?;
        let account = match link {
            Some(link) if !link.accepts(self.issued) => return Ok((None, Vec::new())),
            Some(IdentityLink {
                aci,
                device: Some(device),
                ..
            }) => {
                let found = transaction.account_with_device(&aci, device).await?;
                return Ok((found, Vec::new()));
            }
            Some(IdentityLink { aci, .. }) => transaction.account(&aci).await?,
            None => Some(add_account(&mut *transaction, now, &mut *rng).await?),
        };
        let account = account.filter(|account| !account.disabled);
        let (Some(account), Ok(name)) = (account, DeviceName::parse(DEVICE_NAME)) else {
            return Ok((None, Vec::new()));
        };
        let aci = account.aci;
        let device = NewDevice {
            id: None,
            name: Some(name),
            origin: DeviceOrigin::Identity,
            password: None,
            address: device_use.address,
            caller: None,
        };
        let keys = storage.database.storage_keys();
        let mut changes = storage.device_changes(&mut *transaction, now);
        let registered =
            registration::register(&mut changes, &keys, &aci, &device, now, &mut *rng).await?;
        let Some(Registration { id, changes }) = registered else {
            return Ok((None, Vec::new()));
        };
        let name = &self.name;
        if link.is_some() {
            transaction.set_identity_device(name, id).await?;
        } else {
            transaction.add_identity(name, &aci, id, &mut *rng).await?;
        }
        let found = transaction.account_with_device(&aci, id).await?;
        transaction.save().await?;
        Ok((found, changes))
    }
}
