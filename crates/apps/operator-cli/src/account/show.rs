//! `anteroom account show`

use anteroom_console::{
    device_report::{self, DeviceReport},
    os,
    terminal::{day, print, print_json, second},
};
use anteroom_server::settings::LoginSection;
use anteroom_store::{IssuerDatabase as _, LoginLock, TransactionName};
use anteroom_store_sqlite::SqliteIssuer;
use serde::Serialize;

use super::{
    lock,
    lookup::{find, no_account},
    report::AccountReport,
};

use crate::device_row::report_of;

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
    settings: &LoginSection,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("show account");
    let aci = find(database, name).await?;
    let mut reader = database.read(NAME).await?;
    let account = reader.account(&aci).await?;
    let account = account.ok_or_else(no_account)?;
    let login = reader.login(&aci).await?;
    let devices = reader.devices(&aci).await?;
    let policy = settings.lock_policy();
    let lock = lock::of_account(&mut *reader, &aci, policy, os::now()).await?;
    let lock = lock.unwrap_or_default();
    let retention = settings.device_retention();
    drop(reader);
    let now = os::now();
    let device_report = |device| report_of(device, retention, now);
    let reports: Vec<_> = devices.iter().map(device_report).collect();
    let report = AccountReport::new(
        &account,
        login.as_ref().map(|login| &login.email),
        login.as_ref().is_some_and(|login| login.verified),
        &lock,
        u32::try_from(devices.len())?,
    );
    if json {
        let report = Report {
            account: report,
            device_list: reports,
        };
        return print_json(&report);
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
    show_lock(&lock)?;
    print(&format!("  since    {}", day(account.created)))?;
    device_report::show_lines(&reports)
}

fn show_lock(lock: &LoginLock) -> anyhow::Result<()> {
    if let Some(until) = lock.until {
        print(&format!(
            "  lock     wrong passwords have locked it until {} for {} network(s) or device(s): \
             `anteroom account unlock` ends that",
            second(until),
            lock.locked_origins,
        ))?;
    } else if lock.failures > 0 {
        print(&format!(
            "  lock     none; failed logins that count: {}",
            lock.failures
        ))?;
    }
    Ok(())
}
