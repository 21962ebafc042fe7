//! The keys of an issuer, read from its data as its operator could: with them a presentation is
//! verified under the key that issued its credential.

use std::{fs, path::Path};

use anteroom_protocol::GenericSecretParams;
use anteroom_store::{IssuerDatabase, MasterKey, ServerParamsKind, TransactionName};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions};
use anyhow::Context;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};

use crate::arguments::{Arguments, Failure};

/// Returns the operations of this family.
pub(crate) async fn run(name: &str, arguments: &Arguments) -> Result<Value, Failure> {
    match name {
        "read" => read(arguments).await,
        _ => Err(Failure::unknown(name)),
    }
}

async fn read(arguments: &Arguments) -> Result<Value, Failure> {
    let now = arguments.time("now")?;
    let mut rng = ChaCha20Rng::from_seed(arguments.array("randomness")?);
    let data = Path::new(arguments.text("data")?);
    let key = fs::read_to_string(data.join("master.key")).context("no master key")?;
    let key = MasterKey::parse(&key).context("no master key")?;
    let options = SqliteOptions::new(data.join("issuer.db")).create(false);
    let database = SqliteIssuer::open(&options, &key, now, &mut rng)
        .await
        .context("no database")?;
    let records = database
        .read(TransactionName::new("read server params"))
        .await
        .context("no transaction")?
        .server_params()
        .await
        .context("no params")?;
    database.close().await;

    let mut keys: Vec<Value> = Vec::with_capacity(records.len());
    for record in records {
        let (kind, mode) = match record.kind {
            ServerParamsKind::Group => ("group", None),
            ServerParamsKind::Guest => ("guest", Some("standard".to_owned())),
            ServerParamsKind::Generic => {
                let params = GenericSecretParams::from_bytes(&record.secret)?;
                (
                    "generic",
                    Some(format!("{:?}", params.mode()).to_lowercase()),
                )
            }
            // The independent client knows no certificates.
            ServerParamsKind::Certificates => continue,
        };
        keys.push(json!({
            "id": record.id.to_hex(),
            "kind": kind,
            "mode": mode,
            "secret": hex::encode(&*record.secret),
        }));
    }
    Ok(json!(keys))
}
