//! The comparison of listed params with the pins.

use anteroom_protocol::{ParamsId, Timestamp};

use super::{
    Listed, ParamsSummary, PublishedParams, TrustedParams,
    issuing::{self, Params},
};
use crate::{ClientError, ParamsKind, Pin, PinSet, PinStore, Trust};

/// A change of the params that the issuer issues under, from ones that this client used to others
/// that it trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsSwitch {
    /// The params that issued when the issuer was asked last.
    pub previous: ParamsId,
    /// The params that issue now.
    pub current: ParamsSummary,
}

/// The outcome of a comparison: the pins afterwards, and the messages to the user.
struct Judgement {
    pins: PinSet,
    added: Vec<ParamsSummary>,
    switches: Vec<ParamsSwitch>,
}

impl PublishedParams {
    /// Compares with the pins, and pins what `trust` allows.
    ///
    /// # Errors
    /// The pins cannot be read or written. Params that stay without trust are no error here but
    /// where they would be used.
    pub fn trusted(
        self,
        pins: &dyn PinStore,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<TrustedParams, ClientError> {
        let known = pins.pins()?;
        let mut judgement = self.judge(&known, trust, now);
        if judgement.pins != known {
            // Another process may have made its first contact in between: it must not be given
            // other params than this one, so the judgement is made on what is really there.
            pins.update(&mut |set| {
                judgement = self.judge(set, trust, now);
                *set = judgement.pins.clone();
            })?;
        }
        let Judgement {
            pins,
            added,
            switches,
        } = judgement;
        Ok(TrustedParams::new(self, &pins, added, switches))
    }

    fn judge(&self, known: &PinSet, trust: Trust<'_>, now: Timestamp) -> Judgement {
        let mut judgement = Judgement {
            pins: known.clone(),
            added: Vec::new(),
            switches: Vec::new(),
        };
        judgement.consider(&self.generic, ParamsKind::Generic, trust, now, Pin::generic);
        judgement.consider(&self.group, ParamsKind::Group, trust, now, Pin::group);
        if !self.is_stored {
            judgement.note_current(&self.generic, ParamsKind::Generic, now, Pin::generic);
            judgement.note_current(&self.group, ParamsKind::Group, now, Pin::group);
        }
        judgement
    }
}

impl Judgement {
    fn consider<P: Params>(
        &mut self,
        entries: &[Listed<P>],
        kind: ParamsKind,
        trust: Trust<'_>,
        now: Timestamp,
        pin: fn(&P) -> Pin,
    ) {
        let is_first = !self.pins.pins().iter().any(|pin| pin.kind() == kind);
        let chosen: Vec<&Listed<P>> = match trust {
            Trust::PinnedOnly => Vec::new(),
            Trust::FirstUse if is_first => {
                let around = issuing::around(entries, now);
                around.into_iter().take(1).collect()
            }
            Trust::FirstUse => Vec::new(),
            Trust::Ids(ids) => {
                let is_named = |listed: &&Listed<P>| ids.contains(&listed.id);
                entries.iter().filter(is_named).collect()
            }
        };
        for listed in chosen {
            // A key that only shares the id of a pinned one is an impostor.
            if !self.pins.has_id(kind, listed.id) {
                self.pins.add(pin(&listed.params));
                self.added.push(listed.summary(kind));
            }
        }
    }

    /// Notes which params issue now, if they are pinned.
    fn note_current<P: Params>(
        &mut self,
        entries: &[Listed<P>],
        kind: ParamsKind,
        now: Timestamp,
        pin: fn(&P) -> Pin,
    ) {
        let current = issuing::at(entries, now);
        let current = current.filter(|listed| self.pins.pins().contains(&pin(&listed.params)));
        if let Some(current) = current {
            self.note_issuing(current.summary(kind));
        }
    }

    fn note_issuing(&mut self, current: ParamsSummary) {
        match self.pins.issuing(current.kind) {
            Some(previous) if previous == current.id => return,
            Some(previous) => self.switches.push(ParamsSwitch { previous, current }),
            None => {}
        }
        self.pins.set_issuing(current.kind, current.id);
    }
}
