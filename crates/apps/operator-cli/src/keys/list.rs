//! `anteroom keys list`: the keys and their states, without any secret.

use std::fmt::Write as _;

use anteroom_accounts::TOKEN_KEY_GRACE;
use anteroom_console::{context::Context, os, terminal::day};
use anteroom_protocol::{GenericSecretParams, Mode, ParamsId, Timestamp};
use anteroom_server::{
    database::ServiceSchema,
    databases::Databases,
    params::{self, ParamsOwner},
    settings::Settings,
};
use anteroom_store::{
    ServerParamsKind, ServerParamsRecord, StoredServerParams,
    keys::{KeyDatabase, KeyEntry, KeyPurpose, SealedValues},
};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema};
use serde::Serialize;

/// The JSON output. It has exactly these members.
#[derive(Serialize)]
struct Listing {
    databases: Vec<Database>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Database {
    service: &'static str,
    /// Always `right`, since the database does not open with another key.
    master_key: &'static str,
    keys: Vec<Key>,
    server_params: Vec<Params>,
    sealed_values: Values,
}

#[derive(Serialize)]
struct Key {
    kind: &'static str,
    id: u32,
    created: u64,
    state: &'static str,
    retired: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    kind: &'static str,
    id: String,
    mode: Option<&'static str>,
    not_before: u64,
    not_after: Option<u64>,
    state: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    all: u64,
    under_older_keys: u64,
}

/// Lists the keys and the params of the databases that are here.
pub async fn run(settings: &Settings, context: &Context) -> anyhow::Result<()> {
    let now = os::now();
    let opened = Databases::open(&context.data, &context.environment, now).await?;
    let mut databases = Vec::new();
    if let Some(issuer) = &opened.issuer {
        let records = params::all(issuer).await?;
        params::report_damaged(ParamsOwner::Issuer, &records);
        let issues = Some(Mode::from(settings.issue_mode));
        let keys = issuer.key_database();
        databases.push(database::<IssuerSchema>(&*keys, &records, issues, now).await?);
    }
    if let Some(rooms) = &opened.rooms {
        let records = params::of_rooms(rooms).await?;
        params::report_damaged(ParamsOwner::Rooms, &records);
        let keys = rooms.key_database();
        databases.push(database::<RoomsSchema>(&*keys, &records, None, now).await?);
    }
    opened.close().await;
    let text: String = databases.iter().map(text).collect();
    context.show(&Listing { databases }, text.trim_end())
}

async fn database<S: ServiceSchema>(
    keys: &dyn KeyDatabase,
    records: &StoredServerParams,
    issues: Option<Mode>,
    now: Timestamp,
) -> anyhow::Result<Database> {
    let entries = keys.keys().await?;
    let SealedValues { all, stale } = keys.sealed_values().await?;
    let key = |entry: &KeyEntry| Key {
        kind: entry.purpose.as_str(),
        id: entry.id.as_u32(),
        created: entry.created.as_secs(),
        state: key_state(entry, &entries, now),
        retired: entry.retired.map(Timestamp::as_secs),
    };
    Ok(Database {
        service: S::SERVICE,
        master_key: "right",
        keys: entries.iter().map(key).collect(),
        server_params: server_params(&records.readable, issues, now),
        sealed_values: Values {
            all,
            under_older_keys: stale,
        },
    })
}

fn key_state(entry: &KeyEntry, all: &[KeyEntry], now: Timestamp) -> &'static str {
    if entry.retired.is_some() {
        return "retired";
    }
    let newer = all
        .iter()
        .filter(|other| other.purpose == entry.purpose && other.id > entry.id)
        .min_by_key(|other| other.id);
    match (entry.purpose, newer) {
        (KeyPurpose::Data, None) => "writes",
        (KeyPurpose::Data, Some(_)) => "reads",
        (KeyPurpose::Token, None) => "signs",
        (KeyPurpose::Token, Some(newer)) if now < newer.created.plus(TOKEN_KEY_GRACE) => "verifies",
        (KeyPurpose::Index | KeyPurpose::Password | KeyPurpose::Event, None) => "in use",
        (_, Some(_)) => "replaced",
    }
}

fn server_params(
    records: &[ServerParamsRecord],
    issues: Option<Mode>,
    now: Timestamp,
) -> Vec<Params> {
    let mode = |record: &ServerParamsRecord| {
        let params = GenericSecretParams::from_bytes(&record.secret);
        let params = params.ok().filter(|_| record.kind.is_shared());
        params.map(|params| params.mode())
    };
    let is_live = |record: &&ServerParamsRecord| {
        record.not_before <= now && record.not_after.is_none_or(|end| now < end)
    };
    // The issuer's rule: the newest params, and among equals the lowest id.
    let issuing = |kind, wanted: Option<Mode>| -> Option<ParamsId> {
        let of_kind = records.iter().filter(is_live);
        of_kind
            .filter(|record| record.kind == kind && mode(record) == wanted)
            .min_by_key(|record| (std::cmp::Reverse(record.not_before), record.id))
            .map(|record| record.id)
    };
    let issuing = issues.map(|mode| {
        [
            issuing(ServerParamsKind::Generic, Some(mode)),
            issuing(ServerParamsKind::Group, None),
            issuing(ServerParamsKind::Guest, Some(Mode::Standard)),
            issuing(ServerParamsKind::Certificates, None),
        ]
    });
    let listed = |record: &ServerParamsRecord| {
        let is_issuing = issuing.is_some_and(|ids| ids.contains(&Some(record.id)));
        // The end of some params lies before their start.
        let is_over = |end| end <= now.max(record.not_before);
        let state = if record.not_after.is_some_and(is_over) {
            "over"
        } else if now < record.not_before {
            "announced"
        } else if is_issuing {
            "issues"
        } else {
            "verifies"
        };
        Params {
            kind: record.kind.as_str(),
            id: record.id.to_hex(),
            mode: mode(record).map(|mode| match mode {
                Mode::Standard => "standard",
                Mode::Legacy => "legacy",
            }),
            not_before: record.not_before.as_secs(),
            not_after: record.not_after.map(Timestamp::as_secs),
            state,
        }
    };
    records.iter().map(listed).collect()
}

fn text(database: &Database) -> String {
    let mut text = format!(
        "{}: the master key is the right one\n  {:<12} {:<17} {:<10} since\n",
        database.service, "kind", "id", "state"
    );
    let mut line = |kind: &str, id: &str, state: &str, from: u64, until: Option<(&str, u64)>| {
        let from = day(Timestamp::from_secs(from));
        let until = until.map_or_else(String::new, |(word, until)| {
            format!("  {word} {}", day(Timestamp::from_secs(until)))
        });
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {kind:<12} {id:<17} {state:<10} {from}{until}");
    };
    for key in &database.keys {
        let until = key.retired.map(|retired| ("retired", retired));
        line(key.kind, &key.id.to_string(), key.state, key.created, until);
    }
    for params in &database.server_params {
        let until = params.not_after.map(|end| ("until", end));
        line(
            params.kind,
            &params.id,
            params.state,
            params.not_before,
            until,
        );
    }
    let Values {
        all,
        under_older_keys,
    } = database.sealed_values;
    let _ = match under_older_keys {
        0 => writeln!(
            text,
            "  All {all} sealed values are under the newest data key."
        ),
        stale => writeln!(
            text,
            "  {stale} of {all} sealed values are under older data keys."
        ),
    };
    text
}
