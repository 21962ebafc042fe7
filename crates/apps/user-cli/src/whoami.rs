//! `anteroom whoami`

use anteroom_console::{context::Context, fields::Fields, terminal::day};
use anteroom_protocol::Timestamp;
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
    let email = stored_login.as_ref().map(|login| &*login.session.email);
    let until = stored_login.as_ref().map(|login| login.until);
    let report = Report {
        issuer: session.client.base_url().as_str(),
        uuid: &uuid,
        device_id: me.device.as_u32(),
        pni: pni.as_deref(),
        email: email.map(String::as_str),
        session_until: until.map(Timestamp::as_secs),
    };
    let until = until.map(|until| format!("{}, and longer with every use", day(until)));
    let with = stored_login.is_none().then_some("the device's password");
    let fields = Fields::new(9)
        .line("issuer", report.issuer)
        .line("account", &uuid)
        .optional("pni", report.pni)
        .line("device", report.device_id)
        .optional("email", report.email)
        .optional("until", until)
        .optional("with", with);
    context.show(&report, fields.text())
}
