//! Server params: the secrets that credentials are issued and verified with.

use std::fmt;

use anteroom_protocol::{ParamsId, Timestamp};
use zeroize::Zeroizing;

/// Server params and when they hold.
#[derive(Clone)]
pub struct ServerParamsRecord {
    /// Their id, which follows from the public params.
    pub id: ParamsId,
    /// Which params these are.
    pub kind: ServerParamsKind,
    /// The first moment at which they may issue and verify.
    pub not_before: Timestamp,
    /// The first moment at which they no longer may; `None` while no end is set.
    pub not_after: Option<Timestamp>,
    /// The secret params in the byte format of the protocol.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ServerParamsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerParamsRecord")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// All server params of a database.
#[derive(Clone, Debug, Default)]
pub struct StoredServerParams {
    /// Those that can be read, by ascending start of validity.
    pub readable: Vec<ServerParamsRecord>,
    /// Those that cannot.
    pub damaged: Vec<DamagedServerParams>,
}

/// Server params whose row or secret was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedServerParams {
    /// Their id, if it can be read.
    pub id: Option<ParamsId>,
    /// Which params these are, if it can be read.
    pub kind: Option<ServerParamsKind>,
    /// The first moment at which they no longer hold, if one is set and can be read.
    pub not_after: Option<Timestamp>,
}

impl StoredServerParams {
    /// Whether there are damaged params that are, or could be, of this kind.
    #[must_use]
    pub fn any_damaged(&self, kind: ServerParamsKind) -> bool {
        self.damaged
            .iter()
            .any(|damaged| damaged.kind.is_none_or(|found| found == kind))
    }

    /// Takes readable params for damaged ones where `is_usable` says no.
    #[must_use]
    pub fn checked(mut self, is_usable: impl Fn(&ServerParamsRecord) -> bool) -> Self {
        let (usable, unusable) = self
            .readable
            .into_iter()
            .partition(|record| is_usable(record));
        let unusable: Vec<ServerParamsRecord> = unusable;
        self.readable = usable;
        self.damaged
            .extend(unusable.iter().map(|record| DamagedServerParams {
                id: Some(record.id),
                kind: Some(record.kind),
                not_after: record.not_after,
            }));
        self
    }
}

/// Which server params: the kinds have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerParamsKind {
    /// Generic params, of either mode: call-link credentials.
    Generic,
    /// Group params: group auth credentials and endorsements.
    Group,
}

impl ServerParamsKind {
    /// The word a database stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Group => "group",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "generic" => Some(Self::Generic),
            "group" => Some(Self::Group),
            _ => None,
        }
    }
}
