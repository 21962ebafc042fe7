//! The check of the clock before server params are created.

use anteroom_console::{failure::Failure, terminal::second};
use anteroom_protocol::{Mode, Timestamp};
use anteroom_store::{ServerParamsKind, ServerParamsRecord};
use anyhow::{anyhow, bail};

use super::records::{generic_mode, is_live};

/// Fails if params that are needed are there and all begin after `now`. Only a clock that is behind explains
/// that, since a rotation leaves the params before in force until the next ones begin. New params would be
/// unknown to every client.
pub(super) fn check(
    records: &[ServerParamsRecord],
    modes: &[Mode],
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut kinds = vec![
        (ServerParamsKind::Group, None),
        (ServerParamsKind::Guest, None),
        (ServerParamsKind::Certificates, None),
    ];
    let generic = |mode: &Mode| (ServerParamsKind::Generic, Some(*mode));
    kinds.extend(modes.iter().map(generic));
    for kind in kinds {
        let mut next = None;
        let mut any_live = false;
        for record in records {
            if (record.kind, mode(record)?) == kind {
                any_live |= is_live(record, now);
                next = next.max((now < record.not_before).then_some(record.not_before));
            }
        }
        if let Some(next) = next
            && !any_live
        {
            bail!(
                Failure::new(
                    "clock",
                    "no server params are made for a clock that is behind"
                )
                .with_reason(anyhow!(
                    "this machine's clock says {}, and the server params of the database begin \
                         on {}",
                    second(now),
                    second(next)
                ))
                .next("Set the clock of this machine, and keep it set with NTP")
            );
        }
    }
    Ok(())
}

/// Returns the mode of generic params; `None` for those of other kinds, which have none.
fn mode(record: &ServerParamsRecord) -> anyhow::Result<Option<Mode>> {
    match record.kind {
        ServerParamsKind::Generic => generic_mode(record).map(Some),
        ServerParamsKind::Group | ServerParamsKind::Certificates | ServerParamsKind::Guest => {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::DAY;

    use super::{
        super::records::{make_certificates, make_generic, make_group, make_guest},
        *,
    };
    use anteroom_console::os;

    const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + 1000);

    #[test]
    fn params_that_begin_later_show_a_clock_that_is_behind() {
        let mut rng = os::rng();
        let mut generic = |mode, start| make_generic(mode, start, &mut rng);
        let (past, future) = (NOW.minus(1000), NOW.plus(2 * DAY));
        let standard = |start, generic: &mut dyn FnMut(_, _) -> _| generic(Mode::Standard, start);
        let over = ServerParamsRecord {
            not_after: Some(past),
            ..standard(past.minus(DAY), &mut generic)
        };
        let now = standard(past, &mut generic);
        let next = standard(future, &mut generic);
        let legacy = generic(Mode::Legacy, past);
        let group = |start| make_group(start, &mut os::rng());
        let certificates = |start| make_certificates(start, &mut os::rng());
        for (records, is_behind) in [
            (vec![], false),
            (vec![now.clone(), group(past)], false),
            // The next ones of a rotation.
            (vec![now.clone(), next.clone()], false),
            (vec![over.clone()], false),
            (vec![next.clone()], true),
            (vec![over, next.clone()], true),
            // The other mode issues nothing in this one.
            (vec![legacy, next], true),
            (vec![now.clone(), group(future)], true),
            (vec![now.clone(), make_guest(past, &mut os::rng())], false),
            (vec![now.clone(), make_guest(future, &mut os::rng())], true),
            (vec![now.clone(), group(past), certificates(past)], false),
            (vec![now, group(past), certificates(future)], true),
        ] {
            let checked = check(&records, &[Mode::Standard], NOW);
            let ids: Vec<_> = records.iter().map(|one| (one.id, one.not_before)).collect();
            assert_eq!(checked.is_err(), is_behind, "{ids:?}");
        }
    }
}
