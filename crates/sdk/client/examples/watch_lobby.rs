//! Joins a call as an admin and prints the accounts that wait in its lobby, until the call ends.
//!
//! The link and the secret of its admins, as `create_link` prints them, are read from files:
//!
//! ```sh
//! export ANTEROOM_ISSUER_URL=http://127.0.0.1:8080 ANTEROOM_ACCOUNT=… ANTEROOM_DEVICE_PASSWORD=…
//! cargo run --package anteroom-client --example watch_lobby -- link.txt secret.txt
//! ```
#![expect(clippy::print_stdout, reason = "a program speaks on standard output")]

use std::{collections::BTreeSet, env, fs};

use anteroom_client::{
    Aci, AdminRights, CallEvent, CallLink, Client, DemuxId, DeviceCredentials, EndReason, Error,
    Participant, ServiceId,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = env::args().skip(1);
    let mut next = || {
        files
            .next()
            .ok_or("name a file with the link, and one with the admin secret")
    };
    let link = CallLink::parse(&fs::read_to_string(next()?)?)?;
    let rights = AdminRights::parse(&fs::read_to_string(next()?)?)?;
    let account = env::var("ANTEROOM_ACCOUNT")?;
    let device = DeviceCredentials::parse(&account, env::var("ANTEROOM_DEVICE_PASSWORD")?)?;
    let client = Client::connect(&env::var("ANTEROOM_ISSUER_URL")?, device).await?;
    let print = |_, account: Option<Aci>| {
        let account = account.map(|aci| aci.to_uuid_string());
        println!("{} waits", account.as_deref().unwrap_or("somebody"));
    };
    println!(
        "the call is over: {:?}",
        watch(&client, &link, &rights, print).await?
    );
    Ok(())
}

/// Joins, and reports each device in the lobby with its account, until the call ends.
pub(crate) async fn watch(
    client: &Client,
    link: &CallLink,
    rights: &AdminRights,
    mut report: impl FnMut(DemuxId, Option<Aci>),
) -> Result<EndReason, Error> {
    let mut call = client.join_as_admin(link, rights).await?;
    let mut known = BTreeSet::new();
    while let Some(event) = call.next().await {
        let waiting = match event {
            CallEvent::Joined(joined) => joined.roster.pending,
            CallEvent::Roster(roster) | CallEvent::Restored { roster, .. } => roster.pending,
            CallEvent::Ended(end_reason) => return Ok(end_reason),
            _ => continue,
        };
        for one in &waiting {
            if known.insert(one.demux) {
                report(one.demux, account(link, one));
            }
        }
        known.retain(|demux| waiting.iter().any(|one| one.demux == *demux));
    }
    Ok(EndReason::Left)
}

/// Returns the account of a device. The room service does not know it: the link's key decrypts it.
fn account(link: &CallLink, one: &Participant) -> Option<Aci> {
    let user = one.user.as_ref()?;
    match user.decrypt(&link.root_key.secret_params()).ok()? {
        ServiceId::Aci(aci) => Some(aci),
        ServiceId::Pni(_) => None,
    }
}
