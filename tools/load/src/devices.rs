//! Manages devices of many accounts concurrently and repeatedly, and reports the time of each request.
//!
//! Reads one JSON request a line, `{"rounds"}`. In each round every account lists its devices, registers one,
//! renames it and deletes it. Answers with the nanoseconds of each request, by operation: `{"list": [],
//! "register": [], "rename": [], "delete": []}`. The first line of output reports that the program is ready.

use std::{num::NonZeroUsize, path::Path, time::Instant};

use anyhow::{Result, ensure};
use clap::Args;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    http::{Connection, Request},
    jobs,
    server::ServerSetup,
};

const PATH: &str = "/v1/devices";

/// Where the services run, and how many accounts are at work.
#[derive(Args)]
pub(crate) struct Options {
    /// The cores of the services, as `taskset --cpu-list` takes them.
    #[arg(long, value_name = "LIST")]
    server_cores: Option<String>,
    /// How many accounts manage their devices at the same time.
    #[arg(long, default_value = "20")]
    at_once: NonZeroUsize,
}

/// The work of one measurement.
#[derive(Deserialize)]
struct DeviceJob {
    rounds: usize,
}

/// The durations of the requests in nanoseconds, by operation.
#[derive(Default, Serialize)]
struct Times {
    list: Vec<u64>,
    register: Vec<u64>,
    rename: Vec<u64>,
    delete: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisteredDeviceBody {
    device_id: u32,
}

pub(crate) async fn run(anteroom: &Path, options: &Options) -> Result<()> {
    let setup = ServerSetup::with_plenty(anteroom, options.server_cores.clone())?;
    let mut server = setup.start().await?;
    let host = server.addresses.host_of_issuer()?;
    let mut owners = Vec::new();
    for _ in 0..options.at_once.get() {
        let authorization = setup.add().await?.authorization();
        owners.push(Owner {
            host: host.clone(),
            headers: format!("authorization: {authorization}\r\n"),
        });
    }
    jobs::follow(&json!({ "ready": true }), async |DeviceJob { rounds }| {
        ensure!(rounds > 0, "at least one round");
        let taken = try_join_all(owners.iter().map(|owner| owner.manage(rounds))).await?;
        server.check()?;
        let mut all = Times::default();
        for times in taken {
            all.list.extend(times.list);
            all.register.extend(times.register);
            all.rename.extend(times.rename);
            all.delete.extend(times.delete);
        }
        Ok(all)
    })
    .await
}

/// An account with a device that manages the others.
struct Owner {
    host: String,
    headers: String,
}

impl Owner {
    /// Runs `rounds` rounds, one after the other, over a connection of its own.
    async fn manage(&self, rounds: usize) -> Result<Times> {
        let (host, headers) = (self.host.as_str(), self.headers.as_str());
        let mut connection = Connection::open(host).await?;
        let mut times = Times::default();
        let list = Request::get(PATH, host, headers, 200);
        let register = Request::post(PATH, host, headers, r#"{"name":"measured"}"#, 200);
        for _ in 0..rounds {
            times.list.push(timed(&mut connection, &list).await?.0);
            let (time, body) = timed(&mut connection, &register).await?;
            times.register.push(time);
            let RegisteredDeviceBody { device_id } = serde_json::from_slice(&body)?;
            let path = format!("{PATH}/{device_id}");
            let body = r#"{"name":"renamed"}"#;
            let rename = Request::with_body("PATCH", &path, host, headers, body, 204);
            times.rename.push(timed(&mut connection, &rename).await?.0);
            let delete = Request::delete(&path, host, headers);
            times.delete.push(timed(&mut connection, &delete).await?.0);
        }
        Ok(times)
    }
}

async fn timed(connection: &mut Connection, request: &Request) -> Result<(u64, Vec<u8>)> {
    let start = Instant::now();
    let body = connection.exchange(request).await?;
    Ok((u64::try_from(start.elapsed().as_nanos())?, body))
}
