//! Creates the link of a room and prints it, with the secret of its admins.
//!
//! ```sh
//! export ANTEROOM_ISSUER_URL=http://127.0.0.1:8080 ANTEROOM_ACCOUNT=… ANTEROOM_DEVICE_PASSWORD=…
//! cargo run --package anteroom-client --example create_link -- http://127.0.0.1:8081
//! ```
#![expect(clippy::print_stdout, reason = "a program speaks on standard output")]

use std::env;

use anteroom_client::{Approval, Client, DeviceCredentials, Error, OwnLink};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rooms = env::args().nth(1).ok_or("name the room service's URL")?;
    let account = env::var("ANTEROOM_ACCOUNT")?;
    let device = DeviceCredentials::parse(&account, env::var("ANTEROOM_DEVICE_PASSWORD")?)?;
    let client = Client::connect(&env::var("ANTEROOM_ISSUER_URL")?, device).await?;
    let own = create(&client, &rooms).await?;
    println!("{}", own.link.to_url().as_str());
    println!("{}", own.rights.to_text().as_str());
    Ok(())
}

/// Creates a link with a lobby.
pub(crate) async fn create(client: &Client, rooms: &str) -> Result<OwnLink, Error> {
    client.create_link(rooms, Approval::Required).await
}
