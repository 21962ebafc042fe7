//! The server params of a running service, and the state of their rows in its database.

use std::collections::{BTreeSet, HashMap};

use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_store::{
    DamagedServerParams, ServerParamsKind, ServerParamsRecord, StoredServerParams,
};
use parking_lot::Mutex;

use crate::params::{self, ParamsOwner};

/// The params that a service uses, after a check of its database.
///
/// A damaged or missing row does not remove params from a running service: they stay in use with their last
/// known end.
pub struct MergedParams {
    pub records: Vec<ServerParamsRecord>,
    /// The params whose row is missing.
    missing: Vec<(ParamsId, ServerParamsKind)>,
    damaged: Vec<DamagedServerParams>,
}

impl MergedParams {
    /// `in_use` are the params of the service until now.
    pub fn new(in_use: &[ServerParamsRecord], stored: StoredServerParams) -> Self {
        let StoredServerParams {
            readable: mut records,
            damaged,
        } = stored;
        let mut missing = Vec::new();
        let is_readable = |id| records.iter().any(|record| record.id == id);
        let mut lost: Vec<ServerParamsRecord> = in_use
            .iter()
            .filter(|record| !is_readable(record.id))
            .cloned()
            .collect();
        for record in &mut lost {
            match damaged.iter().find(|row| row.id == Some(record.id)) {
                Some(row) => {
                    let ends = [record.not_after, row.not_after];
                    record.not_after = ends.into_iter().flatten().min();
                }
                None => missing.push((record.id, record.kind)),
            }
        }
        records.append(&mut lost);
        records.sort_by_key(|record| (record.not_before, *record.id.as_bytes()));
        Self {
            records,
            missing,
            damaged,
        }
    }

    /// Returns whether the params or their periods differ from those in use.
    pub fn differs(&self, in_use: &[ServerParamsRecord]) -> bool {
        let validity =
            |record: &ServerParamsRecord| (record.id, record.not_before, record.not_after);
        !self
            .records
            .iter()
            .map(validity)
            .eq(in_use.iter().map(validity))
    }

    /// Returns whether a row is damaged or missing whose params are not over at `now`.
    pub fn is_incomplete(&self, now: Timestamp) -> bool {
        let is_over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        !self.missing.is_empty() || self.damaged.iter().any(|row| !is_over(row.not_after))
    }

    fn faults(&self, owner: ParamsOwner) -> BTreeSet<String> {
        let damaged = self.damaged.iter().map(|row| params::damage(owner, row));
        let missing = self.missing.iter().map(|(id, kind)| {
            format!(
                "the {kind} params {id} of the {owner} are missing in its database, and stay in use \
                 only until it stops: {next}",
                kind = kind.as_str(),
                owner = owner.name(),
                next = params::next_step(owner, kind.as_str()),
            )
        });
        damaged.chain(missing).collect()
    }
}

/// The logged faults of stored params: each is logged once, not at each check.
#[derive(Default)]
pub struct FaultLog(Mutex<HashMap<ParamsOwner, BTreeSet<String>>>);

impl FaultLog {
    /// Logs the faults that are new since the last check, and the end of all faults.
    pub fn report(&self, owner: ParamsOwner, merged: &MergedParams) {
        let faults = merged.faults(owner);
        let mut logged = self.0.lock();
        let before = logged.insert(owner, faults.clone()).unwrap_or_default();
        for fault in faults.difference(&before) {
            tracing::error!("{fault}");
        }
        if faults.is_empty() && !before.is_empty() {
            tracing::info!("the stored params of the {} are whole again", owner.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn record(id: u8, not_after: Option<Timestamp>) -> ServerParamsRecord {
        ServerParamsRecord {
            id: ParamsId::from_bytes([id; 8]),
            kind: ServerParamsKind::Generic,
            not_before: Timestamp::from_secs(id.into()),
            not_after,
            secret: Zeroizing::new(vec![id]),
        }
    }

    fn damaged(id: u8, not_after: Option<Timestamp>) -> DamagedServerParams {
        DamagedServerParams {
            id: Some(ParamsId::from_bytes([id; 8])),
            kind: Some(ServerParamsKind::Generic),
            not_after,
        }
    }

    /// The case, rows that are readable, rows that are damaged, params in use afterwards with their
    /// ends, and whether rows are incomplete. Params 1 and 2 are in use before.
    type Case = (
        &'static str,
        Vec<ServerParamsRecord>,
        Vec<DamagedServerParams>,
        Vec<(u8, Option<Timestamp>)>,
        bool,
    );

    #[test]
    fn a_damaged_or_missing_row_takes_no_params_from_a_running_service() {
        let (soon, over) = (Some(NOW.plus(1)), Some(NOW));
        let both = || vec![(1, None), (2, None)];
        let cases: [Case; 8] = [
            (
                "whole",
                vec![record(1, None), record(2, None)],
                vec![],
                both(),
                false,
            ),
            ("one missing", vec![record(2, None)], vec![], both(), true),
            ("all missing", vec![], vec![], both(), true),
            (
                "one damaged",
                vec![record(1, None)],
                vec![damaged(2, None)],
                both(),
                true,
            ),
            (
                "damaged with an end",
                vec![record(2, None)],
                vec![damaged(1, soon)],
                vec![(1, soon), (2, None)],
                true,
            ),
            (
                "damaged and over",
                vec![record(2, None)],
                vec![damaged(1, over)],
                vec![(1, over), (2, None)],
                false,
            ),
            (
                "others damaged",
                vec![record(1, None), record(2, None)],
                vec![damaged(3, None)],
                both(),
                true,
            ),
            (
                "a new one and an end",
                vec![record(1, soon), record(2, None), record(3, None)],
                vec![],
                vec![(1, soon), (2, None), (3, None)],
                false,
            ),
        ];
        let in_use = [record(1, None), record(2, None)];
        for (case, readable, damaged, expected, incomplete) in cases {
            let merged = MergedParams::new(&in_use, StoredServerParams { readable, damaged });
            let ends: Vec<_> = merged
                .records
                .iter()
                .map(|record| (record.secret[0], record.not_after))
                .collect();
            assert_eq!(ends, expected, "{case}");
            assert_eq!(merged.is_incomplete(NOW), incomplete, "{case}");
            assert_eq!(merged.differs(&in_use), expected != both(), "{case}");
        }
    }
}
