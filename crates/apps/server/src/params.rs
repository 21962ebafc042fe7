//! Server params: creation, sharing between the services, rotation.

mod clock;
mod records;

use anteroom_accounts::Guests;
use anteroom_console::{failure::Failure, os::OsEntropy, terminal::day};
use anteroom_issuer::{IssuingParams, credentials_end};
use anteroom_protocol::{DAY, Mode, ParamsId, Timestamp};
use anteroom_runtime::Entropy as _;
use anteroom_store::{
    DamagedServerParams, IssuerDatabase, RoomsDatabase, ServerParamsKind, ServerParamsRecord,
    StoredServerParams, TransactionName,
};
use anyhow::bail;
use rand_core::CryptoRng;

pub use self::records::public_params;
use self::records::{
    generic_mode, is_live, make_certificates, make_generic, make_group, make_guest,
};

const GROUP: &str = "group params";
const CERTIFICATES: &str = "certificate params";

/// Creates generic params of the modes, group params, a key of certificates and, with `guests`, params of
/// guests, where they are missing. Returns all params.
///
/// If params of a kind are damaged and no others are valid, none are created: clients that trust the damaged
/// ones would receive unknown ones without a decision of the operator.
pub async fn ensure(
    database: &dyn IssuerDatabase,
    modes: &[Mode],
    guests: Guests,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> anyhow::Result<StoredServerParams> {
    let mut transaction = database
        .begin(TransactionName::new("make server params"))
        .await?;
    let mut stored = usable(transaction.stored_server_params().await?);
    let records = &stored.readable;
    let live = |kind| {
        let records = records.iter().filter(move |record| record.kind == kind);
        records.filter(|record| is_live(record, now))
    };
    // The first params are valid for the whole day, since a client's clock may be slightly slow.
    let first = now.start_of_day();
    let mut made = Vec::new();
    clock::check(records, modes, now)?;
    for mode in modes {
        if !any_of_mode(live(ServerParamsKind::Generic), *mode)?
            && !stored.any_damaged(ServerParamsKind::Generic)
        {
            made.push((make_generic(*mode, first, rng), describe(*mode)));
        }
    }
    let is_missing = |kind| live(kind).next().is_none() && !stored.any_damaged(kind);
    if is_missing(ServerParamsKind::Group) {
        made.push((make_group(first, rng), GROUP));
    }
    if is_missing(ServerParamsKind::Certificates) {
        made.push((make_certificates(first, rng), CERTIFICATES));
    }
    if guests != Guests::Off
        && live(ServerParamsKind::Guest).next().is_none()
        && !stored.any_damaged(ServerParamsKind::Guest)
    {
        made.push((make_guest(first, rng), "guest params"));
    }
    for (record, _) in &made {
        transaction.add_server_params(record, rng).await?;
    }
    transaction.save().await?;
    for (record, what) in made {
        tracing::info!("made {what} {}", record.id);
        stored.readable.push(record);
    }
    Ok(stored)
}

/// Treats params that no issuer can use as damaged.
fn usable(stored: StoredServerParams) -> StoredServerParams {
    stored.checked(|record| {
        IssuingParams::from_records(Mode::Standard, std::slice::from_ref(record)).is_ok()
    })
}

/// The service whose database has the params.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamsOwner {
    /// The issuer.
    Issuer,
    /// The room service.
    Rooms,
}

impl ParamsOwner {
    /// Returns the name of the service, in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Rooms => "room service",
        }
    }
}

/// Logs the damaged params and the next step.
pub fn report_damaged(owner: ParamsOwner, stored: &StoredServerParams) {
    for damaged in &stored.damaged {
        tracing::error!("{}", damage(owner, damaged));
    }
}

/// Returns the damage of params in words, with the next step.
pub fn damage(owner: ParamsOwner, damaged: &DamagedServerParams) -> String {
    let kind = damaged.kind.map_or("server", ServerParamsKind::as_str);
    let id = damaged.id.map_or_else(String::new, |id| format!(" {id}"));
    format!(
        "the {kind} params{id} of the {} are damaged: {}",
        owner.name(),
        next_step(owner, kind)
    )
}

/// Returns the operator's next step for damaged params.
pub fn next_step(owner: ParamsOwner, kind: &str) -> String {
    match owner {
        ParamsOwner::Issuer => format!(
            "restore a backup, or replace them with `anteroom keys rotate {} --now`",
            if kind == "server" { "generic" } else { kind }
        ),
        ParamsOwner::Rooms => {
            "restore a backup, or take them from the issuer again: `anteroom keys \
                         export --out FILE` there, and `anteroom keys import FILE` here; with the \
                         role all this happens by itself"
                .to_owned()
        }
    }
}

/// Returns all params of an issuer, by ascending start of validity, with damaged ones apart.
pub async fn all(database: &dyn IssuerDatabase) -> anyhow::Result<StoredServerParams> {
    let mut transaction = database
        .read(TransactionName::new("read server params"))
        .await?;
    Ok(usable(transaction.stored_server_params().await?))
}

/// Returns the params that a room service verifies with, with damaged ones apart.
pub async fn of_rooms(database: &dyn RoomsDatabase) -> anyhow::Result<StoredServerParams> {
    let mut transaction = database
        .read(TransactionName::new("read server params"))
        .await?;
    Ok(verifiable(transaction.stored_server_params().await?))
}

/// Treats params that no room service can use as damaged.
fn verifiable(stored: StoredServerParams) -> StoredServerParams {
    stored.checked(|record| anteroom_rooms::verifier_keys(std::slice::from_ref(record)).is_ok())
}

/// The changes that the room service took over from the issuer.
#[derive(Default)]
pub struct TransferredParams {
    /// Params that it lacked.
    pub added: Vec<ParamsId>,
    /// Params whose row was damaged.
    pub replaced: Vec<ParamsId>,
    /// Params that have an end now, with that end.
    pub ended: Vec<(ParamsId, Timestamp)>,
}

impl TransferredParams {
    /// Returns whether nothing changed.
    pub const fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.replaced.is_empty() && self.ended.is_empty()
    }
}

/// Copies the generic params and those of guests that the room service lacks or whose row is damaged, and the ends of those that
/// it has: it verifies with the params of the issuer, and gets nothing else of the issuer's.
pub async fn share(
    database: &dyn RoomsDatabase,
    issuers: &[ServerParamsRecord],
) -> anyhow::Result<TransferredParams> {
    let mut transaction = database
        .begin(TransactionName::new("take over server params"))
        .await?;
    let stored = verifiable(transaction.stored_server_params().await?);
    let is_damaged = |id| stored.damaged.iter().any(|damaged| damaged.id == Some(id));
    let mut rng = OsEntropy.rng();
    let mut transferred = TransferredParams::default();
    let is_shared = |record: &&ServerParamsRecord| record.kind.is_shared();
    for record in issuers.iter().filter(is_shared) {
        let is_readable = stored.readable.iter().any(|found| found.id == record.id);
        if is_damaged(record.id) {
            if transaction.replace_server_params(record, &mut *rng).await? {
                transferred.replaced.push(record.id);
            }
        } else if !is_readable {
            transaction.add_server_params(record, &mut *rng).await?;
            transferred.added.push(record.id);
        } else if let Some(end) = record.not_after
            && transaction.end_server_params(record.id, end).await?
        {
            transferred.ended.push((record.id, end));
        }
    }
    transaction.save().await?;
    let kind = |id: &ParamsId| {
        let found = issuers.iter().find(|record| record.id == *id);
        found.map_or("generic", |record| record.kind.as_str())
    };
    transferred.added.sort_by_key(|id| kind(id) != "generic");
    for id in &transferred.added {
        tracing::info!("the room service verifies under {} params {id}", kind(id));
    }
    for id in &transferred.replaced {
        tracing::info!(
            "the damaged {} params {id} of the room service are the issuer's again",
            kind(id)
        );
    }
    for (id, end) in &transferred.ended {
        tracing::info!("{} params {id} are good until {}", kind(id), day(*end));
    }
    Ok(transferred)
}

/// Returns whether the room service lacks generic params or those of guests of the issuer's, or has them with a later end.
pub fn lacks(stored: &StoredServerParams, issuers: &[ServerParamsRecord]) -> bool {
    let has = |record: &ServerParamsRecord| {
        let found = stored.readable.iter().find(|found| found.id == record.id);
        found.is_some_and(|found| {
            record
                .not_after
                .is_none_or(|end| found.not_after.is_some_and(|known| known <= end))
        })
    };
    let is_shared = |record: &&ServerParamsRecord| record.kind.is_shared();
    !issuers.iter().filter(is_shared).all(has)
}

/// The moment from which the next params issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTime {
    /// The start of a day, this number of days ahead.
    InDays(u16),
    /// Immediately; `revoke` ends the old ones immediately too.
    Now {
        /// Whether the old ones end at once.
        revoke: bool,
    },
}

/// The params that a rotation created and ended.
pub struct ParamsRotation {
    /// The new params, with a description of each.
    pub made: Vec<(ParamsId, &'static str)>,
    /// The moment from which they issue.
    pub not_before: Timestamp,
    /// The old params, with their end.
    pub ended: Vec<(ParamsId, Timestamp)>,
}

/// Creates the next params of a kind, for each existing mode, and sets the end of the old ones to the moment
/// at which the last credential made under them expires.
pub async fn rotate(
    database: &dyn IssuerDatabase,
    kind: ServerParamsKind,
    start: StartTime,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> anyhow::Result<ParamsRotation> {
    let (not_before, end) = match start {
        StartTime::InDays(days) => {
            let not_before = now.start_of_day().plus(u64::from(days) * DAY);
            (not_before, credentials_end(not_before))
        }
        StartTime::Now { revoke: false } => (now, credentials_end(now)),
        StartTime::Now { revoke: true } => (now, now),
    };
    let mut transaction = database
        .begin(TransactionName::new("rotate server params"))
        .await?;
    let stored = usable(transaction.stored_server_params().await?);
    let damaged: Vec<ParamsId> = stored
        .damaged
        .iter()
        .filter(|damaged| damaged.kind.is_none_or(|found| found == kind))
        .filter_map(|damaged| damaged.id)
        .collect();
    let mut old = stored.readable;
    old.retain(|record| record.kind == kind && record.not_after.is_none_or(|end| now < end));
    let announced = old.iter().find(|record| now < record.not_before);
    if let (StartTime::InDays(_), Some(next)) = (start, announced) {
        let what = format!(
            "the {} params {} take over on {} already",
            kind.as_str(),
            next.id,
            day(next.not_before)
        );
        bail!(Failure::failed(what).next("Wait until then, or use --now"));
    }
    let mut next = Vec::new();
    match kind {
        ServerParamsKind::Group => next.push((make_group(not_before, rng), GROUP)),
        ServerParamsKind::Certificates => {
            next.push((make_certificates(not_before, rng), CERTIFICATES));
        }
        ServerParamsKind::Guest => {
            // Without guests there are no params to replace.
            if !(old.is_empty() && damaged.is_empty()) {
                next.push((make_guest(not_before, rng), "guest params"));
            }
        }
        ServerParamsKind::Generic => {
            for mode in [Mode::Standard, Mode::Legacy] {
                // The mode of damaged params cannot be read.
                let stands_in = old.is_empty() && !damaged.is_empty() && mode == Mode::Standard;
                if stands_in || any_of_mode(old.iter(), mode)? {
                    next.push((make_generic(mode, not_before, rng), describe(mode)));
                }
            }
        }
    }
    let mut rotated = ParamsRotation {
        made: Vec::new(),
        not_before,
        ended: Vec::new(),
    };
    for record in &old {
        // Announced params never start; of two ends the earlier one is kept.
        let end = end.min(if now < record.not_before { now } else { end });
        if transaction.end_server_params(record.id, end).await? {
            rotated.ended.push((record.id, end));
        }
    }
    for id in damaged {
        if transaction.end_server_params(id, end).await? {
            rotated.ended.push((id, end));
        }
    }
    for (record, what) in &next {
        transaction.add_server_params(record, rng).await?;
        rotated.made.push((record.id, *what));
    }
    transaction.save().await?;
    Ok(rotated)
}

fn any_of_mode<'a>(
    records: impl Iterator<Item = &'a ServerParamsRecord>,
    mode: Mode,
) -> anyhow::Result<bool> {
    for record in records {
        if generic_mode(record)? == mode {
            return Ok(true);
        }
    }
    Ok(false)
}

fn describe(mode: Mode) -> &'static str {
    match mode {
        Mode::Standard => "generic params (standard mode)",
        Mode::Legacy => "generic params (legacy mode)",
    }
}
