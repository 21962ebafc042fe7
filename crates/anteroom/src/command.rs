//! The commands, one file each.

mod account;
mod account_add;
mod call;
mod credential_auth;
mod credential_create;
mod demo;
mod device;
mod keys;
mod link;
mod login;
mod relays;
mod serve;
mod steps;
mod whoami;

use crate::{
    cli::{Call, Cli, Command, Credential, Keys},
    data_dir::DataDir,
    environment::Environment,
    logging, settings,
};

/// Runs the command that was asked for.
pub(crate) async fn run(cli: Cli, environment: &Environment) -> anyhow::Result<()> {
    let settings = settings::load(cli.common.config.as_deref(), environment, &cli.settings())?;
    logging::start(&settings.log)?;
    let data = DataDir::new(settings.data.clone());
    match cli.command {
        Command::Serve(_) => serve::run(&settings, &data, environment).await,
        Command::Account(command) => account::run(command, &settings, &data, environment).await,
        Command::Device(command) => device::run(command, &data, environment).await,
        Command::Login(options) => login::run(&options, &data, environment).await,
        Command::Logout { issuer } => login::log_out(issuer.as_deref(), &data, environment).await,
        Command::Whoami(options) => whoami::run(&options, &data, environment).await,
        Command::Credential(Credential::Create(options)) => {
            credential_create::run(&options, &data, environment).await
        }
        Command::Credential(Credential::Auth(options)) => {
            credential_auth::run(&options, &data, environment).await
        }
        Command::Relays(options) => relays::run(&options, &data, environment).await,
        Command::Keys(Keys::Export { out }) => keys::export(&out, &data, environment).await,
        Command::Keys(Keys::Import { file }) => keys::import(&file, &data, environment).await,
        Command::Link(command) => link::run(command, &data, environment).await,
        Command::Call(Call::Join(options)) => call::join(&options, &data, environment).await,
        Command::Demo => demo::run(&settings).await,
    }
}
