//! The background renewals of a client's credentials.

use std::{sync::Weak, time::Duration};

use tokio::time::sleep;

use super::shared::Shared;
use crate::RenewalStep;

/// The longest single sleep. Longer waits are split, since a computer may suspend and its clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5 * 60);

/// Renews the credentials once a day until the client is dropped.
pub(super) async fn keep_renewing(client: Weak<Shared>) {
    while let Some(rest) = step(&client).await {
        sleep(rest).await;
    }
}

/// Executes the next step, and returns the time until the step after it; `None` once the client is dropped.
async fn step(client: &Weak<Shared>) -> Option<Duration> {
    let client = client.upgrade()?;
    let now = client.options.system.now();
    let next = client.change(|store| {
        // A running client counts as used, whether it visits rooms or not.
        store.schedule.note_use(now);
        store.schedule.step(now)
    });
    match next {
        Some(RenewalStep::Wait(rest)) => return Some(rest.min(LONGEST_SLEEP)),
        Some(RenewalStep::Renew) => {
            if let Err(error) = client.renew().await {
                let mut rng = client.options.system.rng();
                client.change(|store| store.schedule.retry(now, &mut *rng));
                *client.failure.lock() = Some(error);
            }
        }
        Some(RenewalStep::Redraw) => {
            let mut rng = client.options.system.rng();
            client.change(|store| store.postpone_renewal(now, &mut *rng));
        }
        // The issuer refused the account. The caller may still renew.
        None | Some(RenewalStep::Stop) => return Some(LONGEST_SLEEP),
    }
    Some(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use anteroom_protocol::{DAY, Timestamp};
    use anteroom_runtime::{Clock as _, Entropy as _};
    use anteroom_testkit::{MockClock, SeededEntropy, TestIssuer};
    use rand_core::CryptoRng;

    use super::*;
    use crate::{ClientOptions, DeviceCredentials, IssuerError, System};

    struct TestSystem(MockClock);

    impl System for TestSystem {
        fn now(&self) -> Timestamp {
            self.0.now()
        }

        fn rng(&self) -> Box<dyn CryptoRng + Send> {
            SeededEntropy::new(7).rng()
        }
    }

    /// Returns the first day of the credentials and the time of the next renewal.
    fn schedule(client: &Shared) -> (Timestamp, Timestamp) {
        let store = client.credentials.lock().clone().unwrap();
        let first = store.days().next().unwrap();
        (first, store.schedule.due())
    }

    #[tokio::test]
    async fn credentials_are_renewed_at_their_time_and_failures_are_told_once() {
        let issuer = TestIssuer::start().await;
        let account = &issuer.account;
        let name = account.aci.to_uuid_string();
        let device = DeviceCredentials::parse(&name, account.password.as_str()).unwrap();
        let options = ClientOptions {
            system: Arc::new(TestSystem(issuer.clock.clone())),
            ..ClientOptions::default()
        };
        let client = Shared::connect(issuer.base_url(), device, options).await;
        let client = Arc::new(client.unwrap());
        let weak = Arc::downgrade(&client);
        assert_eq!(step(&weak).await, Some(LONGEST_SLEEP));

        let (first, due) = schedule(&client);
        issuer.clock.set(due.minus(10));
        assert_eq!(step(&weak).await, Some(Duration::from_secs(10)));
        issuer.clock.set(due);
        assert_eq!(step(&weak).await, Some(Duration::ZERO));
        let (next, due) = schedule(&client);
        assert_eq!(next, first.plus(DAY));

        // A missed renewal is not repeated immediately.
        issuer.clock.set(due.plus(2 * 3600));
        assert_eq!(step(&weak).await, Some(Duration::ZERO));
        let (same, due) = schedule(&client);
        assert_eq!(same, next);
        assert!(due > issuer.clock.now());

        issuer.set_disabled(&account.aci, true).await;
        issuer.clock.set(due);
        assert_eq!(step(&weak).await, Some(Duration::ZERO));
        let failure = client.failure.lock().take();
        assert!(
            failure.as_ref().is_some_and(IssuerError::is_signed_out),
            "{failure:?}"
        );
        assert!(client.failure.lock().take().is_none());
        assert!(client.credentials.lock().is_none());
        assert_eq!(step(&weak).await, Some(LONGEST_SLEEP));

        drop(client);
        assert_eq!(step(&weak).await, None);
    }
}
