//! How much a device may send.

use crate::{MESSAGE_BURST, MESSAGES_PER_SECOND, Moment};

/// One message, in the bucket's unit: so the refill of a millisecond is whole.
const MESSAGE: u64 = 1_000;
const CAPACITY: u64 = MESSAGE_BURST as u64 * MESSAGE;
const REFILL_PER_MILLISECOND: u64 = MESSAGES_PER_SECOND as u64;

/// What a device may send, at first a whole burst.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    level: u64,
    updated: Moment,
    refusing: bool,
}

/// Whether one more message may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    Granted,
    /// No, and the one before did.
    Refused,
    /// No, and neither did the one before.
    RefusedAgain,
}

impl TokenBucket {
    pub(crate) fn full(now: Moment) -> Self {
        Self {
            level: CAPACITY,
            updated: now,
            refusing: false,
        }
    }

    /// Takes one message out, if one is in.
    pub(crate) fn take(&mut self, now: Moment) -> Allowance {
        let passed = now.as_millis().saturating_sub(self.updated.as_millis());
        let refill = passed.saturating_mul(REFILL_PER_MILLISECOND);
        self.level = self.level.saturating_add(refill).min(CAPACITY);
        self.updated = now;
        let refused_before = self.refusing;
        match self.level.checked_sub(MESSAGE) {
            Some(rest) => {
                self.level = rest;
                self.refusing = false;
                Allowance::Granted
            }
            None => {
                self.refusing = true;
                if refused_before {
                    Allowance::RefusedAgain
                } else {
                    Allowance::Refused
                }
            }
        }
    }
}
