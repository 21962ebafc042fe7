//! `anteroom link list`

use anteroom_client::AdminRights;
use anteroom_console::{
    context::Context,
    terminal::{day, print, print_json},
};
use anteroom_protocol::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::links::{LinkStore, OwnLink, short_name};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    short_name: String,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_passkey: Option<String>,
    created: u64,
}

/// Lists the links in the user's store, without a request.
pub(super) fn run(
    with_links: bool,
    with_secrets: bool,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let row = |own: &OwnLink| Row {
        short_name: short_name(&own.link.root_key.room_id()),
        name: own.name.clone(),
        link: (with_links || with_secrets).then(|| own.link.to_url().to_string()),
        admin_secret: match own.rights {
            AdminRights::Secret(_) if with_secrets => Some(own.rights.to_text().to_string()),
            AdminRights::Secret(_) | AdminRights::Passkey(_) => None,
        },
        admin_passkey: with_secrets.then(|| STANDARD.encode(own.passkey().as_bytes())),
        created: own.created.as_secs(),
    };
    let rows: Vec<Row> = store.links()?.iter().map(row).collect();
    if context.json {
        return print_json(&rows);
    }
    if rows.is_empty() {
        print("You are an admin of no link here.")?;
    }
    for row in rows {
        let name = row.name.as_deref().unwrap_or("without a name");
        let created = day(Timestamp::from_secs(row.created));
        print(&format!("  {}  {created}  {name}", row.short_name))?;
        if let Some(link) = row.link {
            print(&format!("            {link}"))?;
        }
        match (row.admin_secret, row.admin_passkey) {
            (Some(secret), _) => print(&format!("            secret {secret}"))?,
            (None, Some(passkey)) => print(&format!("            passkey {passkey}"))?,
            (None, None) => {}
        }
    }
    Ok(())
}
