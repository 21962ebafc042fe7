//! `anteroom account show`

use anteroom_console::{
    device_report::{self, DeviceReport},
    fields::Fields,
    os,
    terminal::{day, second},
};
use anteroom_store::{IssuerDatabase as _, LoginLock, TransactionName};
use serde::Serialize;

use super::{lock, report::AccountReport};

use crate::{
    device_row::report_of,
    operator_session::{IssuerSession, no_account},
};

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    account: AccountReport<'a>,
    #[serde(rename = "deviceList")]
    device_list: Vec<DeviceReport<'a>>,
}

/// Shows an account with its devices.
pub(super) async fn run(session: &IssuerSession<'_>, name: &str) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("show account");
    let settings = &session.settings.login;
    let aci = session.find(name).await?;
    let mut reader = session.database.read(NAME).await?;
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
    let is_unconfirmed = report.email.is_some() && !report.email_verified;
    let confirmed = if is_unconfirmed {
        ", not confirmed"
    } else {
        ""
    };
    let state = if report.disabled {
        "disabled"
    } else {
        "enabled"
    };
    let fields = Fields::new(9)
        .line("account", &report.uuid)
        .optional("pni", report.pni.as_ref())
        .line("email", format!("{}{confirmed}", report.shown_email()))
        .line("role", if report.guest { "guest" } else { report.role })
        .line("state", state)
        .optional("lock", lock_text(&lock))
        .line("since", day(account.created));
    let text = format!("{}\n{}", fields.text(), device_report::lines(&reports));
    let report = Report {
        account: report,
        device_list: reports,
    };
    session.context.show(&report, &text)
}

fn lock_text(lock: &LoginLock) -> Option<String> {
    if let Some(until) = lock.until {
        return Some(format!(
            "wrong passwords have locked it until {} for {} network(s) or device(s): `anteroom \
             account unlock` ends that",
            second(until),
            lock.locked_origins,
        ));
    }
    (lock.failures > 0).then(|| format!("none; failed logins that count: {}", lock.failures))
}
