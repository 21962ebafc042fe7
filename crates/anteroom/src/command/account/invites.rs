//! `anteroom account invite list` and `cancel`

use anteroom_service::Clock as _;
use anteroom_store::{Invite, IssuerDatabase as _, TransactionName};
use anteroom_store_sql::SqliteIssuer;
use anyhow::bail;
use serde::Serialize;
use serde_json::json;

use crate::{
    operator_changes::OperatorChanges,
    os::OsClock,
    terminal::{day, print, second},
};

/// The minimum number of digits that identify an invite.
const FEWEST_DIGITS: usize = 4;

#[derive(Serialize)]
struct Entry {
    name: String,
    created: u64,
    expires: u64,
}

/// Lists the valid invites.
pub(super) async fn list(database: &SqliteIssuer, json: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list invites");
    let invites = database.read(NAME).await?.invites(OsClock.now()).await?;
    if invites.is_empty() && !json {
        print("No invite code is good.")?;
    }
    for invite in &invites {
        let name = invite.name().to_string();
        if json {
            let entry = Entry {
                name,
                created: invite.created.as_secs(),
                expires: invite.expires.as_secs(),
            };
            print(&serde_json::to_string(&entry)?)?;
        } else {
            let (made, until) = (second(invite.created), day(invite.expires));
            print(&format!("{name}  made {made}  good until {until}"))?;
        }
    }
    Ok(())
}

/// Cancels the invite of a name, or all without one.
pub(super) async fn cancel(
    database: &SqliteIssuer,
    name: Option<&str>,
    changes: &OperatorChanges,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("cancel invites");
    let mut transaction = database.begin(NAME).await?;
    let mut invites = transaction.invites(OsClock.now()).await?;
    if let Some(name) = name {
        keep_named(&mut invites, name)?;
    }
    for invite in &invites {
        transaction.cancel_invite(&invite.code).await?;
    }
    transaction.save().await?;
    changes.note_service("invites.cancelled");
    if json {
        let names: Vec<String> = invites.iter().map(|it| it.name().to_string()).collect();
        print(&json!({ "cancelled": names }).to_string())?;
    } else {
        print(&format!("Cancelled invite codes: {}.", invites.len()))?;
    }
    Ok(())
}

fn keep_named(invites: &mut Vec<Invite>, name: &str) -> anyhow::Result<()> {
    let name = name.to_ascii_lowercase();
    if name.len() < FEWEST_DIGITS {
        bail!(
            "an invite is named by {FEWEST_DIGITS} digits at least, as `account invite list` prints them"
        );
    }
    invites.retain(|invite| invite.name().to_string().starts_with(&name));
    match invites.len() {
        0 => bail!("there is no such invite: look at `anteroom account invite list`"),
        1 => Ok(()),
        _ => bail!("several invites have names that begin so: write more digits"),
    }
}
