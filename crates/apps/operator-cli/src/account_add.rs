//! `anteroom account add`

use anteroom_accounts::{ChangeCause, DeviceChange, DeviceChanges, DeviceEvents};
use anteroom_console::{fields::Fields, os};
use anteroom_protocol::{Aci, AuthSalt, Pni, Timestamp};
use anteroom_store::{
    Account, AccountRole, Device, DeviceId, DeviceName, DevicePassword, DeviceRetention, Email,
    IssuerDatabase as _, Login, PasswordVerifier, TransactionName,
};
use anteroom_store_sqlite::SqliteIssuer;
use serde::Serialize;

use crate::{
    account::{
        address::shown,
        password::{explained, verifier},
    },
    arguments::AccountAdd,
    operator_session::IssuerSession,
};

/// The JSON output. It has exactly these members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountAddReport<'a> {
    uuid: &'a str,
    pni: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// Adds an account, with one device or with a login. A running service on the same data uses it immediately.
pub(crate) async fn run(session: &IssuerSession<'_>, options: &AccountAdd) -> anyhow::Result<()> {
    let account = new_account(options.pni, options.admin, os::now());
    let uuid = account.aci.to_uuid_string();
    let pni = account.pni.map(|pni| pni.to_uuid_string());
    let mut added = AccountAddReport {
        uuid: &uuid,
        pni: pni.as_deref(),
        device_id: None,
        password: None,
        email: None,
    };
    if let Some(email) = &options.email {
        let email = Email::parse_new(email)?;
        let verifier = verifier(session, options.password_file.as_deref())?;
        let changes = session.changes()?;
        add_with_login(&session.database, &account, &email, verifier).await?;
        changes.note("account.added", &account.aci);
        added.email = Some(email.as_str());
        let text = "Added an account, which signs in with its email address and password.";
        let fields = fields(text, &added).line("email", shown(&email));
        return session.context.show(&added, fields.text());
    }
    let changes = session.changes()?;
    let retention = session.settings.login.device_retention();
    let (password, change) = add_with_device(&session.database, &account, retention).await?;
    changes.announce(&change);
    changes.note("account.added", &account.aci);
    let device = change.device().as_u32();
    added.device_id = Some(device);
    added.password = Some(password.as_str());
    let text = "Added an account. The password is shown only now: it is stored as a keyed hash.";
    let fields = fields(text, &added)
        .line("device", device)
        .line("password", password.as_str());
    session.context.show(&added, fields.text())
}

fn fields(sentence: &str, added: &AccountAddReport<'_>) -> Fields {
    Fields::below(sentence, 10)
        .line("account", added.uuid)
        .optional("pni", added.pni)
}

/// A new account with its first device.
pub struct NewAccount {
    /// The account.
    pub account: Account,
    /// The password of its device.
    pub password: DevicePassword,
}

/// Adds an account with a phone-number id and one device, and emits the events of the device.
pub async fn add(
    database: &SqliteIssuer,
    device_events: &DeviceEvents,
    retention: DeviceRetention,
    now: Timestamp,
) -> anyhow::Result<NewAccount> {
    let account = new_account(true, false, now);
    let (password, change) = add_with_device(database, &account, retention).await?;
    device_events.announce(&change, now);
    Ok(NewAccount { account, password })
}

fn new_account(with_pni: bool, is_admin: bool, now: Timestamp) -> Account {
    let mut rng = os::rng();
    let mut account = Account::new(
        Aci::random(&mut rng),
        with_pni.then(|| Pni::random(&mut rng)),
        AuthSalt::random(&mut rng),
        now,
    );
    if is_admin {
        account.role = AccountRole::Administrator;
    }
    account
}

const NAME: TransactionName = TransactionName::new("add account");

/// Gives the password of the device, and the change to be announced.
async fn add_with_device(
    database: &SqliteIssuer,
    account: &Account,
    retention: DeviceRetention,
) -> anyhow::Result<(DevicePassword, DeviceChange)> {
    let mut rng = os::rng();
    let id = DeviceId::PRIMARY;
    let password = DevicePassword::random(&mut rng);
    let hash = database
        .storage_keys()
        .password_hash(&account.aci, id, password.as_str());
    let device = Device::new(
        id,
        DeviceName::parse("First device")?,
        hash,
        account.created,
    );
    let mut transaction = database.begin(NAME).await?;
    transaction.add_account(account, &mut rng).await?;
    let added = DeviceChanges::new(&mut *transaction, retention, account.created)
        .add(&account.aci, &device, ChangeCause::Operator, &mut rng)
        .await?;
    transaction.save().await?;
    Ok((password, added))
}

/// Its devices are those that sign in.
async fn add_with_login(
    database: &SqliteIssuer,
    account: &Account,
    email: &Email,
    verifier: PasswordVerifier,
) -> anyhow::Result<()> {
    let mut rng = os::rng();
    let login = Login {
        aci: account.aci,
        email: email.clone(),
        verifier,
        verified: true,
        created: account.created,
    };
    let mut transaction = database.begin(NAME).await?;
    transaction.add_account(account, &mut rng).await?;
    transaction
        .add_login(&login, &mut rng)
        .await
        .map_err(explained)?;
    transaction.save().await?;
    Ok(())
}
