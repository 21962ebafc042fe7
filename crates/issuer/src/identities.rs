//! The accounts of people whom an identity provider vouches for.

use std::sync::Arc;

use anteroom_protocol::{Aci, AuthSalt};
use anteroom_service::Entropy;
use anteroom_store::{
    Account, AccountDevice, Device, DeviceId, DeviceName, DevicePassword, DeviceRetention,
    IdentityName, IssuerDatabase, Sighting, StoreError, TransactionName,
};

use crate::{
    devices::{Actor, DeviceChanges, DeviceJournal},
    login::{ExternalIdentity, IdentityVerifier},
};

/// What the device of such a person is called until they rename it.
const DEVICE_NAME: &str = "Single sign-on";

/// Maps the subjects of identity providers to accounts.
pub(crate) struct Identities {
    verifier: Arc<dyn IdentityVerifier>,
    /// Whether somebody new gets an account.
    provision: bool,
    retention: DeviceRetention,
    journal: DeviceJournal,
}

/// Whom a token names.
pub(crate) struct Named {
    /// What to look for.
    pub(crate) text: IdentityName,
    /// Whether the token was good. If it was not, the text is nobody's name, and looking for it takes
    /// as long.
    pub(crate) is_known: bool,
}

impl Identities {
    pub(crate) fn new(
        verifier: Arc<dyn IdentityVerifier>,
        provision: bool,
        retention: DeviceRetention,
        journal: DeviceJournal,
    ) -> Self {
        Self {
            verifier,
            provision,
            retention,
            journal,
        }
    }

    pub(crate) async fn verify(&self, token: &str) -> Named {
        let found = self.verifier.verify(token).await;
        let is_known = found.is_some();
        let ExternalIdentity { issuer, subject } = found.unwrap_or_else(|| ExternalIdentity {
            issuer: String::new(),
            subject: String::new(),
        });
        Named {
            text: IdentityName { issuer, subject },
            is_known,
        }
    }

    /// The account and the device of somebody, which are made on first sight if that is wanted.
    pub(crate) async fn find(
        &self,
        database: &dyn IssuerDatabase,
        name: &Named,
        sighting: &Sighting,
        entropy: &dyn Entropy,
    ) -> Result<Option<AccountDevice>, StoreError> {
        const NAME: TransactionName = TransactionName::new("authenticate identity");
        let found = {
            let mut reader = database.read(NAME).await?;
            match reader.identity(&name.text).await? {
                Some((aci, device)) => reader.account_with_device(&aci, device).await?,
                None => None,
            }
        };
        if found.is_some() || !(name.is_known && self.provision) {
            return Ok(found);
        }
        self.provision(database, &name.text, sighting, entropy)
            .await
    }

    /// Two requests may come at once: the second finds what the first has made.
    async fn provision(
        &self,
        database: &dyn IssuerDatabase,
        name: &IdentityName,
        sighting: &Sighting,
        entropy: &dyn Entropy,
    ) -> Result<Option<AccountDevice>, StoreError> {
        const NAME: TransactionName = TransactionName::new("provision identity");
        let now = sighting.at;
        let mut rng = entropy.rng();
        let mut transaction = database.begin(NAME).await?;
        if let Some((aci, device)) = transaction.identity(name).await? {
            return transaction.account_with_device(&aci, device).await;
        }
        let aci = Aci::random(&mut *rng);
        let account = Account::new(aci, None, AuthSalt::random(&mut *rng), now);
        let id = DeviceId::PRIMARY;
        // Nobody knows it: this device signs in with tokens of the provider.
        let password = DevicePassword::random(&mut *rng);
        let hash = database
            .service_keys()
            .password_hash(&aci, id, password.as_str());
        let Ok(device_name) = DeviceName::parse(DEVICE_NAME) else {
            return Ok(None);
        };
        let device = Device {
            last_address: sighting.address,
            ..Device::new(id, device_name, hash, now)
        };
        transaction.add_account(&account, &mut *rng).await?;
        let change = DeviceChanges::new(&mut *transaction, self.retention, now)
            .add(&aci, &device, Actor::Account(aci), &mut *rng)
            .await?;
        transaction.add_identity(name, &aci, id, &mut *rng).await?;
        transaction.save().await?;
        self.journal.announce(&change, now);
        Ok(Some(AccountDevice { account, device }))
    }
}
