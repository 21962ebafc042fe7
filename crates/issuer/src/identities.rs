//! The accounts of people whom an identity provider vouches for.

use std::sync::Arc;

use anteroom_protocol::{Aci, AuthSalt, Timestamp};
use anteroom_service::Entropy;
use anteroom_store::{
    Account, AccountDevice, Device, DeviceId, DeviceName, DevicePassword, IdentityName,
    IssuerDatabase, StoreError, TransactionName,
};

use crate::login::{ExternalIdentity, IdentityVerifier};

/// What the device of such a person is called until they rename it.
const DEVICE_NAME: &str = "Single sign-on";

/// Maps the subjects of identity providers to accounts.
pub(crate) struct Identities {
    verifier: Arc<dyn IdentityVerifier>,
    /// Whether somebody new gets an account.
    provision: bool,
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
    pub(crate) fn new(verifier: Arc<dyn IdentityVerifier>, provision: bool) -> Self {
        Self {
            verifier,
            provision,
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
        now: Timestamp,
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
        provision(database, &name.text, now, entropy).await
    }
}

/// Two requests may come at once: the second finds what the first has made.
async fn provision(
    database: &dyn IssuerDatabase,
    name: &IdentityName,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Option<AccountDevice>, StoreError> {
    const NAME: TransactionName = TransactionName::new("provision identity");
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
    let device = Device::new(id, device_name, hash, now);
    transaction.add_account(&account, &mut *rng).await?;
    transaction.add_device(&aci, &device, &mut *rng).await?;
    transaction.add_identity(name, &aci, id, &mut *rng).await?;
    transaction.save().await?;
    Ok(Some(AccountDevice { account, device }))
}
