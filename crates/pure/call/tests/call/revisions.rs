//! The revisions of rosters: whoever has every message sees no gap, and whoever lacks one sees it.

use std::collections::BTreeMap;

use crate::harness::{Line, LineRevision};

/// The revisions that connections have.
#[derive(Default)]
pub(crate) struct ConnectionRevisions(BTreeMap<u64, ConnectionRevision>);

#[derive(Clone, Copy, Default)]
struct ConnectionRevision {
    /// The revision of the roster.
    known: u64,
    /// The revision without the last announcement: that of a client that has lost it.
    without_last: u64,
    /// Whether the revision is that of admins.
    is_admins: bool,
}

impl ConnectionRevisions {
    pub(crate) fn check(&mut self, lines: &[Line]) -> Result<(), String> {
        for line in lines {
            if line.text.starts_with("joined") || line.text.starts_with("moderation") {
                self.note_rights(line);
            }
            let Some(revision) = line.revision else {
                continue;
            };
            for connection in &line.to {
                let before = self.0.get(connection).copied().unwrap_or_default();
                let after = before.after(revision);
                let after = after.ok_or_else(|| format!("{revision:?} in {line}"))?;
                self.0.insert(*connection, after);
            }
        }
        Ok(())
    }
}

impl ConnectionRevisions {
    /// Forgets the revisions of connections whose rights change: the whole roster follows, with the revision of
    /// another audience.
    fn note_rights(&mut self, line: &Line) {
        let is_admins = line.text.split(' ').any(|word| word == "admin");
        for connection in &line.to {
            let known = self.0.entry(*connection).or_default();
            if known.is_admins != is_admins {
                *known = ConnectionRevision {
                    is_admins,
                    ..ConnectionRevision::default()
                };
            }
        }
    }
}

impl ConnectionRevision {
    /// Returns the revision after a message; `None` if somebody who lacks nothing sees a gap, or somebody who
    /// lacks the last announcement sees none.
    fn after(self, revision: LineRevision) -> Option<Self> {
        let is_gap = |from: u64| self.known < from;
        let is_noticed = |from: u64| self.without_last == self.known || self.without_last < from;
        match revision {
            LineRevision::Whole(revision) => (revision >= self.known).then_some(Self {
                known: revision,
                without_last: revision,
                ..self
            }),
            LineRevision::Changes(since, revision) => {
                let holds = !is_gap(since) && is_noticed(since) && revision > self.known;
                holds.then_some(Self {
                    known: revision,
                    without_last: self.known,
                    ..self
                })
            }
            LineRevision::Announced(revision) => {
                (!is_gap(revision) && is_noticed(revision)).then_some(self)
            }
        }
    }
}
