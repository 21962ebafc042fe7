//! `anteroom account list`

use anteroom_store::{IssuerDatabase as _, TransactionName};
use anteroom_store_sql::SqliteIssuer;

use super::AccountReport;
use crate::terminal::print;

/// The number of accounts that one transaction reads. The total is not limited.
const PAGE: u32 = 200;

/// Lists all accounts, page by page. Accounts added or deleted meanwhile may be listed or not.
pub(super) async fn run(database: &SqliteIssuer, json: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list accounts");
    let mut after = None;
    loop {
        // A page is read completely before it is printed, so that a slow reader holds no transaction open.
        let page = database
            .read(NAME)
            .await?
            .accounts(after.as_ref(), PAGE)
            .await?;
        for summary in &page {
            let report = AccountReport::new(
                &summary.account,
                summary.email.as_ref(),
                summary.verified,
                summary.devices,
            );
            if json {
                print(&serde_json::to_string(&report)?)?;
            } else {
                let devices = format!("{} device(s)", report.devices);
                let email = report.shown_email();
                let line = format!(
                    "{}  {devices:<13}  {email:<32}  {}",
                    report.uuid,
                    report.remarks()
                );
                print(line.trim_end())?;
            }
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
