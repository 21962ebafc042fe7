//! `anteroom account show`

use anteroom_store::{DeviceRetention, IssuerDatabase as _, TransactionName};
use anteroom_store_sql::SqliteIssuer;
use anyhow::Context as _;
use serde::Serialize;

use super::{AccountReport, DeviceReport, find};
use crate::{
    command::device::{reports, show_devices},
    terminal::{day, print},
};

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    account: AccountReport<'a>,
    #[serde(rename = "deviceList")]
    device_list: Vec<DeviceReport<'a>>,
}

/// Shows an account with its devices.
pub(super) async fn run(
    database: &SqliteIssuer,
    name: &str,
    retention: DeviceRetention,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("show account");
    let aci = find(database, name).await?;
    let mut reader = database.read(NAME).await?;
    let account = reader.account(&aci).await?;
    let account = account.context("there is no such account")?;
    let login = reader.login(&aci).await?;
    let devices = reader.devices(&aci).await?;
    drop(reader);
    let report = AccountReport::new(
        &account,
        login.as_ref().map(|login| &login.email),
        login.as_ref().is_some_and(|login| login.verified),
        u32::try_from(devices.len())?,
    );
    if json {
        let report = Report {
            account: report,
            device_list: reports(&devices, retention),
        };
        print(&serde_json::to_string(&report)?)?;
        return Ok(());
    }
    print(&format!("  account  {}", report.uuid))?;
    if let Some(pni) = &report.pni {
        print(&format!("  pni      {pni}"))?;
    }
    let confirmed = if report.email.is_none() || report.email_verified {
        ""
    } else {
        ", not confirmed"
    };
    print(&format!("  email    {}{confirmed}", report.shown_email()))?;
    print(&format!("  role     {}", report.role))?;
    let state = if report.disabled {
        "disabled"
    } else {
        "enabled"
    };
    print(&format!("  state    {state}"))?;
    print(&format!("  since    {}", day(account.created)))?;
    show_devices(&devices, retention)
}
