//! `anteroom link list`

use anteroom_console::terminal::{day, print, print_json};
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
    admin_passkey: Option<String>,
    created: u64,
}

/// Lists the links in the user's store, without a request.
pub(super) fn run(
    with_links: bool,
    with_secrets: bool,
    json: bool,
    store: &LinkStore,
) -> anyhow::Result<()> {
    let links = store.links()?;
    if json {
        let row = |own| Row::new(own, with_links || with_secrets, with_secrets);
        let rows: Vec<Row> = links.iter().map(row).collect();
        return print_json(&rows);
    }
    if links.is_empty() {
        print("You are an admin of no link here.")?;
    }
    for own in links {
        let short = short_name(&own.link.root_key.room_id());
        let name = own.name.as_deref().unwrap_or("without a name");
        print(&format!("  {short}  {}  {name}", day(own.created)))?;
        if with_links || with_secrets {
            print(&format!("            {}", own.link.to_url().as_str()))?;
        }
        if with_secrets {
            print(&format!("            passkey {}", passkey(&own)))?;
        }
    }
    Ok(())
}

fn passkey(own: &OwnLink) -> String {
    STANDARD.encode(own.passkey.as_bytes())
}

impl Row {
    fn new(own: &OwnLink, with_link: bool, with_passkey: bool) -> Self {
        Self {
            short_name: short_name(&own.link.root_key.room_id()),
            name: own.name.clone(),
            link: with_link.then(|| own.link.to_url().to_string()),
            admin_passkey: with_passkey.then(|| passkey(own)),
            created: own.created.as_secs(),
        }
    }
}
