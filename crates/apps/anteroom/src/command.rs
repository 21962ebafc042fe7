//! The commands, one file each.

mod completions;
mod demo;
mod man;

use anteroom_console::{
    context::Context, data_dir::DataDir, environment::Environment, exit_status::ExitStatus, os,
    terminal::print,
};
use anteroom_operator_cli::{
    account,
    arguments::{DeviceRequest, RotatedKind},
    backup, device, doctor, keys,
    operator_changes::{ChangedServices, CommandRecord},
    restore, room, status,
};
use anteroom_server::{
    checks, logging, serve,
    settings::{self, Scope},
};
use anteroom_user_cli::{
    arguments::{CallCommand, Credential},
    call, credential_auth, credential_create, credential_renew, link, login, logout, own_devices,
    relays, trust, whoami,
};

use crate::cli::{Cli, Command, DocumentationCommand, Keys};

/// Runs the command of the command line. Returns the exit status of a completed command.
pub(crate) async fn run(cli: Cli, environment: &Environment) -> anyhow::Result<ExitStatus> {
    // This works with any settings, since the start-up file of a shell may call it.
    if let Command::Description(description) = &cli.command {
        return describe(description).map(|()| ExitStatus::Done);
    }
    let config = cli.common.config.as_deref();
    let scope = cli.command.scope();
    let settings = settings::load(config, environment, &cli.settings(), scope)?;
    let log = match cli.command {
        Command::Serve(ref options) if !options.check => {
            Some(logging::start_service(&settings.log)?)
        }
        _ => {
            logging::start(&settings.log)?;
            None
        }
    };
    os::protect_memory();
    if scope == Scope::Client {
        for name in settings::unknown_variables(environment)? {
            tracing::warn!("the variable {name} is unknown here and ignored");
        }
    }
    let is_named = settings::names_data(config, environment, &cli.settings(), scope)?;
    let context = Context {
        json: cli.common.json,
        data: DataDir::new(settings.data.clone()).named(is_named),
        environment: environment.clone(),
    };
    let data = &context.data;
    let flags = cli.settings();
    let configuration = || settings::find_file(config, environment, &flags, Scope::Server);
    let record = record_of(&cli.command);
    let changes = ChangedServices::default();
    let done = match cli.command {
        Command::Serve(options) if options.check => {
            let findings = checks::of_this_machine(&settings, data, environment).await;
            return checks::show(&findings, context.json);
        }
        Command::Doctor(options) if options.outside => {
            return doctor::outside(&options, &context, async |url| {
                relays::of_issuer(url, &context).await
            })
            .await;
        }
        Command::Doctor(options) => {
            return doctor::inside(&options, &settings, &context).await;
        }
        Command::Serve(options) => {
            let new = options.new.iter().map(|new| new.file_name()).collect();
            serve::run(&settings, data, environment, new, log.as_ref()).await
        }
        Command::Account(command) => account::run(command, &settings, &context).await,
        Command::Device(command) if command.is_own() => {
            let DeviceRequest { own, action, .. } = command.request()?;
            own_devices::run(action, &own, &context).await
        }
        Command::Device(command) => device::run(command, &settings, &context).await,
        Command::Status => {
            let configuration = configuration()?;
            status::run(configuration, &settings, &context).await
        }
        Command::Room(command) => room::run(command, &settings, &context).await,
        Command::Login(options) => login::run(&options, &context).await,
        Command::Logout {
            issuer,
            everywhere,
            yes,
        } => logout::run(issuer.as_deref(), everywhere, yes, &context).await,
        Command::Whoami(options) => whoami::run(&options, &context).await,
        Command::Credential(command) => match command {
            Credential::Create(options) => credential_create::run(&options, &context).await,
            Credential::Auth(options) => credential_auth::run(&options, &context).await,
            Credential::Renew(options) => credential_renew::run(&options, &context).await,
        },
        Command::Relays(options) => relays::run(&options, &context).await,
        Command::Keys(command) => match command {
            Keys::List => keys::list::run(&settings, &context).await,
            Keys::Rotate(options) => keys::rotate::run(&options, &context, &changes).await,
            Keys::ExportPublic { out } => keys::public::export(&out, &context).await,
            Keys::Trust { file, issuer } => trust::run(&file, issuer.as_deref(), &context),
            Keys::Export { out } => keys::transfer::export(&out, &context, &changes).await,
            Keys::Import { file, new } => {
                keys::transfer::import(&file, new, &context, &changes).await
            }
        },
        Command::Link(command) => link::run(command, &context).await,
        Command::Call(CallCommand::Join(options)) => {
            return call::join(&options, &context).await;
        }
        Command::Call(CallCommand::Play(options)) => {
            return call::play(&options, &context).await;
        }
        Command::Call(CallCommand::Record(options)) => {
            return call::record(&options, &context).await;
        }
        Command::Call(CallCommand::End { link, yes, rooms }) => {
            link::end_call(&link, yes, &rooms, &context).await
        }
        Command::Settings => Ok(print(settings::reference()?.trim_end())?),
        Command::Backup { folder } => {
            let configuration = configuration()?;
            backup::run(&folder, configuration, &context, &changes).await
        }
        Command::Restore { folder } => restore::run(&folder, &context, &changes).await,
        Command::Demo => demo::run(&settings).await,
        Command::Description(description) => describe(&description),
    };
    if let Some(record) = record {
        let record = match &done {
            Ok(()) => record,
            Err(_) => record.of_failed(&changes),
        };
        record.write(&settings, data);
    }
    done.map(|()| ExitStatus::Done)
}

/// Returns the record of a command; `None` for one that changes nothing, or that records itself.
const fn record_of(command: &Command) -> Option<CommandRecord> {
    let (action, of_issuer, of_rooms) = match command {
        Command::Keys(Keys::Rotate(options)) => match options.kind {
            RotatedKind::Token => ("keys.token_rotated", true, false),
            RotatedKind::Generic => ("keys.generic_rotated", true, false),
            RotatedKind::Group => ("keys.group_rotated", true, false),
            RotatedKind::Guest => ("keys.guest_rotated", true, false),
            RotatedKind::Certificates => ("keys.certificates_rotated", true, false),
            RotatedKind::Data => ("keys.data_rotated", true, true),
            RotatedKind::Event => ("keys.event_rotated", true, true),
            RotatedKind::Master => ("keys.master_rotated", true, true),
        },
        Command::Keys(Keys::Export { .. }) => ("keys.exported", true, false),
        Command::Keys(Keys::Import { .. }) => ("keys.imported", false, true),
        Command::Backup { .. } => ("backup.made", true, true),
        Command::Restore { .. } => ("backup.restored", true, true),
        _ => return None,
    };
    Some(CommandRecord::new(action, of_issuer, of_rooms))
}

fn describe(description: &DocumentationCommand) -> anyhow::Result<()> {
    match description {
        DocumentationCommand::Completions { shell } => completions::run(*shell),
        DocumentationCommand::Man { folder } => man::run(folder),
    }
}

impl Command {
    /// Returns the settings that the command reads.
    pub(crate) const fn scope(&self) -> Scope {
        match self {
            Self::Device(device) if device.is_own() => Scope::Client,
            // Checks from another machine use no settings of a server.
            Self::Doctor(options) if options.outside => Scope::Client,
            Self::Serve(_)
            | Self::Doctor(_)
            | Self::Account(_)
            | Self::Device(_)
            | Self::Room(_)
            | Self::Status
            | Self::Keys(_)
            | Self::Backup { .. }
            | Self::Restore { .. }
            | Self::Demo => Scope::Server,
            Self::Login(_)
            | Self::Logout { .. }
            | Self::Whoami(_)
            | Self::Credential(_)
            | Self::Relays(_)
            | Self::Link(_)
            | Self::Call(_)
            | Self::Settings
            | Self::Description(_) => Scope::Client,
        }
    }
}
