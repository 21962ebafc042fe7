//! `anteroom keys export-public`: public server params for another channel than the issuer.

use std::path::Path;

use anteroom_console::{
    context::Context,
    files,
    public_params::{PublicParams, PublicParamsFile},
    terminal::print,
};
use anteroom_protocol::Timestamp;
use anteroom_server::params;
use anteroom_store::ServerParamsRecord;
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::transfer::{ExportReport, params_of_issuer};

/// Writes the public params of the issuer that clients pin to a new file, or to standard output.
pub async fn export(out: &Path, context: &Context) -> anyhow::Result<()> {
    let mut published = PublicParamsFile { params: Vec::new() };
    let records = params_of_issuer(context).await?;
    for record in records.readable.iter().rev() {
        published.params.push(entry(record)?);
    }
    let text = serde_json::to_string_pretty(&published)?;
    if out == Path::new("-") {
        return print(&text);
    }
    files::create(out, format!("{text}\n").as_bytes())
        .with_context(|| format!("{} cannot be written", out.display()))?;
    let ids = published.params.iter().map(|entry| &*entry.id).collect();
    let text = format!(
        "Wrote the public params to {}: nothing in it is secret. Clients pin them with `anteroom keys trust`.",
        out.display()
    );
    context.show(&ExportReport { file: out, ids }, &text)
}

fn entry(record: &ServerParamsRecord) -> anyhow::Result<PublicParams> {
    let (version, public) = params::public_params(record)?;
    Ok(PublicParams {
        id: record.id.to_hex(),
        kind: record.kind.as_str().to_owned(),
        version,
        not_before: record.not_before.as_secs(),
        not_after: record.not_after.map(Timestamp::as_secs),
        public_params: STANDARD.encode(&public),
    })
}
