//! An attack on the times at which both services see their clients.
//!
//! A blind guess is a random assignment of n accounts to n rooms. It has one right pair on average, whatever
//! n is, with a variance of 1: more than 5 right pairs occur in 6 of 10,000 cases.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod matching;

use anteroom_client::{RenewalSchedule, RenewalStep};
use anteroom_protocol::{DAY, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use self::{
    accounts::{CredentialSource, Services, TimingUser},
    matching::{Cost, Times, after_first_visit, nearest_times, right_pairs},
};

const PEOPLE: usize = 30;
const FIRST_DAY: u64 = 20_000 * DAY;
/// The number of right pairs that a blind guess does not exceed in 9,994 of 10,000 cases.
const CHANCE: usize = 5;

/// An event of the simulated day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Renew,
    CreateLink,
    Visit,
}

/// Returns the numbers from 0 to `count` - 1 in a random order.
fn shuffled(count: usize, rng: &mut ChaCha20Rng) -> Vec<usize> {
    let mut keyed: Vec<(u64, usize)> = (0..count).map(|room| (rng.next_u64(), room)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, room)| room).collect()
}

/// Returns two moments of a day at which a person creates a link and visits it.
fn visits(day: u64, rng: &mut ChaCha20Rng) -> [u64; 2] {
    let [one, two] = [(); 2].map(|()| day + rng.next_u64() % DAY);
    [one.min(two), one.max(two)]
}

/// Simulates a day after the day on which all accounts logged in, and returns the times that both services
/// saw.
async fn play(source: CredentialSource, seed: u64) -> (Vec<Times>, Vec<Times>) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut logins: Vec<u64> = (0..PEOPLE)
        .map(|_| FIRST_DAY + rng.next_u64() % DAY)
        .collect();
    logins.sort_unstable();
    let services = Services::start(seed, Timestamp::from_secs(FIRST_DAY)).await;
    let mut users = Vec::new();
    for login in logins {
        services.set_clocks(Timestamp::from_secs(login));
        users.push(TimingUser::new(&services, &mut rng).await);
    }
    let _logins = services.issuer.events.take();

    let mut actions = Vec::new();
    for (at, user) in users.iter().enumerate() {
        let [create, visit] = visits(FIRST_DAY + DAY, &mut rng);
        actions.push((create, Action::CreateLink, at));
        actions.push((visit, Action::Visit, at));
        if source == CredentialSource::Stored {
            actions.push((user.store.schedule.due().as_secs(), Action::Renew, at));
        }
    }
    actions.sort_unstable();
    let mut seen = Vec::new();
    for (moment, action, at) in actions {
        let (now, user) = (Timestamp::from_secs(moment), &mut users[at]);
        services.set_clocks(now);
        match action {
            Action::Renew => {
                assert_eq!(user.store.schedule.step(now), RenewalStep::Renew);
                user.renew(now, &mut rng).await;
            }
            Action::CreateLink => user.create_link(source, now, &mut rng).await,
            Action::Visit => seen.extend(user.visit(source, now, &services).await),
        }
        seen.extend(services.rooms.events.take());
    }
    let accounts = services.times_of_accounts(&users);
    (accounts, services.times_of_rooms(seen, &users))
}

#[tokio::test]
async fn a_day_of_links_and_joins_matches_no_better_than_chance() {
    let (accounts, rooms) = play(CredentialSource::Stored, 1).await;
    // Both services have seen enough events of every account.
    assert!(
        accounts.iter().all(|times| times.len() >= 4),
        "{accounts:?}"
    );
    assert!(rooms.iter().all(|times| times.len() >= 3), "{rooms:?}");
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let right = right_pairs(
        &accounts,
        &rooms,
        &shuffled(PEOPLE, &mut rng),
        nearest_times,
    );
    assert!(right <= CHANCE, "{right} of {PEOPLE}");
}

#[tokio::test]
async fn clients_that_ask_at_every_visit_are_matched_to_their_rooms() {
    let (accounts, rooms) = play(CredentialSource::OnDemand, 1).await;
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let right = right_pairs(
        &accounts,
        &rooms,
        &shuffled(PEOPLE, &mut rng),
        nearest_times,
    );
    assert_eq!(right, PEOPLE);
}

/// The number of simulated days. A blind guess is expected to have as many right pairs as there are days,
/// with a standard deviation of 20.
const DAYS: usize = 400;

/// Returns the number of right pairs over many days. `renewals` gives the times at which an account renews,
/// from the times of its visits and the schedule of the day before.
fn right_pairs_of_days(
    cost: Cost,
    renewals: impl Fn(&mut RenewalSchedule, [u64; 2], &mut ChaCha20Rng) -> Times,
) -> usize {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut right = 0;
    for _ in 0..DAYS {
        let (mut accounts, mut rooms) = (Vec::new(), Vec::new());
        for _ in 0..PEOPLE {
            let login = Timestamp::from_secs(FIRST_DAY + rng.next_u64() % DAY);
            let mut schedule = RenewalSchedule::start(login, &mut rng);
            let visits = visits(FIRST_DAY + DAY, &mut rng);
            accounts.push(renewals(&mut schedule, visits, &mut rng));
            rooms.push(visits.to_vec());
        }
        right += right_pairs(&accounts, &rooms, &shuffled(PEOPLE, &mut rng), cost);
    }
    right
}

#[test]
fn renewals_of_devices_that_always_run_match_no_better_than_chance() {
    for cost in [nearest_times, after_first_visit] {
        let right = right_pairs_of_days(cost, |schedule, _, _| vec![schedule.due().as_secs()]);
        assert!(right <= DAYS + 4 * 20, "{right} in {DAYS} days");
    }
}

#[test]
fn renewals_that_were_missed_match_no_better_than_chance() {
    let right = right_pairs_of_days(nearest_times, |schedule, [first, _], rng| {
        // The device starts with the first visit, hours after its renewal was due.
        schedule.postpone(Timestamp::from_secs(first), rng);
        vec![schedule.due().as_secs()]
    });
    assert!(right <= DAYS + 4 * 20, "{right} in {DAYS} days");
}

#[test]
fn renewals_that_can_wait_no_longer_match_a_few_of_thirty_and_at_once_would_match_all() {
    for (cost, most) in [(nearest_times as Cost, 3), (after_first_visit, 6)] {
        let right = right_pairs_of_days(cost, |schedule, [first, _], rng| {
            schedule.retry(Timestamp::from_secs(first), rng);
            vec![schedule.due().as_secs()]
        });
        assert!(right <= most * DAYS, "{right} in {DAYS} days");
    }
    let at_once = right_pairs_of_days(nearest_times, |_, visits, _| visits.to_vec());
    assert_eq!(at_once, DAYS * PEOPLE);
}
