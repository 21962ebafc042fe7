//! The cache of auth presentations that held.
//!
//! Clients repeat presentations: they poll, try again and follow redirects. The cache contains only
//! presentations that held, never those that failed.

use std::time::Duration;

use anteroom_protocol::{AuthPresentation, CallLinkPublicParams, MemberKey, Timestamp};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::keys::{HolderKind, VerifierKeys};

/// The maximum number of cached presentations: about 3 MiB.
const MAX_CACHED: u64 = 16_384;
/// The maximum time for which a presentation is cached.
const CACHED_FOR: Duration = Duration::from_secs(5 * 60);

/// The server params, and the cache of presentations verified with them. New params require a new
/// cache.
pub(super) struct PresentationCache {
    pub(super) keys: VerifierKeys,
    periods: Cache<Fingerprint, VerificationPeriod>,
}

/// SHA-256 of a presentation, of the public params of the link and of the member key that it was
/// shown with. These are all inputs of the proof.
type Fingerprint = [u8; 32];

/// Returns the fingerprint. All parts have fixed lengths, so that no other inputs give the same bytes.
fn fingerprint(
    presentation: &AuthPresentation,
    link: &CallLinkPublicParams,
    member: Option<&MemberKey>,
) -> Fingerprint {
    let digest = Sha256::new()
        .chain_update(presentation.to_bytes())
        .chain_update(link.to_bytes())
        .chain_update(member.map_or(&[][..], |member| member.as_bytes()));
    digest.finalize().into()
}

/// The time in which a presentation held. The set of accepted params did not change in it.
#[derive(Clone, Copy)]
struct VerificationPeriod {
    from: Timestamp,
    before: Option<Timestamp>,
    holder: HolderKind,
}

impl VerificationPeriod {
    fn covers(&self, now: Timestamp) -> bool {
        self.from <= now && self.before.is_none_or(|end| now < end)
    }
}

/// A presentation that is not in the cache, with the key to
/// [insert](PresentationCache::insert) it by.
pub(super) struct CacheMiss {
    fingerprint: Fingerprint,
    now: Timestamp,
}

impl PresentationCache {
    pub(super) fn new(keys: VerifierKeys) -> Self {
        let periods = Cache::builder()
            .max_capacity(MAX_CACHED)
            .time_to_live(CACHED_FOR)
            .build();
        Self { keys, periods }
    }

    /// Returns the kind of account that shows the presentation, if the cache shows that it holds for
    /// the link and the member key.
    ///
    /// # Errors
    /// The key to insert it by once it is verified.
    pub(super) fn lookup(
        &self,
        presentation: &AuthPresentation,
        link: &CallLinkPublicParams,
        member: Option<&MemberKey>,
        now: Timestamp,
    ) -> Result<HolderKind, CacheMiss> {
        let fingerprint = fingerprint(presentation, link, member);
        let period = self.periods.get(&fingerprint);
        let known = period.filter(|period| period.covers(now) && presentation.is_redeemable(now));
        known
            .map(|period| period.holder)
            .ok_or(CacheMiss { fingerprint, now })
    }

    /// Adds a presentation that held to the cache.
    pub(super) fn insert(&self, miss: &CacheMiss, holder: HolderKind) {
        let period = VerificationPeriod {
            from: miss.now,
            before: self.keys.next_change(miss.now),
            holder,
        };
        self.periods.insert(miss.fingerprint, period);
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{
        DAY, GenericSecretParams, Mode, Randomness, VerifyingParams, VerifyingParamsEntry,
    };
    use anteroom_runtime::{Clock as _, Entropy as _};
    use anteroom_testkit::TestRooms;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[tokio::test]
    async fn what_held_is_known_for_its_link_its_member_key_and_its_time() {
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
        let cache = PresentationCache::new(VerifierKeys::of_regular(VerifyingParams::new(vec![
            VerifyingParamsEntry {
                params: GenericSecretParams::generate(Mode::Standard, randomness),
                not_before: now.minus(DAY),
                not_after: Some(end),
            },
        ])));

        let [key, other_key] = [1, 2].map(|byte| MemberKey::from_bytes([byte; 32]));
        let (member, other_member) = (Some(&key), Some(&other_key));
        let miss = cache.lookup(&shown, &params, member, now).err().unwrap();
        assert!(
            cache.lookup(&shown, &params, member, now).is_err(),
            "not verified yet"
        );
        cache.insert(&miss, HolderKind::Guest);
        for (presentation, link, member, now, known) in [
            (&shown, &params, member, now, true),
            (&shown, &params, member, end.minus(1), true),
            (&shown, &params, member, end, false),
            (&shown, &params, member, now.minus(1), false),
            (&shown, &others, member, now, false),
            (&shown, &params, other_member, now, false),
            (&shown, &params, None, now, false),
            (&again, &params, member, now, false),
        ] {
            assert_eq!(
                cache.lookup(presentation, link, member, now).ok(),
                known.then_some(HolderKind::Guest),
                "{now:?}"
            );
        }
        let unbound = cache.lookup(&again, &params, None, now).err().unwrap();
        cache.insert(&unbound, HolderKind::Regular);
        let known = cache.lookup(&again, &params, None, now).ok();
        assert_eq!(known, Some(HolderKind::Regular));
        assert!(cache.lookup(&again, &params, member, now).is_err());
    }

    #[tokio::test]
    async fn a_presentation_whose_day_is_over_is_not_known() {
        let rooms = TestRooms::start().await;
        let (link, aci) = (rooms.new_link(), rooms.new_account());
        let params = link.root_key.secret_params().public_params();
        let bytes = STANDARD.decode(rooms.auth(&link, &aci)).unwrap();
        let shown = AuthPresentation::from_bytes(&bytes).unwrap();
        let now = rooms.clock.now();
        let cache = PresentationCache::new(VerifierKeys::default());
        let miss = cache.lookup(&shown, &params, None, now).err().unwrap();
        cache.insert(&miss, HolderKind::Regular);

        let last = now.start_of_day().plus(2 * DAY);
        assert!(cache.lookup(&shown, &params, None, last).is_ok());
        let later = last.plus(1);
        assert!(cache.lookup(&shown, &params, None, later).is_err());
    }
}
