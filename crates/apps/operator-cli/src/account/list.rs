//! `anteroom account list`

use anteroom_console::os;
use anteroom_store::{IssuerDatabase as _, LoginLock, TransactionName};

use super::report::AccountReport;

use crate::operator_session::IssuerSession;

/// The number of accounts that one transaction reads. The total is not limited.
const PAGE: u32 = 200;

/// Lists all accounts, page by page. Those that come or go meanwhile may be in it or not.
pub(super) async fn run(session: &IssuerSession<'_>) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list accounts");
    let policy = session.settings.login.lock_policy();
    let mut after = None;
    loop {
        // A page is read as a whole before it is printed: a slow reader holds nothing up.
        let mut reader = session.database.read(NAME).await?;
        let page = reader.accounts(after.as_ref(), PAGE).await?;
        let mut locks = Vec::with_capacity(page.len());
        for summary in &page {
            locks.push(match &summary.email {
                Some(email) => reader.login_lock(email, os::now(), policy).await?,
                None => LoginLock::default(),
            });
        }
        drop(reader);
        for (summary, lock) in page.iter().zip(&locks) {
            let report = AccountReport::new(
                &summary.account,
                summary.email.as_ref(),
                summary.verified,
                lock,
                summary.devices,
            );
            let devices = format!("{} device(s)", report.devices);
            let email = report.shown_email();
            let line = format!(
                "{}  {devices:<13}  {email:<32}  {}",
                report.uuid,
                report.remarks()
            );
            session.context.show(&report, line.trim_end())?;
        }
        let Some(last) = page.last() else {
            break;
        };
        if page.len() < usize::try_from(PAGE)? {
            break;
        }
        after = Some(last.account.aci);
    }
    Ok(())
}
