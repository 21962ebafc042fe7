//! `anteroom whoami`

use anteroom_console::{
    context::Context,
    terminal::{day, print, print_json},
};
use serde::Serialize;

use crate::{arguments::ClientFlags, session::Session};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    issuer: &'a str,
    uuid: &'a str,
    device_id: u32,
    pni: Option<&'a str>,
    email: Option<&'a str>,
    /// The time at which the login ends without further use, in seconds since 1970.
    session_until: Option<u64>,
}

/// Shows the account under which the issuer knows this user.
pub async fn run(flags: &ClientFlags, context: &Context) -> anyhow::Result<()> {
    let session = Session::open(flags, context)?;
    let me = session.client.whoami().await?;
    // The login is read after the request, which may have renewed it.
    let stored_login = match &session.login {
        Some(login) => login.load()?,
        None => None,
    };
    let uuid = me.aci.to_uuid_string();
    let pni = me.pni.map(|pni| pni.to_uuid_string());
    let report = Report {
        issuer: session.client.base_url().as_str(),
        uuid: &uuid,
        device_id: me.device.as_u32(),
        pni: pni.as_deref(),
        email: stored_login
            .as_ref()
            .map(|stored_login| stored_login.session.email.as_str()),
        session_until: stored_login
            .as_ref()
            .map(|stored_login| stored_login.until.as_secs()),
    };
    if context.json {
        return print_json(&report);
    }
    print(&format!("  issuer   {}", report.issuer))?;
    print(&format!("  account  {uuid}"))?;
    if let Some(pni) = report.pni {
        print(&format!("  pni      {pni}"))?;
    }
    print(&format!("  device   {}", report.device_id))?;
    match &stored_login {
        Some(stored_login) => {
            print(&format!("  email    {}", *stored_login.session.email))?;
            let until = day(stored_login.until);
            print(&format!("  until    {until}, and longer with every use"))?;
        }
        None => print("  with     the device's password")?,
    }
    Ok(())
}
