//! `anteroom call join`

use std::io::{self, IsTerminal as _};

use anteroom_call_terminal::{
    ending,
    own_name::NameFile,
    participation::CallParticipation,
    plain::{self, LineForm},
    screen,
};
use anteroom_console::{context::Context, exit_status::ExitStatus};

use super::visit::enter;
use crate::{
    arguments::CallJoin, links::LinkStore, room_session::LinkTarget, secret_text::Input,
    user_directory::user_directory,
};

/// Joins a call and stays until it ends, the input ends, or the user leaves. The exit status describes the
/// end, and so does the error of a stay that others ended.
pub async fn join(options: &CallJoin, context: &Context) -> anyhow::Result<ExitStatus> {
    let store = LinkStore::of_user(&context.environment)?;
    let named = LinkTarget::read(options.link.link.as_deref(), Input::FirstLine, &store)?;
    named.check_admin_key()?;
    let names = NameFile::of_user(&user_directory()?);
    let name = names.name(options.entry.name.as_deref(), || names.ask())?;
    let entered = enter(&options.entry, &named, name.clone(), context).await?;
    let participation = CallParticipation::new(entered.call, name, &named.link);
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let failure = if context.json {
        plain::run(participation, LineForm::Json).await?
    } else if options.plain || !is_terminal {
        plain::run(participation, LineForm::Text).await?
    } else {
        screen::run(participation, entered.notices.into_iter()).await?
    };
    if let Some(report) = &failure {
        report.print(context.json);
    }
    Ok(ending::exit_status(failure.as_ref()))
}
