//! `cargo xtask bench ct`: does the time of an operation tell its secrets?
//!
//! Fixed against random secrets, as dudect does it: before each sample a coin decides whether the
//! fixed secret or one of many random ones is used; Welch's t over the times says whether the two
//! classes differ. Above 4.5 they do. Times far off (the machine did something else) are cut off at
//! a few percentiles and the largest t counts.

use std::{fmt, hint::black_box, time::Instant};

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, CallLinkSecretParams,
    CreateCredentialRequestContext, CreateCredentialResponse, DAY, GenericSecretParams, Mode,
    Randomness, RoomId, RootKey, Timestamp,
};
use anyhow::Result;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::Serialize;

const TODAY: Timestamp = Timestamp::from_secs(20_000 * DAY);
/// Different random secrets, besides as many copies of the fixed one: so both classes live in
/// equally much memory.
const SECRETS: usize = 64;
/// A t above this says that times differ.
pub(super) const LIMIT: f64 = 4.5;
/// Which part of the times is kept, by size.
const KEPT: [f64; 4] = [1.0, 0.99, 0.95, 0.8];

/// The t of each operation.
#[derive(Clone, Debug, Serialize)]
pub struct CtReport {
    samples: u32,
    limit: f64,
    operations: Vec<Finding>,
}

#[derive(Clone, Debug, Serialize)]
struct Finding {
    operation: &'static str,
    /// Whether a difference is expected: the measurement's own test.
    control: bool,
    t: f64,
}

impl CtReport {
    /// Whether no operation tells, and the measurement sees what does.
    #[must_use]
    pub fn passed(&self) -> bool {
        let mut findings = self.operations.iter();
        findings.all(|finding| (finding.t < LIMIT) != finding.control)
    }
}

impl fmt::Display for CtReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} samples each; t below {LIMIT} says nothing",
            self.samples
        )?;
        for Finding {
            operation,
            control,
            t,
        } in &self.operations
        {
            let note = if *control { "  (must be above)" } else { "" };
            writeln!(f, "{operation:<16} t = {t:>8.2}{note}")?;
        }
        write!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}

/// The secrets of one side, and everything made from them.
struct Secrets {
    params: GenericSecretParams,
    aci: Aci,
    link: CallLinkSecretParams,
    room_id: RoomId,
    context: CreateCredentialRequestContext,
    created: CreateCredentialResponse,
    auth: AuthCredential,
}

impl Secrets {
    fn new(rng: &mut ChaCha20Rng) -> Result<Self> {
        let params = GenericSecretParams::generate(Mode::Standard, Randomness::random(rng));
        Self::of(params, rng)
    }

    fn of(params: GenericSecretParams, rng: &mut ChaCha20Rng) -> Result<Self> {
        let root_key = RootKey::generate_v0(rng);
        let (aci, room_id) = (Aci::random(rng), root_key.room_id());
        let context = CreateCredentialRequestContext::new(&room_id, Randomness::random(rng));
        let created = context
            .request()
            .issue(&aci, TODAY, &params, Randomness::random(rng))?;
        let issued = AuthCredentialResponse::issue(&aci, TODAY, &params, Randomness::random(rng))?;
        let auth = issued.receive(&aci, TODAY, params.public_params())?;
        let link = root_key.secret_params();
        let secrets = Self {
            params,
            aci,
            link,
            room_id,
            context,
            created,
            auth,
        };
        // The first of each makes tables that stay.
        for operation in Operation::ALL {
            secrets.run(operation, &secrets.created, rng)?;
        }
        Ok(secrets)
    }

    /// Issues another create credential: what is public differs in every sample of both classes.
    fn respond(&self, rng: &mut ChaCha20Rng) -> Result<CreateCredentialResponse> {
        let randomness = Randomness::random(rng);
        let request = self.context.request();
        Ok(request.issue(&self.aci, TODAY, &self.params, randomness)?)
    }

    fn run(
        &self,
        operation: Operation,
        response: &CreateCredentialResponse,
        rng: &mut ChaCha20Rng,
    ) -> Result<()> {
        let randomness = Randomness::random(rng);
        let public = self.params.public_params();
        match operation {
            Operation::CreateIssue => {
                let request = self.context.request();
                black_box(request.issue(&self.aci, TODAY, &self.params, randomness)?);
            }
            Operation::AuthIssue => {
                let (aci, params) = (&self.aci, &self.params);
                black_box(AuthCredentialResponse::issue(
                    aci, TODAY, params, randomness,
                )?);
            }
            Operation::CreateReceive => {
                black_box(self.context.receive(response, &self.aci, public)?);
            }
            Operation::AuthPresent => {
                let (auth, link) = (&self.auth, &self.link);
                black_box(auth.present(&self.aci, TODAY, public, link, randomness)?);
            }
            Operation::Control => {
                // Work that depends on a bit of a secret.
                let odd = self
                    .room_id
                    .as_bytes()
                    .first()
                    .is_some_and(|byte| byte & 1 == 1);
                for _ in 0..if odd { 3 } else { 2 } {
                    black_box(self.link.encrypt(&self.aci.into()));
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Operation {
    CreateIssue,
    AuthIssue,
    CreateReceive,
    AuthPresent,
    Control,
}

impl Operation {
    const ALL: [Self; 5] = [
        Self::CreateIssue,
        Self::AuthIssue,
        Self::CreateReceive,
        Self::AuthPresent,
        Self::Control,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::CreateIssue => "create_issue",
            Self::AuthIssue => "auth_issue",
            Self::CreateReceive => "create_receive",
            Self::AuthPresent => "auth_present",
            Self::Control => "control",
        }
    }
}

/// Takes so many samples of each operation.
///
/// # Errors
/// If an operation fails.
pub fn measure(samples: u32) -> Result<CtReport> {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let first = Secrets::new(&mut rng)?;
    let random: Result<Vec<_>> = (0..SECRETS).map(|_| Secrets::new(&mut rng)).collect();
    let fixed: Result<Vec<_>> = (0..SECRETS).map(|_| first.copy(&mut rng)).collect();
    let classes = [fixed?, random?];
    let operations: Result<Vec<_>> = Operation::ALL
        .into_iter()
        .map(|operation| {
            Ok(Finding {
                operation: operation.name(),
                control: matches!(operation, Operation::Control),
                t: compare(operation, samples, &classes, &mut rng)?,
            })
        })
        .collect();
    Ok(CtReport {
        samples,
        limit: LIMIT,
        operations: operations?,
    })
}

impl Secrets {
    /// The same secrets in memory of their own.
    fn copy(&self, rng: &mut ChaCha20Rng) -> Result<Self> {
        let params = GenericSecretParams::from_bytes(&self.params.to_bytes())?;
        let copy = Self {
            params,
            aci: self.aci,
            link: self.link.clone(),
            room_id: self.room_id,
            context: CreateCredentialRequestContext::from_bytes(&self.context.to_bytes())?,
            created: self.created.clone(),
            auth: self.auth.clone(),
        };
        for operation in Operation::ALL {
            copy.run(operation, &copy.created, rng)?;
        }
        Ok(copy)
    }
}

/// The largest t over the cuts.
fn compare(
    operation: Operation,
    samples: u32,
    classes: &[Vec<Secrets>; 2],
    rng: &mut ChaCha20Rng,
) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..samples {
        let drawn = rng.next_u32() as usize;
        let [fixed, random] = classes;
        let is_random = drawn & 1 == 1;
        let class = if is_random { random } else { fixed };
        let Some(secrets) = class.get((drawn >> 1) % SECRETS) else {
            continue;
        };
        let response = match operation {
            Operation::CreateReceive => secrets.respond(rng)?,
            _ => secrets.created.clone(),
        };
        let start = Instant::now();
        secrets.run(operation, &response, rng)?;
        times.push((start.elapsed().as_secs_f64(), is_random));
    }
    Ok(largest_t(&mut times))
}

/// The largest t of two classes of times over the cuts.
pub(super) fn largest_t(times: &mut [(f64, bool)]) -> f64 {
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    KEPT.into_iter()
        .map(|part| welch(times.get(..kept(times.len(), part)).unwrap_or_default()))
        .fold(0.0, f64::max)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a part of a small count"
)]
fn kept(count: usize, part: f64) -> usize {
    (count as f64 * part) as usize
}

/// Welch's t of the two classes, without its sign.
fn welch(times: &[(f64, bool)]) -> f64 {
    let [a, b] = [false, true].map(|class| {
        let of_class = || {
            times
                .iter()
                .filter(|(_, is)| *is == class)
                .map(|(time, _)| time)
        };
        let count: f64 = of_class().map(|_| 1.0).sum();
        let mean = of_class().sum::<f64>() / count;
        let squares: f64 = of_class().map(|time| (time - mean).powi(2)).sum();
        (mean, squares / (count - 1.0) / count)
    });
    (a.0 - b.0).abs() / (a.1 + b.1).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_small_for_equal_classes_and_large_for_different_ones() {
        let equal: Vec<_> = (0..1000)
            .map(|n| (f64::from(n % 10), n % 20 < 10))
            .collect();
        assert!(welch(&equal) < LIMIT);
        let different: Vec<_> = (0..1000).map(|n| (f64::from(n % 10), n % 10 < 5)).collect();
        assert!(welch(&different) > LIMIT);
    }
}
