//! Peeks at a call at the highest rate. The requests are prepared before the time starts.

use std::{path::Path, time::Instant};

use anteroom_client::{RoomsClient, Timeouts};
use anteroom_protocol::{
    Aci, AuthCredentialResponse, AuthPresentation, GenericSecretParams, Mode, Randomness, RootKey,
};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;

use crate::{
    accounts::{Link, LoadAccount},
    crowd::Room,
    http::{Connections, Request},
    jobs::{self, JobTimes, LoadJob},
    os,
    server::ServerSetup,
};

const OPERATIONS: [&str; 5] = [
    "peek_fresh",
    "peek_repeated",
    "unknown_room",
    "health",
    "parse_and_verify",
];
const PEEK: &str = "/v2/conference/participants";
const HEALTH: &str = "/health/live";

/// Where the services run.
#[derive(Args)]
pub(crate) struct Options {
    /// The cores of the services, as `taskset --cpu-list` takes them.
    #[arg(long, value_name = "LIST")]
    server_cores: Option<String>,
}

struct Load {
    connections: Connections,
    host: String,
    account: LoadAccount,
    link: Link,
    unknown: RootKey,
}

pub(crate) async fn run(anteroom: &Path, options: &Options) -> Result<()> {
    let setup = ServerSetup::with_plenty(anteroom, options.server_cores.clone())?;
    let mut server = setup.start().await?;
    let addresses = server.addresses.clone();
    let client = RoomsClient::new(&addresses.rooms, Timeouts::default())?;
    let device = setup.add().await?.credentials()?;
    let account = LoadAccount::new(device, &addresses).await?;
    let link = account.create_link(&addresses, &client, "Measured").await?;
    // A call with one in it.
    let device = setup.add().await?.credentials()?;
    let host = LoadAccount::new(device, &addresses).await?;
    let mut room = Room::new(link.clone(), [host].into(), 1);
    room.open(&client).await?;

    let host = addresses.host_of_rooms()?;
    let mut load = Load {
        connections: Connections::new(&host),
        host,
        account,
        link,
        unknown: RootKey::generate_v0(&mut os::rng()),
    };
    jobs::follow(&json!({ "operations": OPERATIONS }), async |job| {
        let nanoseconds = load.time(&job).await?;
        room.check()?;
        server.check()?;
        Ok(JobTimes {
            nanoseconds,
            server_nanoseconds: None,
        })
    })
    .await
}

impl Load {
    async fn time(&mut self, job: &LoadJob) -> Result<u64> {
        let count = job.iterations;
        let requests = match job.operation.as_str() {
            "peek_fresh" => self.peeks(&self.account.presentations(&self.link, count)?),
            "peek_repeated" => {
                let one = self.account.presentations(&self.link, 1)?;
                let one = one.first().context("no presentation")?;
                self.peeks(&vec![one.clone(); count])
            }
            "unknown_room" => {
                let one = self.account.presentations(&self.link, 1)?;
                let one = one.first().context("no presentation")?;
                let headers = self.headers(&self.unknown, one);
                vec![Request::get(PEEK, &self.host, &headers, 404); count]
            }
            "health" => vec![Request::get(HEALTH, &self.host, "", 204); count],
            "parse_and_verify" => return parse_and_verify(count),
            unknown => bail!("{unknown} is unknown"),
        };
        self.connections.reopen().await?;
        let start = Instant::now();
        self.connections.send(&requests).await?;
        Ok(u64::try_from(start.elapsed().as_nanos())?)
    }

    fn peeks(&self, presentations: &[String]) -> Vec<Request> {
        let peek = |presentation: &String| {
            let headers = self.headers(&self.link.room, presentation);
            Request::get(PEEK, &self.host, &headers, 200)
        };
        presentations.iter().map(peek).collect()
    }

    fn headers(&self, room: &RootKey, presentation: &str) -> String {
        let room = room.room_id().to_hex();
        format!("x-room-id: {room}\r\nauthorization: Bearer auth.{presentation}\r\n")
    }
}

/// Measures a peek's verification alone, on one thread: fresh presentations are parsed and verified under
/// params of this process.
fn parse_and_verify(count: usize) -> Result<u64> {
    let mut rng = os::rng();
    let now = os::now();
    let day = now.start_of_day();
    let params = GenericSecretParams::generate(Mode::Standard, Randomness::random(&mut rng));
    let room = RootKey::generate_v0(&mut rng).secret_params();
    let aci = Aci::random(&mut rng);
    let randomness = Randomness::random(&mut rng);
    let response = AuthCredentialResponse::issue(&aci, day, &params, randomness)?;
    let public = params.public_params();
    let credential = response.receive(&aci, day, public)?;
    let mut present = |_| {
        let randomness = Randomness::random(&mut rng);
        let presentation = credential.present(&aci, day, public, &room, randomness)?;
        Ok(presentation.to_bytes())
    };
    let presentations = (0..count)
        .map(&mut present)
        .collect::<Result<Vec<Vec<u8>>>>()?;
    let room = room.public_params();
    let start = Instant::now();
    for bytes in &presentations {
        AuthPresentation::from_bytes(bytes)?.verify(now, &params, &room)?;
    }
    Ok(u64::try_from(start.elapsed().as_nanos())?)
}
