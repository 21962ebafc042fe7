//! `anteroom account`: on the issuer's database itself. A service that runs on it sees every change
//! with the next request.

pub(crate) mod address;
mod change;
mod invite;
mod invites;
mod list;
mod lock;
pub(crate) mod password;
mod report;
mod sessions;
mod show;

use anteroom_console::context::Context;
use anteroom_server::settings::Settings;

use crate::{
    account_add,
    arguments::{AccountCommand, InviteCommand},
    device,
    operator_session::IssuerSession,
};

/// Runs one of the commands on accounts.
pub async fn run(
    command: AccountCommand,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<()> {
    let work = async |session: &IssuerSession<'_>| run_on(session, command).await;
    IssuerSession::run(settings, context, work).await
}

async fn run_on(session: &IssuerSession<'_>, command: AccountCommand) -> anyhow::Result<()> {
    match command {
        AccountCommand::Add(options) => account_add::run(session, &options).await,
        AccountCommand::List => list::run(session).await,
        AccountCommand::Show(account) => show::run(session, &account.account).await,
        AccountCommand::Device(command) => device::run_on(session, command).await,
        AccountCommand::Disable { account, yes } => {
            change::disable(session, &account.account, yes).await
        }
        AccountCommand::Enable(account) => change::enable(session, &account.account).await,
        AccountCommand::Unlock(account) => lock::unlock(session, &account.account).await,
        AccountCommand::Sessions(options) => {
            let account = &options.account.account;
            if options.end {
                sessions::end(session, account, options.yes).await
            } else {
                sessions::list(session, account).await
            }
        }
        AccountCommand::Role { account, role } => {
            change::role(session, &account.account, role).await
        }
        AccountCommand::Delete { account, yes } => {
            change::delete(session, &account.account, yes).await
        }
        AccountCommand::Invite(options) => match options.command {
            Some(InviteCommand::List) => invites::list(session).await,
            Some(InviteCommand::Cancel { invite, yes, .. }) => {
                invites::cancel(session, invite.as_deref(), yes).await
            }
            None => invite::run(session, options.days).await,
        },
        AccountCommand::SetPassword(options) => password::set(session, &options).await,
    }
}
