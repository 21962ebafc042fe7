//! Requests create credentials at the highest rate: from Anteroom's issuer, and from a server with the npm
//! client.
//!
//! Each request is for another room. All requests are prepared before the time starts, and all answers are
//! checked after it stops: each must be a credential for today, and some are received with their proof, as a
//! client does.

mod peer;

use std::{path::Path, path::PathBuf, time::Instant};

use anteroom_client::{IssuerClient, MemoryPins, Timeouts, Trust, TrustedParams};
use anteroom_protocol::{
    Aci, CreateCredentialRequestContext, CreateCredentialResponse, Randomness, RootKey,
};
use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use self::peer::Peer;
use crate::{
    http::{Connections, Request},
    jobs::{self, JobTimes, LoadJob},
    os,
    server::{NewAccount, ServerSetup, host_of},
};

const OPERATIONS: [&str; 2] = [ANTEROOM, NPM];
const ANTEROOM: &str = "anteroom";
const NPM: &str = "npm";

const PATH: &str = "/v1/call-link/create-auth";
/// Accounts at Anteroom's issuer.
const ACCOUNTS: usize = 16;
/// The limit of each of them, so that it is never met.
const CAPACITY: u32 = 1_000_000_000;
/// One of this number of answers is received as a client does.
const RECEIVED: usize = 64;

/// What Anteroom is compared with.
#[derive(Args)]
pub(crate) struct Options {
    /// The program of the npm client's server, for Node.js.
    #[arg(long, value_name = "FILE")]
    peer: PathBuf,
}

/// A running issuer with its accounts.
struct Issuer {
    pid: u32,
    connections: Connections,
    host: String,
    accounts: Vec<Account>,
    params: TrustedParams,
}

struct Account {
    aci: Aci,
    authorization: String,
}

/// A pending request.
struct PendingRequest {
    aci: Aci,
    context: CreateCredentialRequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    credential: String,
    redemption_time: u64,
}

pub(crate) async fn run(anteroom: &Path, options: &Options) -> Result<()> {
    let setup = ServerSetup::with_plenty(anteroom, None)?
        .with_setting("ANTEROOM_LIMITS_CREATE_AUTH_CAPACITY", &CAPACITY);
    let mut server = setup.start().await?;
    let mut accounts = Vec::new();
    for _ in 0..ACCOUNTS {
        accounts.push(setup.add().await?);
    }
    let mut ours = Issuer::new(server.pid(), &server.addresses.issuer, &accounts).await?;
    let mut peer = Peer::start(&options.peer).await?;
    let mut theirs = Issuer::new(peer.pid(), peer.url(), peer.accounts()).await?;
    jobs::follow(
        &json!({ "operations": OPERATIONS }),
        async |job: LoadJob| {
            let issuer = match job.operation.as_str() {
                ANTEROOM => &mut ours,
                NPM => &mut theirs,
                unknown => bail!("{unknown} is unknown"),
            };
            let taken = issuer.ask(job.iterations).await?;
            server.check()?;
            peer.check()?;
            Ok(taken)
        },
    )
    .await
}

impl Issuer {
    async fn new(pid: u32, url: &str, accounts: &[NewAccount]) -> Result<Self> {
        let first = accounts.first().context("no account")?;
        let client = IssuerClient::new(url, first.credentials()?, Timeouts::default())?;
        let pins = MemoryPins::default();
        let params = client.params(&pins, Trust::FirstUse, os::now()).await?;
        let accounts = accounts.iter().map(|account| {
            Ok(Account {
                aci: account.aci()?,
                authorization: account.authorization(),
            })
        });
        let host = host_of(url)?;
        Ok(Self {
            pid,
            connections: Connections::new(&host),
            host,
            accounts: accounts.collect::<Result<_>>()?,
            params,
        })
    }

    async fn ask(&mut self, count: usize) -> Result<JobTimes> {
        let accounts = self.accounts.iter().cycle().take(count);
        let (asked, requests): (Vec<PendingRequest>, Vec<Request>) =
            accounts.map(|account| self.request(account)).unzip();
        self.connections.reopen().await?;
        let before = os::processor_time(self.pid)?;
        let start = Instant::now();
        let bodies = self.connections.send(&requests).await?;
        let elapsed = start.elapsed();
        let server = os::processor_time(self.pid)?.saturating_sub(before);
        ensure!(bodies.len() == count, "answers are missing");
        for ((index, asked), body) in asked.iter().enumerate().zip(&bodies) {
            self.check(asked, body, index % RECEIVED == 0)
                .context("an answer is not what was asked for")?;
        }
        Ok(JobTimes {
            nanoseconds: u64::try_from(elapsed.as_nanos())?,
            server_nanoseconds: Some(u64::try_from(server.as_nanos())?),
        })
    }

    fn request(&self, account: &Account) -> (PendingRequest, Request) {
        let mut rng = os::rng();
        let room = RootKey::generate_v0(&mut rng).room_id();
        let context = CreateCredentialRequestContext::new(&room, Randomness::random(&mut rng));
        let request = STANDARD.encode(context.request().to_bytes());
        let body = json!({ "createCallLinkCredentialRequest": request }).to_string();
        let headers = format!("authorization: {}\r\n", account.authorization);
        let asked = PendingRequest {
            aci: account.aci,
            context,
        };
        (asked, Request::post(PATH, &self.host, &headers, &body, 200))
    }

    /// Checks that an answer is a credential for today, and with `receive` that it verifies.
    fn check(&self, asked: &PendingRequest, body: &[u8], receive: bool) -> Result<()> {
        let answer: Answer = serde_json::from_slice(body)?;
        let bytes = STANDARD.decode(answer.credential)?;
        ensure!(
            bytes.len() == CreateCredentialResponse::LENGTH,
            "{} bytes",
            bytes.len()
        );
        let now = os::now();
        let day = now.start_of_day().as_secs();
        // A run may continue past midnight.
        let age = day.checked_sub(answer.redemption_time);
        ensure!(
            age.is_some_and(|age| age <= anteroom_protocol::DAY),
            "another day"
        );
        if receive {
            let response = CreateCredentialResponse::from_bytes(&bytes)?;
            let candidates = self.params.issuing_generic(now)?;
            let verifies = candidates.iter().any(|listed| {
                let received = asked.context.receive(&response, &asked.aci, &listed.params);
                received.is_ok()
            });
            ensure!(verifies, "it does not verify");
        }
        Ok(())
    }
}
