//! Logs in concurrently and repeatedly, and reports the time of each login.
//!
//! Reads one JSON request a line, `{"logins"}`, logs in that many times and answers with the nanoseconds of
//! each, `{"nanoseconds": []}`. The first line of output reports that the program is ready.

use std::{num::NonZeroUsize, path::Path, time::Instant};

use anteroom_client::{DeviceId, LoginClient, SignIn, Timeouts};
use anyhow::{Result, ensure};
use clap::Args;
use futures::future::try_join_all;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{jobs, server::ServerSetup};

/// The password of all accounts.
const PASSWORD: &str = "a password for measurements";
/// A limit of logins a minute from one address that no run reaches.
const NO_LIMIT: u32 = 1_000_000;

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// Where the services run, and how many log in at once.
#[derive(Args)]
pub(crate) struct Options {
    /// The cores of the services, as `taskset --cpu-list` takes them.
    #[arg(long, value_name = "LIST")]
    server_cores: Option<String>,
    /// How many people log in at the same time, each with an account of their own.
    #[arg(long, default_value = "20")]
    at_once: NonZeroUsize,
}

/// The work of one measurement.
#[derive(Deserialize)]
struct LoginJob {
    logins: usize,
}

pub(crate) async fn run(anteroom: &Path, options: &Options) -> Result<()> {
    let setup = ServerSetup::with_plenty(anteroom, options.server_cores.clone())?
        .with_setting("ANTEROOM_LIMITS_LOGINS_PER_MINUTE", &NO_LIMIT)
        // All logins come from one address: a quarter of half of the queue must be sufficient for it.
        .with_setting(
            "ANTEROOM_LOGIN_HASHES_WAITING",
            &options.at_once.saturating_mul(EIGHT),
        );
    let mut server = setup.start().await?;
    let mut accounts = Vec::new();
    for number in 0..options.at_once.get() {
        let email = format!("person{number}@example.org");
        setup.add_login(&email, PASSWORD).await?;
        accounts.push(LoginUser {
            client: LoginClient::new(&server.addresses.issuer, Timeouts::default())?,
            email,
        });
    }
    jobs::follow(&json!({ "ready": true }), async |LoginJob { logins }| {
        ensure!(logins > 0, "at least one login");
        let each = logins.div_ceil(accounts.len());
        let taken = try_join_all(accounts.iter().map(|account| account.log_in(each))).await?;
        server.check()?;
        let nanoseconds: Vec<u64> = taken.into_iter().flatten().collect();
        Ok(json!({ "nanoseconds": nanoseconds }))
    })
    .await
}

/// An account with a connection of its own.
struct LoginUser {
    client: LoginClient,
    email: String,
}

impl LoginUser {
    /// Logs in repeatedly, one time after the other. Returns the duration of each login.
    async fn log_in(&self, often: usize) -> Result<Vec<u64>> {
        let attempt = SignIn {
            email: Zeroizing::new(self.email.clone()),
            password: SecretString::from(PASSWORD),
            remember: false,
            // Always the same device, since an account has a limited number.
            device: Some(DeviceId::PRIMARY),
            device_name: None,
            last_refresh: None,
        };
        let mut taken = Vec::with_capacity(often);
        for _ in 0..often {
            let start = Instant::now();
            self.client.sign_in(&attempt).await?;
            taken.push(u64::try_from(start.elapsed().as_nanos())?);
        }
        Ok(taken)
    }
}
