//! `anteroom account sessions`

use anteroom_console::{
    os,
    terminal::{confirm, print, print_json, second},
};
use anteroom_store::{IssuerDatabase as _, Session, TransactionName};
use anteroom_store_sqlite::SqliteIssuer;
use serde::Serialize;
use serde_json::json;

use super::lookup::find;

use crate::operator_changes::OperatorChanges;

const NAME: TransactionName = TransactionName::new("sessions of account");

#[derive(Serialize)]
struct Report<'a> {
    uuid: &'a str,
    sessions: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    device_id: u32,
    created: u64,
    expires: u64,
    remembered: bool,
}

impl Entry {
    fn of(session: &Session) -> Self {
        Self {
            device_id: session.device.as_u32(),
            created: session.created.as_secs(),
            expires: session.expires.as_secs(),
            remembered: session.remember,
        }
    }
}

/// Lists the sessions of an account.
pub(super) async fn list(database: &SqliteIssuer, account: &str, json: bool) -> anyhow::Result<()> {
    let aci = find(database, account).await?;
    let mut reader = database.read(NAME).await?;
    let sessions = reader.sessions(&aci, os::now()).await?;
    drop(reader);
    if json {
        let report = Report {
            uuid: &aci.to_uuid_string(),
            sessions: sessions.iter().map(Entry::of).collect(),
        };
        return print_json(&report);
    }
    if sessions.is_empty() {
        print("  no sessions")?;
    }
    for session in &sessions {
        print(&format!(
            "  session  of device {}  since {}  until {}, unless it is used before",
            session.device,
            second(session.created),
            second(session.expires),
        ))?;
    }
    Ok(())
}

/// Ends the sessions of an account.
pub(super) async fn end(
    account: &str,
    changes: &OperatorChanges,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    let aci = find(&changes.database, account).await?;
    let uuid = aci.to_uuid_string();
    confirm(
        yes,
        &format!("End all sessions of the account {uuid}? Its devices have to log in again."),
    )?;
    let mut transaction = changes.database.begin(NAME).await?;
    let ended = transaction.end_sessions(&aci).await?;
    transaction.save().await?;
    changes.note("account.sessions_ended", &aci);
    if json {
        print_json(&json!({ "uuid": uuid, "endedSessions": ended }))?;
    } else {
        print(&format!("Ended the sessions of the account: {ended}."))?;
    }
    Ok(())
}
