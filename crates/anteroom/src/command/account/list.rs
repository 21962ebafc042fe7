//! `anteroom account list`

use anteroom_store::{IssuerDatabase as _, TransactionName};
use anteroom_store_sql::SqliteIssuer;

use super::AccountReport;
use crate::terminal::{print, print_json};

/// How many are read at once, so that there may be any number of them.
const PAGE: u32 = 200;

/// Lists all accounts, page by page. Those that come or go meanwhile may be in it or not.
pub(super) async fn run(database: &SqliteIssuer, json: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list accounts");
    let mut after = None;
    loop {
        // A page is read as a whole before it is printed: a slow reader holds nothing up.
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
                print_json(&report)?;
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
