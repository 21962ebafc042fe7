//! `anteroom account sessions`

use anteroom_console::{
    os,
    terminal::{confirm, second},
};
use anteroom_store::{IssuerDatabase as _, Session, TransactionName};
use serde::Serialize;
use serde_json::json;

use crate::operator_session::IssuerSession;

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

pub(super) async fn list(session: &IssuerSession<'_>, account: &str) -> anyhow::Result<()> {
    let aci = session.find(account).await?;
    let mut reader = session.database.read(NAME).await?;
    let sessions = reader.sessions(&aci, os::now()).await?;
    drop(reader);
    let line = |session: &Session| {
        format!(
            "  session  of device {}  since {}  until {}, unless it is used before",
            session.device,
            second(session.created),
            second(session.expires),
        )
    };
    let text = match sessions.as_slice() {
        [] => "  no sessions".to_owned(),
        sessions => sessions.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    let entry = |session: &Session| Entry {
        device_id: session.device.as_u32(),
        created: session.created.as_secs(),
        expires: session.expires.as_secs(),
        remembered: session.remember,
    };
    let report = Report {
        uuid: &aci.to_uuid_string(),
        sessions: sessions.iter().map(entry).collect(),
    };
    session.context.show(&report, &text)
}

pub(super) async fn end(
    session: &IssuerSession<'_>,
    account: &str,
    yes: bool,
) -> anyhow::Result<()> {
    let changes = session.changes()?;
    let aci = session.find(account).await?;
    let uuid = aci.to_uuid_string();
    let question =
        format!("End all sessions of the account {uuid}? Its devices have to log in again.");
    confirm(yes, &question)?;
    let mut transaction = session.database.begin(NAME).await?;
    let ended = transaction.end_sessions(&aci).await?;
    transaction.save().await?;
    changes.note("account.sessions_ended", &aci);
    session.context.show(
        &json!({ "uuid": uuid, "endedSessions": ended }),
        &format!("Ended the sessions of the account: {ended}."),
    )
}
