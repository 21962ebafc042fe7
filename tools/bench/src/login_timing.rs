//! `cargo xtask bench login-timing`: a test for known addresses in the time of answers.
//!
//! Known addresses against unknown ones, in a random order, one request after the other over one connection
//! to the real program at its default hash cost: logins with a wrong password, sign-ups, requests for another
//! mail and for a new password, by the interface and by the forms of the pages. Most of the work follows
//! after such an answer, so the next login is measured too.
//!
//! Welch's t measures whether two classes of times differ, as in [`super::ct`], and `P(known slower)` is the
//! probability that a time of a known address is the longer one: 0.5 is no difference. The last class, logins
//! refused for a short password, must be distinguishable: it is the control of the measurement.

mod service;

use std::fmt;

use anyhow::{Context, Result, ensure};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::Serialize;
use serde_json::json;

use self::service::{Client, Service};
use super::{
    ct::{LIMIT, largest_t},
    programs::Programs,
};

/// The number of known addresses, used in turn.
const ADDRESSES: usize = 10;
/// Requests of each class before a measurement starts.
const WARM_UP: usize = ADDRESSES;
const PASSWORD: &str = "correct horse battery";

/// A request that could tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Request {
    name: &'static str,
    path: &'static str,
    /// Whether it is a form of a page.
    is_form: bool,
    status: u16,
}

const LOGIN: Request = Request {
    name: "login",
    path: "/auth/login",
    is_form: false,
    status: 401,
};

const REQUESTS: [Request; 7] = [
    LOGIN,
    Request::new("sign-up", "/auth/signup", false),
    Request::new("sign-up page", "/account/signup", true),
    Request::new("resend", "/auth/verify-email/resend", false),
    Request::new("resend page", "/account/verify/resend", true),
    Request::new("reset", "/auth/password-reset", false),
    Request::new("reset page", "/account/reset", true),
];

impl Request {
    const fn new(name: &'static str, path: &'static str, is_form: bool) -> Self {
        Self {
            name,
            path,
            is_form,
            status: 202,
        }
    }

    /// Sends the request. Returns its duration, in seconds.
    fn send(self, client: &mut Client, email: &str) -> Result<f64> {
        let body = json!({ "email": email, "password": "another horse battery" });
        let answer = if self.is_form {
            client.submit(self.path, &body)?
        } else {
            client.post(self.path, &body)?
        };
        answer.expect(self.status)?;
        Ok(answer.seconds)
    }
}

/// The times of all requests.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    samples: u32,
    limit: f64,
    comparisons: Vec<Comparison>,
    /// The t of logins with unknown addresses and the control.
    control: f64,
}

/// The times of one request for both classes.
#[derive(Clone, Debug, Serialize)]
struct Comparison {
    name: String,
    unknown: Class,
    known: Class,
    known_slower: f64,
    t: f64,
}

/// Statistics in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Class {
    mean: f64,
    median: f64,
    deviation: f64,
}

impl Report {
    /// Returns whether no time depends on the address, and the control's does.
    #[must_use]
    pub fn passed(&self) -> bool {
        let is_even = |comparison: &Comparison| comparison.t < LIMIT;
        self.comparisons.iter().all(is_even) && self.control > LIMIT
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of each class, medians in milliseconds", self.samples)?;
        writeln!(
            f,
            "{:<28}{:>9}{:>9}{:>16}{:>8}",
            "", "unknown", "known", "P(known slower)", "t"
        )?;
        for comparison in &self.comparisons {
            let Comparison {
                name,
                unknown,
                known,
                known_slower,
                t,
            } = comparison;
            writeln!(
                f,
                "{name:<28}{:>9.3}{:>9.3}{known_slower:>16.3}{t:>8.2}",
                unknown.median, known.median
            )?;
        }
        writeln!(f, "t below {LIMIT} says nothing")?;
        writeln!(f, "control t = {:.2}  (must be above)", self.control)?;
        write!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}

/// A time in seconds, and whether the address was known.
type Time = (f64, bool);

/// The times of a request, and those of the login after it.
struct Times {
    own: Vec<Time>,
    next: Vec<Time>,
}

/// Measures `samples` samples of each class.
///
/// # Errors
/// The service does not start, or gives an unexpected answer.
pub fn measure(programs: &Programs, samples: u32) -> Result<Report> {
    ensure!(samples > 1, "at least two samples");
    let service = Service::start(&programs.anteroom)?;
    let mut client = Client::connect(&service.address)?;
    for number in 0..ADDRESSES {
        sign_up(&service, &mut client, &known(number))?;
    }
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut fresh = 0;
    let mut comparisons = Vec::new();
    let mut control = Vec::new();
    for request in REQUESTS {
        let mut times = measure_request(&mut client, request, samples, &mut rng, &mut fresh)?;
        if request == LOGIN {
            control.extend(times.own.iter().copied().filter(|(_, is_known)| !is_known));
        }
        comparisons.push(Comparison::of(request.name.to_owned(), &mut times.own)?);
        let name = format!("login after {}", request.name);
        comparisons.push(Comparison::of(name, &mut times.next)?);
    }
    for _ in 0..samples {
        control.push((client.refused_at_once()?, true));
    }
    service.stop()?;
    Ok(Report {
        samples,
        limit: LIMIT,
        comparisons,
        control: largest_t(&mut control),
    })
}

/// Measures one request for both classes. Every unknown address is a new one, since a sign-up makes it
/// another kind of address.
fn measure_request(
    client: &mut Client,
    request: Request,
    samples: u32,
    rng: &mut ChaCha20Rng,
    fresh: &mut usize,
) -> Result<Times> {
    let mut next_unknown = || {
        *fresh += 1;
        unknown(*fresh)
    };
    for number in 0..WARM_UP {
        for address in [known(number), next_unknown()] {
            request.send(client, &address)?;
            client.fail_to_log_in(&next_unknown())?;
        }
    }
    let mut times = Times {
        own: Vec::new(),
        next: Vec::new(),
    };
    let mut turns = [0; 2];
    while turns.iter().any(|taken| *taken < samples) {
        let is_known = rng.next_u32() & 1 == 1;
        let [of_unknown, of_known] = &mut turns;
        let taken = if is_known { of_known } else { of_unknown };
        if *taken == samples {
            continue;
        }
        let number = *taken as usize % ADDRESSES;
        *taken += 1;
        let address = if is_known {
            known(number)
        } else {
            next_unknown()
        };
        times.own.push((request.send(client, &address)?, is_known));
        let next = client.fail_to_log_in(&next_unknown())?;
        times.next.push((next, is_known));
    }
    Ok(times)
}

fn known(number: usize) -> String {
    format!("somebody-{number:06}@example.org")
}

fn unknown(number: usize) -> String {
    format!("nobody-x-{number:06}@example.org")
}

impl Comparison {
    fn of(name: String, times: &mut [Time]) -> Result<Self> {
        Ok(Self {
            name,
            unknown: Class::of(times, false)?,
            known: Class::of(times, true)?,
            known_slower: known_slower(times),
            t: largest_t(times),
        })
    }
}

/// Returns the share of all pairs in which the known address took longer; a tie counts half.
fn known_slower(times: &[Time]) -> f64 {
    let of = |class: bool| times.iter().filter(move |(_, is_known)| *is_known == class);
    let (mut slower, mut pairs) = (0.0, 0.0);
    for (known, _) in of(true) {
        for (unknown, _) in of(false) {
            pairs += 1.0;
            slower += match known.total_cmp(unknown) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    slower / pairs
}

impl Class {
    fn of(times: &[Time], class: bool) -> Result<Self> {
        const MILLISECONDS: f64 = 1e3;
        let mut own: Vec<f64> = times
            .iter()
            .filter(|(_, is)| *is == class)
            .map(|(time, _)| time * MILLISECONDS)
            .collect();
        own.sort_by(f64::total_cmp);
        let count: f64 = own.iter().map(|_| 1.0).sum();
        let mean = own.iter().sum::<f64>() / count;
        let squares: f64 = own.iter().map(|time| (time - mean).powi(2)).sum();
        Ok(Self {
            mean,
            median: *own.get(own.len() / 2).context("no samples")?,
            deviation: (squares / (count - 1.0)).sqrt(),
        })
    }
}

fn sign_up(service: &Service, client: &mut Client, email: &str) -> Result<()> {
    let body = json!({ "email": email, "password": PASSWORD });
    client.post("/auth/signup", &body)?.expect(202)?;
    let body = json!({ "token": service.take_token()? });
    client.post("/auth/verify-email", &body)?.expect(204)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_summed_up_in_milliseconds() {
        let times = [(0.001, true), (0.002, true), (0.003, true), (9.0, false)];
        let class = Class::of(&times, true).unwrap();
        assert!((class.mean - 2.0).abs() < 1e-9);
        assert!((class.median - 2.0).abs() < 1e-9);
        assert!((class.deviation - 1.0).abs() < 1e-9);
        assert!(Class::of(&[], true).is_err());
    }

    #[test]
    fn the_share_of_slower_ones_is_that_of_all_pairs() {
        for (times, expected) in [
            (vec![(2.0, true), (1.0, false)], 1.0),
            (vec![(1.0, true), (2.0, false)], 0.0),
            (vec![(1.0, true), (1.0, false)], 0.5),
            (
                vec![(1.0, true), (3.0, true), (2.0, false), (2.0, false)],
                0.5,
            ),
        ] {
            assert!((known_slower(&times) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn both_classes_have_addresses_of_one_length() {
        for number in 0..ADDRESSES {
            assert_eq!(known(number).len(), unknown(number).len());
        }
    }
}
