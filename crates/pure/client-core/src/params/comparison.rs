//! The comparison of listed params with the pins.

use anteroom_protocol::Timestamp;

use super::{ListedParams, ParamsSummary, ParamsSwitch, PublishedParams, TrustedParams, issuing};
use crate::{IssuerError, ParamsKind, PinSet, PinStore, Trust, pins::Params};

/// The result of a comparison: the new pins, and the changes to report to the user.
struct PinComparison {
    pins: PinSet,
    added: Vec<ParamsSummary>,
    switches: Vec<ParamsSwitch>,
}

impl PublishedParams {
    /// Compares the list with the pins, and pins the params that `trust` allows.
    ///
    /// # Errors
    /// The pins cannot be read or written. Params that stay untrusted are an error only when they are used.
    pub fn trusted(
        self,
        pins: &dyn PinStore,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<TrustedParams, IssuerError> {
        let known = pins.pins()?;
        let mut comparison = self.judge(&known, trust, now);
        if comparison.pins != known {
            // Another process may have made its first contact since the pins were read, and must not end up
            // with other pins than this one. The comparison is therefore repeated on the pins under the lock.
            pins.update(&mut |set| {
                comparison = self.judge(set, trust, now);
                *set = comparison.pins.clone();
            })?;
        }
        let (added, switches) = (comparison.added, comparison.switches);
        Ok(TrustedParams::new(self, &comparison.pins, added, switches))
    }

    fn judge(&self, known: &PinSet, trust: Trust<'_>, now: Timestamp) -> PinComparison {
        let mut comparison = PinComparison {
            pins: known.clone(),
            added: Vec::new(),
            switches: Vec::new(),
        };
        comparison.consider(self.generic_kind(), &self.generic, trust, now);
        comparison.consider(ParamsKind::Group, &self.group, trust, now);
        comparison.consider(ParamsKind::Certificates, &self.certificates, trust, now);
        if !self.is_stored {
            comparison.note_current(&self.generic, now);
            comparison.note_current(&self.group, now);
            comparison.note_current(&self.certificates, now);
        }
        comparison
    }
}

impl PinComparison {
    fn consider<P: Params>(
        &mut self,
        kind: ParamsKind,
        entries: &[ListedParams<P>],
        trust: Trust<'_>,
        now: Timestamp,
    ) {
        let is_first = !self.pins.pins().iter().any(|pin| pin.kind() == kind);
        let chosen: Vec<&ListedParams<P>> = match trust {
            Trust::FirstUse if is_first => {
                let around = issuing::around(entries, now);
                around.into_iter().take(1).collect()
            }
            Trust::FirstUse | Trust::PinnedOnly => Vec::new(),
            Trust::Ids(ids) => {
                let is_named = |listed: &&ListedParams<P>| ids.contains(&listed.id);
                entries.iter().filter(is_named).collect()
            }
        };
        for listed in chosen {
            // Params with the id of a pinned key and other bytes are a forgery, and are not pinned.
            if !self.pins.has_id(kind, listed.id) {
                self.pins.add(listed.pin());
                self.added.push(listed.summary());
            }
        }
    }

    /// Records which params issue now, if they are pinned.
    fn note_current<P: Params>(&mut self, entries: &[ListedParams<P>], now: Timestamp) {
        let current = issuing::at(entries, now).filter(|listed| listed.is_pinned(&self.pins));
        let Some(current) = current.map(ListedParams::summary) else {
            return;
        };
        match self.pins.issuing(current.kind) {
            Some(previous) if previous == current.id => return,
            Some(previous) => self.switches.push(ParamsSwitch { previous, current }),
            None => {}
        }
        self.pins.set_issuing(current.kind, current.id);
    }
}
