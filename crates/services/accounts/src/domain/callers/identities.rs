//! The accounts of identities at OpenID Connect providers.
//!
//! The link between a person and the account remains after the devices are deleted: a person whose
//! device was deleted or purged gets a new device of the same account with the next token.

use std::sync::Arc;

use anteroom_protocol::{Aci, AuthSalt, Timestamp};
use anteroom_runtime::Entropy;
use anteroom_store::{
    Account, AccountDevice, DeviceName, DeviceOrigin, DeviceRetention, DeviceUse, IdentityLink,
    IdentityName, IssuerDatabase, IssuerRepository, StorageKeys, StoreError, TransactionName,
};
use rand_core::CryptoRng;

use crate::domain::{
    callers::identity::{ExternalIdentity, IdentityVerifier},
    devices::{
        changes::{DeviceChange, DeviceChanges},
        registration::{self, NewDevice, Registration},
    },
};

/// The name of the device of such a person until it is renamed.
const DEVICE_NAME: &str = "Single sign-on";

/// Maps the subjects of identity providers to accounts.
pub(crate) struct Identities {
    pub(crate) verifier: Arc<dyn IdentityVerifier>,
    /// Whether an unknown person gets an account.
    pub(crate) provision: bool,
    pub(crate) retention: DeviceRetention,
}

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

/// The account and the device of an identity.
pub(crate) struct IdentityLookup {
    pub(crate) found: Option<AccountDevice>,
    /// The changes of devices that the look-up has made, to be announced.
    pub(crate) changes: Vec<DeviceChange>,
}

impl From<Option<AccountDevice>> for IdentityLookup {
    fn from(found: Option<AccountDevice>) -> Self {
        Self {
            found,
            changes: Vec::new(),
        }
    }
}

impl Identities {
    pub(crate) async fn verify(&self, token: &str) -> TokenIdentity {
        let found = self.verifier.verify(token).await;
        let is_known = found.is_some();
        let ExternalIdentity {
            issuer,
            subject,
            issued,
        } = found.unwrap_or_else(|| ExternalIdentity {
            issuer: String::new(),
            subject: String::new(),
            issued: None,
        });
        TokenIdentity {
            name: IdentityName { issuer, subject },
            is_known,
            issued,
        }
    }

    /// Finds the account and the device of an identity. A known person without a device gets a new
    /// one, and an unknown person also an account, if the settings allow it.
    pub(crate) async fn find(
        &self,
        database: &dyn IssuerDatabase,
        identity: &TokenIdentity,
        device_use: &DeviceUse,
        entropy: &dyn Entropy,
    ) -> Result<IdentityLookup, StoreError> {
        const NAME: TransactionName = TransactionName::new("authenticate identity");
        let link = {
            let mut reader = database.read(NAME).await?;
            let link = reader.identity(&identity.name).await?;
            if let Some(link) = &link
                && let Some(device) = link.device
                && link.accepts(identity.issued)
            {
                let found = reader.account_with_device(&link.aci, device).await?;
                return Ok(found.into());
            }
            link
        };
        let gets_device = match &link {
            Some(link) => link.accepts(identity.issued),
            None => self.provision,
        };
        if !(identity.is_known && gets_device) {
            return Ok(None.into());
        }
        self.register(database, identity, device_use, entropy).await
    }

    /// Registers a device. Of two requests at the same time, the second finds the device that the
    /// first has created.
    async fn register(
        &self,
        database: &dyn IssuerDatabase,
        identity: &TokenIdentity,
        device_use: &DeviceUse,
        entropy: &dyn Entropy,
    ) -> Result<IdentityLookup, StoreError> {
        const NAME: TransactionName = TransactionName::new("register identity");
        let mut rng = entropy.rng();
        let mut transaction = database.begin(NAME).await?;
        let link = transaction.identity(&identity.name).await?;
        let account = match link {
            Some(link) if !link.accepts(identity.issued) => return Ok(None.into()),
            Some(IdentityLink {
                aci,
                device: Some(device),
                ..
            }) => {
                let found = transaction.account_with_device(&aci, device).await?;
                return Ok(found.into());
            }
            Some(IdentityLink { aci, .. }) => transaction.account(&aci).await?,
            None => Some(new_account(&mut *transaction, device_use.at, &mut *rng).await?),
        };
        let Some(account) = account.filter(|account| !account.disabled) else {
            return Ok(None.into());
        };
        let keys = database.storage_keys();
        let registered = self
            .add_device(
                &mut *transaction,
                &keys,
                &account.aci,
                device_use,
                &mut *rng,
            )
            .await?;
        let Some(Registration { device, changes }) = registered else {
            return Ok(None.into());
        };
        if link.is_some() {
            transaction
                .set_identity_device(&identity.name, device)
                .await?;
        } else {
            transaction
                .add_identity(&identity.name, &account.aci, device, &mut *rng)
                .await?;
        }
        let found = transaction
            .account_with_device(&account.aci, device)
            .await?;
        transaction.save().await?;
        Ok(IdentityLookup { found, changes })
    }

    async fn add_device(
        &self,
        transaction: &mut dyn IssuerRepository,
        keys: &StorageKeys,
        aci: &Aci,
        device_use: &DeviceUse,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Option<Registration>, StoreError> {
        let Ok(device_name) = DeviceName::parse(DEVICE_NAME) else {
            return Ok(None);
        };
        let device = NewDevice {
            id: None,
            name: Some(device_name),
            origin: DeviceOrigin::Identity,
            password: None,
            address: device_use.address,
            caller: None,
        };
        let mut changes = DeviceChanges::new(transaction, self.retention, device_use.at);
        registration::register(&mut changes, keys, aci, &device, device_use.at, rng).await
    }
}

async fn new_account(
    transaction: &mut dyn IssuerRepository,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Account, StoreError> {
    let aci = Aci::random(&mut *rng);
    let account = Account::new(aci, None, AuthSalt::random(&mut *rng), now);
    transaction.add_account(&account, rng).await?;
    Ok(account)
}
