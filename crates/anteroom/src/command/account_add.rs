//! `anteroom account add`

use anteroom_protocol::{Aci, AuthSalt, Pni, Timestamp};
use anteroom_service::Clock as _;
use anteroom_store::{
    Account, Device, DeviceId, DeviceName, DevicePassword, IssuerDatabase as _, TransactionName,
};
use anteroom_store_sql::SqliteIssuer;
use serde::Serialize;

use crate::{
    cli::AccountAdd,
    data_dir::DataDir,
    databases,
    environment::Environment,
    os::{self, OsClock},
    terminal::print,
};

/// What is printed as JSON: these members and no others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Added<'a> {
    uuid: &'a str,
    pni: Option<&'a str>,
    device_id: u32,
    password: &'a str,
}

/// Adds an account with one device. A service that runs on the same data sees it at once.
pub(crate) async fn run(
    options: &AccountAdd,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let now = OsClock.now();
    let database: SqliteIssuer = databases::open_existing(data, environment, now).await?;

    let added = add(&database, options.pni, now).await?;
    database.close().await;

    let uuid = added.account.aci.to_uuid_string();
    let pni = added.account.pni.map(|pni| pni.to_uuid_string());
    let added = Added {
        uuid: &uuid,
        pni: pni.as_deref(),
        device_id: added.device.as_u32(),
        password: added.password.as_str(),
    };
    if options.json {
        print(&serde_json::to_string(&added)?)?;
    } else {
        show(&added)?;
    }
    Ok(())
}

/// A new account with its first device.
pub(super) struct NewAccount {
    pub(super) account: Account,
    pub(super) device: DeviceId,
    pub(super) password: DevicePassword,
}

/// Adds an account with one device.
pub(super) async fn add(
    database: &SqliteIssuer,
    with_pni: bool,
    now: Timestamp,
) -> anyhow::Result<NewAccount> {
    let mut rng = os::rng();
    let account = Account::new(
        Aci::random(&mut rng),
        with_pni.then(|| Pni::random(&mut rng)),
        AuthSalt::random(&mut rng),
        now,
    );
    let id = DeviceId::PRIMARY;
    let password = DevicePassword::random(&mut rng);
    let hash = database
        .service_keys()
        .password_hash(&account.aci, id, password.as_str());
    let device = Device::new(id, DeviceName::parse("First device")?, hash, now);

    let mut transaction = database.begin(TransactionName::new("add account")).await?;
    transaction.add_account(&account, &mut rng).await?;
    transaction
        .add_device(&account.aci, &device, &mut rng)
        .await?;
    transaction.save().await?;
    Ok(NewAccount {
        account,
        device: id,
        password,
    })
}

fn show(added: &Added<'_>) -> anyhow::Result<()> {
    print("Added an account. The password is shown only now: it is stored as a keyed hash.")?;
    print("")?;
    print(&format!("  account   {}", added.uuid))?;
    if let Some(pni) = added.pni {
        print(&format!("  pni       {pni}"))?;
    }
    print(&format!("  device    {}", added.device_id))?;
    print(&format!("  password  {}", added.password))?;
    Ok(())
}
