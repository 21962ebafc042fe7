//! `anteroom account invite list` and `cancel`

use anteroom_console::{
    failure::Failure,
    os,
    terminal::{confirm, day, print, second},
};
use anteroom_store::{Invite, IssuerDatabase as _, TransactionName};
use anyhow::bail;
use serde::Serialize;
use serde_json::json;

use crate::operator_session::IssuerSession;

/// The minimum number of digits that identify an invite.
const FEWEST_DIGITS: usize = 4;
/// The step that shows the names of invites.
const LIST: &str = "Look at `anteroom account invite list`";

#[derive(Serialize)]
struct Entry {
    name: String,
    created: u64,
    expires: u64,
}

/// Lists the valid invites.
pub(super) async fn list(session: &IssuerSession<'_>) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list invites");
    let mut reader = session.database.read(NAME).await?;
    let invites = reader.invites(os::now()).await?;
    drop(reader);
    if invites.is_empty() && !session.context.json {
        print("No invite code is good.")?;
    }
    for invite in &invites {
        let name = invite.name().to_string();
        let (made, until) = (second(invite.created), day(invite.expires));
        let text = format!("{name}  made {made}  good until {until}");
        let entry = Entry {
            name,
            created: invite.created.as_secs(),
            expires: invite.expires.as_secs(),
        };
        session.context.show(&entry, &text)?;
    }
    Ok(())
}

/// Cancels the invite of a name, or all without one.
pub(super) async fn cancel(
    session: &IssuerSession<'_>,
    name: Option<&str>,
    yes: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("cancel invites");
    let changes = session.changes()?;
    let mut reader = session.database.read(NAME).await?;
    let mut invites = reader.invites(os::now()).await?;
    drop(reader);
    if let Some(name) = name {
        keep_named(&mut invites, name)?;
    }
    if !invites.is_empty() {
        let question = format!(
            "Cancel invite codes: {}? Nobody can sign up with a code that is cancelled.",
            invites.len()
        );
        confirm(yes, &question)?;
    }
    let mut transaction = session.database.begin(NAME).await?;
    let mut cancelled = Vec::new();
    for invite in &invites {
        // A code that somebody has used since the question stays used.
        if transaction.cancel_invite(&invite.code).await? {
            cancelled.push(invite.name().to_string());
        }
    }
    transaction.save().await?;
    changes.note_service("invites.cancelled");
    session.context.show(
        &json!({ "cancelled": cancelled }),
        &format!("Cancelled invite codes: {}.", cancelled.len()),
    )
}

fn keep_named(invites: &mut Vec<Invite>, name: &str) -> anyhow::Result<()> {
    let name = name.to_ascii_lowercase();
    if name.len() < FEWEST_DIGITS {
        let what = format!("an invite is named by {FEWEST_DIGITS} digits at least");
        bail!(Failure::failed(what).next(LIST));
    }
    invites.retain(|invite| invite.name().to_string().starts_with(&name));
    match invites.len() {
        0 => bail!(Failure::failed("there is no such invite").next(LIST)),
        1 => Ok(()),
        _ => bail!(
            Failure::failed("several invites have names that begin so").next("Write more digits")
        ),
    }
}
