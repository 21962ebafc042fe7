//! `anteroom link list`

use anteroom_client::AdminRights;
use anteroom_console::{
    context::Context,
    terminal::{day, print, print_json},
};
use anteroom_protocol::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::links::{LinkStore, OwnLink, short_name};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    short_name: String,
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_passkey: Option<&'a str>,
    created: u64,
}

/// The secret texts of a link.
struct SecretTexts {
    link: Option<Zeroizing<String>>,
    secret: Option<Zeroizing<String>>,
    passkey: Option<Zeroizing<String>>,
}

impl<'a> Row<'a> {
    fn new((own, texts): (&'a OwnLink, &'a SecretTexts)) -> Self {
        let [link, secret, passkey] = [&texts.link, &texts.secret, &texts.passkey]
            .map(|text| text.as_ref().map(|text| text.as_str()));
        Self {
            short_name: short_name(&own.link.root_key.room_id()),
            name: own.name.as_deref(),
            link,
            admin_secret: secret,
            admin_passkey: passkey,
            created: own.created.as_secs(),
        }
    }
}

/// Lists the links in the user's store, without a request.
pub(super) fn run(
    with_links: bool,
    with_secrets: bool,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let links = store.links()?;
    let texts = |own: &OwnLink| SecretTexts {
        link: (with_links || with_secrets).then(|| own.link.to_url()),
        secret: match own.rights {
            AdminRights::Secret(_) if with_secrets => Some(own.rights.to_text()),
            AdminRights::Secret(_) | AdminRights::Passkey(_) => None,
        },
        passkey: with_secrets.then(|| Zeroizing::new(STANDARD.encode(own.passkey().as_bytes()))),
    };
    let texts: Vec<SecretTexts> = links.iter().map(texts).collect();
    let rows: Vec<Row<'_>> = links.iter().zip(&texts).map(Row::new).collect();
    if context.json {
        return print_json(&rows);
    }
    if rows.is_empty() {
        print("You are an admin of no link here.")?;
    }
    for row in rows {
        let name = row.name.unwrap_or("without a name");
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
