//! `anteroom device add`: restores access to an account without devices.

use anteroom_accounts::{ChangeCause, MOST_DEVICES};
use anteroom_console::{failure::Failure, fields::Fields, os};
use anteroom_store::{
    Device, DeviceId, DeviceName, DevicePassword, IssuerDatabase as _, TransactionName,
};
use anyhow::bail;
use serde::Serialize;

use crate::{
    arguments::DeviceAdd,
    operator_session::{IssuerSession, no_account, refuse_guest},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceAddReport<'a> {
    uuid: &'a str,
    device_id: u32,
    password: &'a str,
}

/// Adds a device, whose password is shown once.
pub(crate) async fn run(session: &IssuerSession<'_>, options: &DeviceAdd) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("add device");
    let changes = session.changes()?;
    let name = DeviceName::parse(&options.name)?;
    let aci = session.find(&options.account.account).await?;
    let (now, mut rng) = (os::now(), os::rng());
    let password = DevicePassword::random(&mut rng);
    let mut transaction = session.database.begin(NAME).await?;
    let account = transaction.account(&aci).await?.ok_or_else(no_account)?;
    refuse_guest(&account, "further device")?;
    let known = transaction.devices(&aci).await?;
    if known.len() >= MOST_DEVICES {
        let what = format!("the account has {MOST_DEVICES} devices, which is as many as it may");
        bail!(Failure::failed(what).next("Delete one first, with `anteroom device delete`"));
    }
    let id = match known.is_empty() {
        true => DeviceId::PRIMARY,
        false => {
            let free = transaction.free_device_id(&aci).await?;
            free.ok_or_else(|| {
                Failure::failed("the account has no free number for a device")
                    .next("Delete its last device, with `anteroom device delete`")
            })?
        }
    };
    let hash = session
        .database
        .storage_keys()
        .password_hash(&aci, id, password.as_str());
    let device = Device::new(id, name, hash, now);
    let added = changes
        .of(&mut *transaction, now)
        .add(&aci, &device, ChangeCause::Operator, &mut rng)
        .await?;
    transaction.save().await?;
    changes.announce(&added);
    changes.note_device("device.added", &aci, id);
    let added = DeviceAddReport {
        uuid: &aci.to_uuid_string(),
        device_id: id.as_u32(),
        password: password.as_str(),
    };
    let text = Fields::below(
        "Added a device. The password is shown only now: it is stored as a keyed hash.",
        10,
    )
    .line("account", added.uuid)
    .line("device", added.device_id)
    .line("password", added.password);
    session.context.show(&added, text.text())
}
