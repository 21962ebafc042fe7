//! Joins a call and repeats what others say, until the call ends.
//!
//! The link is read from a file, since other users of the machine can read the arguments of a program:
//!
//! ```sh
//! export ANTEROOM_ISSUER_URL=http://127.0.0.1:8080 ANTEROOM_ACCOUNT=… ANTEROOM_DEVICE_PASSWORD=…
//! cargo run --package anteroom-client --example join_and_echo -- link.txt
//! ```
#![expect(clippy::print_stdout, reason = "a program speaks on standard output")]

use std::{env, fs};

use anteroom_client::{
    CallEvent, CallLink, Chat, Client, DeviceCredentials, EndReason, Error, SeatStatus,
};

const NAME: &str = "Echo";
/// The start of each answer. Texts with this start are not answered, so that two bots do not answer each
/// other forever.
const MARK: &str = "echo: ";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = env::args().nth(1).ok_or("name a file with the link")?;
    let link = CallLink::parse(&fs::read_to_string(file)?)?;
    let account = env::var("ANTEROOM_ACCOUNT")?;
    let device = DeviceCredentials::parse(&account, env::var("ANTEROOM_DEVICE_PASSWORD")?)?;
    let client = Client::connect(&env::var("ANTEROOM_ISSUER_URL")?, device).await?;
    println!("the call is over: {:?}", echo(&client, &link).await?);
    Ok(())
}

/// Joins, waits in the lobby if there is one, and answers until the call ends.
pub(crate) async fn echo(client: &Client, link: &CallLink) -> Result<EndReason, Error> {
    let mut call = client.join(link).await?;
    while let Some(event) = call.next().await {
        match (event.chat(), event) {
            (Some(Chat::Text { text }), _) if !text.starts_with(MARK) => {
                call.say(format!("{MARK}{text}")).await?;
            }
            // New devices have not received the name yet.
            (_, CallEvent::Admitted { .. } | CallEvent::Roster(_)) => call.introduce(NAME).await?,
            (_, CallEvent::Joined(joined)) if joined.status == SeatStatus::Active => {
                call.introduce(NAME).await?;
            }
            (_, CallEvent::Ended(end_reason)) => return Ok(end_reason),
            _ => {}
        }
    }
    Ok(EndReason::Left)
}
