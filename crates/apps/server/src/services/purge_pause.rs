//! A pause of purges after the clock jumped far ahead.
//!
//! Devices that were not used for long are deleted permanently, and so are links past their end. A clock that
//! is months ahead would make all of them deletable at once. Therefore the service stores the last trusted
//! time in a file. If the clock has advanced much further, nothing is purged for some days, in which an
//! operator can correct the clock. The file preserves the pause over a restart.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use anteroom_console::{files, os::OsClock, terminal::second};
use anteroom_protocol::{DAY, Timestamp};
use anteroom_runtime::{Clock as _, ticks};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::stopped;

/// The jump, in seconds, from which purges pause. A service that was off for this time cannot be
/// distinguished from a jump.
const JUMP: u64 = 7 * DAY;
/// The number of daily purges that are skipped after a jump.
const PAUSED_ROUNDS: u32 = 7;
/// The time, in seconds, after which a purge belongs to another day than the one before. Earlier starts count
/// as the same day.
const ROUND: u64 = 20 * 60 * 60;

/// The lag, in seconds, behind the last trusted time from which the clock counts as wrong.
const BEHIND: u64 = 5 * 60;

/// The content of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The last time that the service trusts, in seconds since 1970.
    trusted: u64,
    /// The number of purges skipped since then.
    #[serde(default)]
    left_out: u32,
    /// The time of the last skipped purge, by the clock that jumped.
    #[serde(default)]
    left_out_at: u64,
}

/// Decides about each purge.
pub(super) struct PurgePause {
    file: PathBuf,
    record: Option<Record>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Purge,
    /// The clock jumped: from this time.
    Wait {
        trusted: Timestamp,
        rounds: u32,
    },
}

impl PurgePause {
    /// Reads the file. Without one, as at the first start or after a restore, `last_device_use` is
    /// the last time that counts: when any device was seen.
    pub(super) fn open(file: PathBuf, last_device_use: Option<Timestamp>) -> Self {
        let record = match fs::read(&file) {
            // A malformed file is ignored.
            Ok(text) => serde_json::from_slice(&text).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, "{} cannot be read", file.display());
                None
            }
        };
        let seen = last_device_use.map(|seen| Record {
            trusted: seen.as_secs(),
            ..Record::default()
        });
        Self {
            file,
            record: record.or(seen),
        }
    }

    /// Decides about the purge of this day, and stores the decision.
    fn decide(&mut self, now: Timestamp) -> Decision {
        if let Some(trusted) = later_than(self.record, now) {
            tracing::warn!(
                "the clock says {}, and the last time known here is later, {}: if the clock is wrong, \
                 set it. Clients whose clock is right may be refused until then",
                second(now),
                second(trusted)
            );
        }
        let (decision, record) = decided(self.record, now);
        self.record = Some(record);
        let text = serde_json::json!(record).to_string();
        if let Err(error) = files::replace(&self.file, text.as_bytes()) {
            tracing::warn!(%error, "{} cannot be written", self.file.display());
        }
        decision
    }
}

/// Decides at the start, and then once a day, whether `purged` is purged, and tells `act`, until the service
/// stops.
pub(super) async fn decide_daily<F: Future<Output = ()>>(
    pause: Arc<Mutex<PurgePause>>,
    purged: &str,
    stopping: watch::Receiver<bool>,
    act: impl Fn(Decision) -> F,
) {
    let mut days = ticks(Duration::from_secs(DAY));
    loop {
        tokio::select! {
            () = stopped(stopping.clone()) => return,
            _ = days.tick() => {}
        }
        let now = OsClock.now();
        let decision = pause.lock().decide(now);
        if let Decision::Wait { trusted, rounds } = decision {
            tracing::warn!(
                "the clock says {}, and the last time known here is {}: if the clock is wrong, set it. \
                 {purged} are deleted in {rounds} day(s), and not now",
                second(now),
                second(trusted)
            );
        }
        act(decision).await;
    }
}

/// Returns the last trusted time if the clock is behind it.
fn later_than(known: Option<Record>, now: Timestamp) -> Option<Timestamp> {
    let trusted = Timestamp::from_secs(known?.trusted);
    (now.plus(BEHIND) < trusted).then_some(trusted)
}

/// Returns the decision, and the record to store.
fn decided(known: Option<Record>, now: Timestamp) -> (Decision, Record) {
    let trust = Record {
        trusted: now.as_secs(),
        ..Record::default()
    };
    let Some(record) = known else {
        return (Decision::Purge, trust);
    };
    let trusted = Timestamp::from_secs(record.trusted);
    // Each skipped round was a day of running.
    let expected = trusted.plus(u64::from(record.left_out) * DAY);
    if now <= expected.plus(JUMP) {
        return (Decision::Purge, trust);
    }
    let is_other_day = now >= Timestamp::from_secs(record.left_out_at).plus(ROUND);
    if is_other_day && record.left_out >= PAUSED_ROUNDS {
        return (Decision::Purge, trust);
    }
    let kept = if is_other_day {
        Record {
            left_out: record.left_out.saturating_add(1),
            left_out_at: now.as_secs(),
            ..record
        }
    } else {
        record
    };
    let rounds = PAUSED_ROUNDS
        .saturating_add(1)
        .saturating_sub(kept.left_out);
    (Decision::Wait { trusted, rounds }, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_secs(20_000 * DAY);

    fn record(trusted: Timestamp, left_out: u32) -> Record {
        Record {
            trusted: trusted.as_secs(),
            left_out,
            left_out_at: 0,
        }
    }

    #[test]
    fn a_clock_that_jumped_pauses_the_purge_for_a_week_of_running() {
        let (mut known, mut now) = (record(T, 0), T.plus(91 * DAY));
        for day in 0..PAUSED_ROUNDS {
            let (decision, kept) = decided(Some(known), now);
            let rounds = PAUSED_ROUNDS - day;
            assert_eq!(decision, Decision::Wait { trusted: T, rounds });
            (known, now) = (kept, now.plus(DAY));
        }
        assert_eq!(decided(Some(known), now), (Decision::Purge, record(now, 0)));
    }

    #[test]
    fn a_clock_behind_the_last_trusted_time_is_told() {
        for (now, is_behind) in [
            (T.plus(DAY), false),
            (T, false),
            (T.minus(BEHIND), false),
            (T.minus(BEHIND + 1), true),
            (T.minus(2 * DAY), true),
        ] {
            let later = later_than(Some(record(T, 0)), now);
            assert_eq!(later.is_some(), is_behind, "{now:?}");
        }
        assert_eq!(later_than(None, T), None);
    }

    #[test]
    fn a_clock_that_goes_on_or_is_set_right_purges() {
        for (known, now) in [
            (None, T),
            (Some(record(T, 0)), T),
            (Some(record(T, 0)), T.plus(DAY)),
            (Some(record(T, 0)), T.plus(JUMP)),
            // The clock was set back after three days of the pause.
            (Some(record(T, 3)), T.plus(3 * DAY)),
            // The clock is slow.
            (Some(record(T, 0)), T.minus(400 * DAY)),
        ] {
            let expected = (Decision::Purge, record(now, 0));
            assert_eq!(decided(known, now), expected, "{known:?} {now:?}");
        }
    }

    #[test]
    fn the_file_keeps_the_decision_over_restarts_and_without_it_sightings_count() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("clock.json");
        let open = |seen| PurgePause::open(file.clone(), seen);
        let now = T.plus(91 * DAY);
        // Several starts on one day count once, also those of a service that restarts repeatedly.
        for (at, rounds) in [(now, 7), (now.plus(1), 7), (now.plus(DAY), 6)] {
            let waits = Decision::Wait { trusted: T, rounds };
            assert_eq!(open(Some(T)).decide(at), waits);
        }
        fs::write(&file, "nonsense").unwrap();
        assert_eq!(open(None).decide(now), Decision::Purge);
        fs::remove_file(&file).unwrap();
        assert_eq!(open(None).decide(now), Decision::Purge);
        assert_eq!(open(Some(T)).decide(now.plus(DAY)), Decision::Purge);
    }
}
