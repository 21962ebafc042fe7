//! The verification of auth presentations, each worked out once.
//!
//! Clients repeat presentations: they poll, try again and follow redirects. What held a moment ago
//! is remembered, what did not never is.

use std::time::Duration;

use anteroom_protocol::{AuthPresentation, CallLinkPublicParams, Timestamp, VerifierKeys};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

/// How many presentations are remembered: some 3 MiB.
const MOST_REMEMBERED: u64 = 16_384;
/// For how long at most.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// The server params and what was verified with them. Other params mean a new verifier.
pub(crate) struct Verifier {
    pub(crate) keys: VerifierKeys,
    held: Cache<Fingerprint, Held>,
}

/// SHA-256 of a presentation and of the public params of the link that it was shown to: all that
/// the proof is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn new(presentation: &AuthPresentation, link: &CallLinkPublicParams) -> Self {
        let digest = Sha256::new()
            .chain_update(presentation.to_bytes())
            .chain_update(link.to_bytes());
        Self(digest.finalize().into())
    }
}

/// When a presentation held: the same params were accepted in all of this time.
#[derive(Clone, Copy)]
struct Held {
    from: Timestamp,
    before: Option<Timestamp>,
}

impl Held {
    fn covers(&self, now: Timestamp) -> bool {
        self.from <= now && self.before.is_none_or(|end| now < end)
    }
}

/// A presentation that is not known yet, and the name to [remember](Verifier::remember) it by.
pub(crate) struct Unknown {
    fingerprint: Fingerprint,
    now: Timestamp,
}

impl Verifier {
    pub(crate) fn new(keys: VerifierKeys) -> Self {
        let held = Cache::builder()
            .max_capacity(MOST_REMEMBERED)
            .time_to_live(REMEMBERED)
            .build();
        Self { keys, held }
    }

    /// Nothing if the presentation is known to hold for the link, else what to remember it by once
    /// it has been verified.
    pub(crate) fn recall(
        &self,
        presentation: &AuthPresentation,
        link: &CallLinkPublicParams,
        now: Timestamp,
    ) -> Option<Unknown> {
        let fingerprint = Fingerprint::new(presentation, link);
        let held = self.held.get(&fingerprint);
        let known = held.is_some_and(|held| held.covers(now)) && presentation.is_redeemable(now);
        (!known).then_some(Unknown { fingerprint, now })
    }

    /// Remembers a presentation that held.
    pub(crate) fn remember(&self, unknown: &Unknown) {
        let held = Held {
            from: unknown.now,
            before: self.keys.next_change(unknown.now),
        };
        self.held.insert(unknown.fingerprint, held);
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{DAY, GenericSecretParams, Mode, Randomness, VerifierKey};
    use anteroom_service::{Clock as _, Entropy as _};
    use anteroom_testkit::TestRooms;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[tokio::test]
    async fn what_held_is_known_for_its_link_and_its_time() {
        let rooms = TestRooms::start().await;
        let [link, other] = [rooms.new_link(), rooms.new_link()];
        let [params, others] =
            [&link, &other].map(|link| link.root_key.secret_params().public_params());
        let aci = rooms.new_account();
        let [shown, again] = [(); 2].map(|()| {
            let bytes = STANDARD.decode(rooms.auth(&link, &aci)).unwrap();
            AuthPresentation::from_bytes(&bytes).unwrap()
        });
        let now = rooms.clock.now();
        let end = now.plus(DAY);
        let randomness = Randomness::random(&mut *rooms.entropy().rng());
        let verifier = Verifier::new(VerifierKeys::new(vec![VerifierKey {
            params: GenericSecretParams::generate(Mode::Standard, randomness),
            not_before: now.minus(DAY),
            not_after: Some(end),
        }]));

        let unknown = verifier.recall(&shown, &params, now).unwrap();
        assert!(
            verifier.recall(&shown, &params, now).is_some(),
            "not verified yet"
        );
        verifier.remember(&unknown);
        for (presentation, link, now, known) in [
            (&shown, &params, now, true),
            (&shown, &params, end.minus(1), true),
            (&shown, &params, end, false),
            (&shown, &params, now.minus(1), false),
            (&shown, &others, now, false),
            (&again, &params, now, false),
        ] {
            assert_eq!(
                verifier.recall(presentation, link, now).is_none(),
                known,
                "{now:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_presentation_whose_day_is_over_is_not_known() {
        let rooms = TestRooms::start().await;
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let params = link.root_key.secret_params().public_params();
        let bytes = STANDARD.decode(rooms.auth(&link, &aci)).unwrap();
        let shown = AuthPresentation::from_bytes(&bytes).unwrap();
        let now = rooms.clock.now();
        let verifier = Verifier::new(VerifierKeys::default());
        verifier.remember(&verifier.recall(&shown, &params, now).unwrap());

        let last = now.start_of_day().plus(2 * DAY);
        assert!(verifier.recall(&shown, &params, last).is_none());
        assert!(verifier.recall(&shown, &params, last.plus(1)).is_some());
    }
}
