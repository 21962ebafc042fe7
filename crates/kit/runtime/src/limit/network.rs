//! The limits of client addresses. Each applies to all networks of an address.

use std::num::NonZeroU32;

use super::{
    bucket::{BucketSize, BucketTake},
    window::WindowSize,
};
use crate::{ClientAddress, LimitKey, Pseudonymizer};

/// Returns the windows of the limit `limit` in which a request of this client counts: `size` for
/// the narrowest network, and more for [wider ones](ClientAddress::groups).
#[must_use]
pub fn network_windows(
    pseudonymizer: &Pseudonymizer,
    limit: &'static str,
    client: ClientAddress,
    size: WindowSize,
) -> Vec<(LimitKey, WindowSize)> {
    let keys = network_keys(pseudonymizer, limit, client);
    keys.map(|(key, factor)| (key, size.times(factor)))
        .collect()
}

/// Returns the tokens that a request of this client takes from the buckets of the limit `limit`.
/// `size` is that of the narrowest network; [wider ones](ClientAddress::groups) have more.
#[must_use]
pub fn network_buckets(
    pseudonymizer: &Pseudonymizer,
    limit: &'static str,
    client: ClientAddress,
    size: BucketSize,
    tokens: NonZeroU32,
) -> Vec<BucketTake> {
    let keys = network_keys(pseudonymizer, limit, client);
    let take = |(key, factor)| BucketTake {
        key,
        size: size.times(factor),
        tokens,
    };
    keys.map(take).collect()
}

fn network_keys(
    pseudonymizer: &Pseudonymizer,
    limit: &'static str,
    client: ClientAddress,
) -> impl Iterator<Item = (LimitKey, NonZeroU32)> {
    client.groups().map(move |group| {
        let factor = NonZeroU32::new(group.factor()).unwrap_or(NonZeroU32::MIN);
        (pseudonymizer.network_limit_key(limit, &group), factor)
    })
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU64, NonZeroUsize};

    use anteroom_protocol::Timestamp;
    use zeroize::Zeroizing;

    use super::*;
    use crate::{Admission, LocalLimiter, RateLimiter as _};

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);
    const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();
    const MINUTE: NonZeroU64 = NonZeroU64::new(60).unwrap();

    /// Returns the number of these clients that are granted one request each.
    async fn granted(clients: impl Iterator<Item = String>) -> usize {
        let limiter = LocalLimiter::new(NonZeroUsize::new(10_000).unwrap());
        let pseudonymizer = Pseudonymizer::new(Zeroizing::new([0; 32]));
        let mut numbers = [0; 2];
        for client in clients {
            let client = ClientAddress::new(client.parse().unwrap());
            let size = WindowSize::new(TEN, MINUTE);
            let windows = network_windows(&pseudonymizer, "window", client, size);
            let size = BucketSize::new(TEN, MINUTE);
            let one = NonZeroU32::MIN;
            let buckets = network_buckets(&pseudonymizer, "bucket", client, size, one);
            for (number, admission) in numbers.iter_mut().zip([
                limiter.take_in_windows(&windows, START).await,
                limiter.take_from_all(&buckets, START).await,
            ]) {
                *number += usize::from(admission == Admission::Granted);
            }
        }
        assert_eq!(numbers[0], numbers[1], "windows and buckets agree");
        numbers[0]
    }

    #[tokio::test]
    async fn a_network_has_the_budget_of_one_client_for_each_of_its_factor() {
        for (network, number) in [
            ("192.0.2.1", 10),
            ("2001:db8::#", 10),
            ("2001:db8:0:#::1", 40),
            ("2001:db8:0:#00::1", 160),
            ("2001:db8:#::1", 200),
        ] {
            let clients = (0..200).map(|n| network.replace('#', &format!("{n:x}")));
            assert_eq!(granted(clients).await, number, "{network}");
        }
    }

    #[tokio::test]
    async fn a_network_and_the_first_of_its_parts_do_not_share_a_budget() {
        // All of them have the same first 16 bytes.
        let clients = |n: u32| format!("2001:db8::{n:x}");
        assert_eq!(granted((0..10).map(clients)).await, 10);
    }
}
