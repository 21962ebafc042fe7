//! Accounts with a device, written directly to the database.

use anteroom_protocol::{Aci, AuthSalt, Pni, Timestamp};
use anteroom_runtime::Entropy;
use anteroom_store::{
    Account, Device, DeviceId, DeviceName, DevicePassword, IssuerDatabase as _, TransactionName,
};
use anteroom_store_sqlite::SqliteIssuer;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::LogGuard;

/// An account with one device. `Debug` shows nothing of it.
pub struct TestAccount {
    /// The account id.
    pub aci: Aci,
    /// The phone-number id, if the account has one.
    pub pni: Option<Pni>,
    /// The salt of an account without a PNI.
    pub auth_salt: AuthSalt,
    /// The device.
    pub device: DeviceId,
    /// The device's password.
    pub password: String,
}

impl TestAccount {
    /// Returns the value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> String {
        let name = self.aci.to_uuid_string();
        let text = format!("{name}.{}:{}", self.device, self.password);
        format!("Basic {}", STANDARD.encode(text))
    }
}

async fn begin(database: &SqliteIssuer) -> Box<dyn anteroom_store::IssuerRepository> {
    let name = TransactionName::new("test");
    database.begin(name).await.expect("the database is there")
}
/// Adds a device to an account, and returns the account with this device.
pub(crate) async fn add_device(
    database: &SqliteIssuer,
    account: &TestAccount,
    device: DeviceId,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> TestAccount {
    let mut rng = entropy.rng();
    let password = DevicePassword::random(&mut *rng);
    watch_password(&password);
    let aci = account.aci;
    let row = row(database, &aci, device, &password, now);
    let mut transaction = begin(database).await;
    transaction
        .add_device(&aci, &row, &mut *rng)
        .await
        .expect("a new device");
    transaction.save().await.expect("the database is there");
    TestAccount {
        aci,
        pni: account.pni,
        auth_salt: account.auth_salt.clone(),
        device,
        password: password.as_str().to_owned(),
    }
}

/// Adds an account with one device.
pub(crate) async fn add_account(
    database: &SqliteIssuer,
    with_pni: bool,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> TestAccount {
    let mut rng = entropy.rng();
    let aci = Aci::random(&mut *rng);
    let pni = with_pni.then(|| Pni::random(&mut *rng));
    let auth_salt = AuthSalt::random(&mut *rng);
    let password = DevicePassword::random(&mut *rng);
    let guard = LogGuard::global();
    guard.watch_bytes("account id", aci.as_bytes());
    if let Some(pni) = &pni {
        guard.watch_bytes("phone-number id", pni.as_bytes());
    }
    guard.watch_bytes("salt", auth_salt.as_bytes());
    watch_password(&password);

    let account = Account::new(aci, pni, auth_salt.clone(), now);
    let device = DeviceId::PRIMARY;
    let row = row(database, &aci, device, &password, now);
    let mut transaction = begin(database).await;
    transaction
        .add_account(&account, &mut *rng)
        .await
        .expect("a new account");
    transaction
        .add_device(&aci, &row, &mut *rng)
        .await
        .expect("a new device");
    transaction.save().await.expect("the database is there");
    TestAccount {
        aci,
        pni,
        auth_salt,
        device,
        password: password.as_str().to_owned(),
    }
}

fn row(
    database: &SqliteIssuer,
    aci: &Aci,
    device: DeviceId,
    password: &DevicePassword,
    now: Timestamp,
) -> Device {
    let hash = database
        .storage_keys()
        .password_hash(aci, device, password.as_str());
    let name = DeviceName::parse("test device").expect("a good name");
    Device::new(device, name, hash, now)
}

fn watch_password(password: &DevicePassword) {
    LogGuard::global().watch_text("device password", password.as_str());
}
