//! Server params: made where they are missing.

use anteroom_protocol::{
    GenericSecretParams, GroupServerSecretParams, Mode, ParamsId, Randomness, Timestamp,
};
use anteroom_service::Entropy as _;
use anteroom_store::{
    IssuerDatabase, RoomsDatabase, ServerParamsKind, ServerParamsRecord, TransactionName,
};
use anyhow::Context as _;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::os::OsEntropy;

/// Makes sure that there are group params and generic params of the modes, and gives all params.
pub(crate) async fn ensure(
    database: &dyn IssuerDatabase,
    modes: &[Mode],
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> anyhow::Result<Vec<ServerParamsRecord>> {
    let mut transaction = database
        .begin(TransactionName::new("make server params"))
        .await?;
    let mut records = transaction.server_params().await?;
    let mut made = Vec::new();
    for mode in modes {
        if !has_generic(&records, *mode, now)? {
            made.push((make_generic(*mode, now, rng), describe(*mode)));
        }
    }
    let group = records
        .iter()
        .any(|record| record.kind == ServerParamsKind::Group && is_live(record, now));
    if !group {
        made.push((make_group(now, rng), "group params"));
    }
    for (record, _) in &made {
        transaction.add_server_params(record, rng).await?;
    }
    transaction.save().await?;
    for (record, what) in made {
        tracing::info!("made {what} {}", record.id);
        records.push(record);
    }
    Ok(records)
}

/// Copies the generic params that the room service does not have yet: it verifies with the same ones
/// the issuer issues with, and has nothing else of the issuer's.
pub(crate) async fn share(
    database: &dyn RoomsDatabase,
    issuers: &[ServerParamsRecord],
) -> anyhow::Result<Vec<ParamsId>> {
    let mut transaction = database
        .begin(TransactionName::new("take over server params"))
        .await?;
    let known = transaction.server_params().await?;
    let mut rng = OsEntropy.rng();
    let mut added = Vec::new();
    for record in issuers {
        let missing = known.iter().all(|known| known.id != record.id);
        if record.kind == ServerParamsKind::Generic && missing {
            transaction.add_server_params(record, &mut *rng).await?;
            added.push(record.id);
        }
    }
    transaction.save().await?;
    for id in &added {
        tracing::info!("the room service verifies under generic params {id}");
    }
    Ok(added)
}

fn describe(mode: Mode) -> &'static str {
    match mode {
        Mode::Standard => "generic params (standard mode)",
        Mode::Legacy => "generic params (legacy mode)",
    }
}

fn has_generic(records: &[ServerParamsRecord], mode: Mode, now: Timestamp) -> anyhow::Result<bool> {
    for record in records {
        if record.kind == ServerParamsKind::Generic && is_live(record, now) {
            let params = GenericSecretParams::from_bytes(&record.secret)
                .with_context(|| format!("the stored params {} do not parse", record.id))?;
            if params.mode() == mode {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn is_live(record: &ServerParamsRecord, now: Timestamp) -> bool {
    record.not_before <= now && record.not_after.is_none_or(|end| now < end)
}

fn make_generic(
    mode: Mode,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> ServerParamsRecord {
    let params = GenericSecretParams::generate(mode, Randomness::random(rng));
    record(
        params.public_params().id(),
        ServerParamsKind::Generic,
        now,
        params.to_bytes(),
    )
}

fn make_group(now: Timestamp, rng: &mut (dyn CryptoRng + Send)) -> ServerParamsRecord {
    let params =
        GroupServerSecretParams::generate(Randomness::random(rng), Randomness::random(rng));
    record(
        params.public_params().id(),
        ServerParamsKind::Group,
        now,
        params.to_bytes(),
    )
}

fn record(
    id: ParamsId,
    kind: ServerParamsKind,
    now: Timestamp,
    secret: Zeroizing<Vec<u8>>,
) -> ServerParamsRecord {
    ServerParamsRecord {
        id,
        kind,
        // The first params are good for the whole day: a client's clock may be a little behind.
        not_before: now.start_of_day(),
        not_after: None,
        secret,
    }
}
