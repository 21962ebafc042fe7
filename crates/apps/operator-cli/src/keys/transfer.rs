//! `anteroom keys export` and `import`: from an issuer to a room service that runs apart.

use std::{collections::BTreeSet, fs, path::Path};

use anteroom_console::{context::Context, failure::Failure, files, os};
use anteroom_protocol::{GenericSecretParams, ParamsId, Timestamp};
use anteroom_server::{
    database::ServiceSchema as _, databases, installation::Installation, params,
};
use anteroom_store::{ServerParamsKind, ServerParamsRecord, StoredServerParams};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SqliteIssuer, SqliteRooms};
use anyhow::{Context as _, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::rotate::{ParamsEndReport, ended_sentence};

use crate::{operator_changes::ChangedServices, operator_session};

/// The file that carries params between the services. It contains secrets: there is no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ParamsTransferFile {
    generic_params: Vec<Entry>,
    /// The params of guests, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    guest_params: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    id: String,
    not_before: u64,
    not_after: Option<u64>,
    secret_params: String,
}

impl ParamsTransferFile {
    fn is_of_guests(&self, id: &str) -> bool {
        self.guest_params.iter().any(|entry| entry.id == id)
    }

    /// Names params of the file by their kinds, in words.
    fn named(&self, ids: &[impl AsRef<str>]) -> String {
        let ids = ids.iter().map(AsRef::as_ref);
        let (guest, generic): (Vec<&str>, Vec<&str>) = ids.partition(|id| self.is_of_guests(id));
        let of_kind = |kind: &str, ids: &[&str]| {
            (!ids.is_empty()).then(|| format!("{kind} params {}", ids.join(", ")))
        };
        let kinds = [of_kind("generic", &generic), of_kind("guest", &guest)];
        let kinds: Vec<String> = kinds.into_iter().flatten().collect();
        kinds.join(" and ")
    }
}

/// The exported params.
#[derive(Serialize)]
pub(super) struct ExportReport<'a> {
    pub(super) file: &'a Path,
    pub(super) ids: Vec<&'a str>,
}

/// The changes in the room service's database; may be empty.
#[derive(Serialize)]
struct ImportReport {
    added: Vec<String>,
    /// The params that replaced damaged rows.
    replaced: Vec<String>,
    ended: Vec<ParamsEndReport>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.secret_params.zeroize();
    }
}

/// Returns the stored params of the issuer, and logs the damaged ones.
pub(super) async fn params_of_issuer(context: &Context) -> anyhow::Result<StoredServerParams> {
    let database: SqliteIssuer = operator_session::open(context).await?;
    let records = params::all(&database).await;
    database.close().await;
    let records = records?;
    params::report_damaged(params::ParamsOwner::Issuer, &records);
    Ok(records)
}

/// Writes the generic params of the issuer to a new file for its owner alone.
pub async fn export(
    out: &Path,
    context: &Context,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    let records = params_of_issuer(context).await?;
    let of_kind = |kind| {
        let of_kind = records.readable.iter().filter(|record| record.kind == kind);
        of_kind.map(entry).collect()
    };
    let exported = ParamsTransferFile {
        generic_params: of_kind(ServerParamsKind::Generic),
        guest_params: of_kind(ServerParamsKind::Guest),
    };
    let text = Zeroizing::new(serde_json::to_string_pretty(&exported)? + "\n");
    files::create(out, text.as_bytes())
        .with_context(|| format!("{} cannot be written", out.display()))?;
    changes.add(IssuerSchema::SERVICE);
    let entries = exported.generic_params.iter().chain(&exported.guest_params);
    let ids: Vec<&str> = entries.map(|it| &*it.id).collect();
    let text = format!(
        "Wrote {} to {}, for you alone: it holds secret keys.\n\
         Carry it to the room service, run `anteroom keys import` there, and delete it.",
        exported.named(&ids),
        out.display()
    );
    context.show(&ExportReport { file: out, ids }, &text)
}

/// Reads generic params into the room service's database. Creates the database if there was none, or if `new`
/// is set.
pub async fn import(
    file: &Path,
    new: bool,
    context: &Context,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    let Context {
        data, environment, ..
    } = context;
    let text = fs::read(file)
        .map(Zeroizing::new)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    // The parser's own error could quote the file.
    let exported: ParamsTransferFile = serde_json::from_slice(&text).map_err(|_| {
        let what = format!("{} is no file of `anteroom keys export`", file.display());
        Failure::failed(what).next(
            "Name the file that `anteroom keys export` wrote; one of `keys export-public` is for \
                 `anteroom keys trust`",
        )
    })?;
    let records = exported
        .generic_params
        .iter()
        .map(|entry| record(ServerParamsKind::Generic, entry))
        .chain(
            exported
                .guest_params
                .iter()
                .map(|entry| record(ServerParamsKind::Guest, entry)),
        )
        .collect::<anyhow::Result<Vec<_>>>()
        .with_context(|| format!("{} makes no sense", file.display()))?;
    data.create()?;
    let now = os::now();
    let new = if new {
        BTreeSet::from([RoomsSchema::NAME])
    } else {
        BTreeSet::new()
    };
    let installation = Installation::open(data, new)?;
    let key = databases::find_or_make_key(data, environment, &installation)?;
    let database: SqliteRooms =
        databases::open_store(data, environment, &installation, &key, now).await?;
    installation.save()?;
    let shared = params::share(&database, &records).await?;
    database.close().await;
    changes.add(RoomsSchema::SERVICE);
    let ids = |ids: &[ParamsId]| ids.iter().map(ParamsId::to_hex).collect();
    let report = ImportReport {
        added: ids(&shared.added),
        replaced: ids(&shared.replaced),
        ended: shared.ended.iter().map(ParamsEndReport::new).collect(),
    };
    if shared.is_nothing() {
        let text = "The room service has all of these params already.";
        return context.show(&report, text);
    }
    let mut lines = Vec::new();
    if !report.added.is_empty() {
        lines.push(format!(
            "The room service verifies under {}, within seconds if it runs.",
            exported.named(&report.added),
        ));
    }
    if !report.replaced.is_empty() {
        lines.push(format!(
            "The room service has {} again, which were damaged.",
            exported.named(&report.replaced),
        ));
    }
    let ended = shared.ended.iter();
    lines.extend(ended.map(|(id, end)| {
        let kind = match exported.is_of_guests(&id.to_hex()) {
            true => "Guest",
            false => "Generic",
        };
        ended_sentence(&format!("{kind} params {id}"), *end, now)
    }));
    lines.push(format!("Delete {} now.", file.display()));
    context.show(&report, &lines.join("\n"))
}

fn entry(record: &ServerParamsRecord) -> Entry {
    Entry {
        id: record.id.to_hex(),
        not_before: record.not_before.as_secs(),
        not_after: record.not_after.map(Timestamp::as_secs),
        secret_params: STANDARD.encode(record.secret.as_slice()),
    }
}

fn record(kind: ServerParamsKind, entry: &Entry) -> anyhow::Result<ServerParamsRecord> {
    let secret = STANDARD
        .decode(entry.secret_params.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| anyhow!("a key is not base64"))?;
    let params =
        GenericSecretParams::from_bytes(&secret).map_err(|_| anyhow!("a key does not parse"))?;
    let id = params.public_params().id();
    if ParamsId::parse(&entry.id) != Ok(id) {
        bail!("a key has another id");
    }
    Ok(ServerParamsRecord {
        id,
        kind,
        not_before: Timestamp::from_secs(entry.not_before),
        not_after: entry.not_after.map(Timestamp::from_secs),
        secret,
    })
}
