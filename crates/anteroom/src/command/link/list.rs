//! `anteroom link list`

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    links::{LinkStore, OwnLink, short_name},
    terminal::{day, print},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    short_name: String,
    name: Option<String>,
    link: String,
    admin_passkey: String,
    created: u64,
}

/// Lists the links that the user is an admin of, as they are kept; asks nobody.
pub(super) fn run(with_links: bool, json: bool, store: &LinkStore) -> anyhow::Result<()> {
    let links = store.links()?;
    if json {
        let rows: Vec<Row> = links.iter().map(row).collect();
        let text = Zeroizing::new(serde_json::to_string(&rows)?);
        print(&text)?;
        return Ok(());
    }
    if links.is_empty() {
        print("You are an admin of no link here.")?;
    }
    for own in links {
        let short = short_name(&own.link.root_key.room_id());
        let name = own.name.as_deref().unwrap_or("without a name");
        print(&format!("  {short}  {}  {name}", day(own.created)))?;
        if with_links {
            print(&format!("            {}", own.link.to_url().as_str()))?;
        }
    }
    Ok(())
}

fn row(own: &OwnLink) -> Row {
    Row {
        short_name: short_name(&own.link.root_key.room_id()),
        name: own.name.clone(),
        link: own.link.to_url().to_string(),
        admin_passkey: STANDARD.encode(own.passkey.as_bytes()),
        created: own.created.as_secs(),
    }
}
