//! A service's database, as the commands of an operator use it.

use anteroom_console::{context::Context, failure::Failure, os};
use anteroom_protocol::Aci;
use anteroom_server::{database::ServiceSchema, databases, settings::Settings};
use anteroom_store::{Account, AccountKind, Email, IssuerDatabase as _, TransactionName};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SqliteDatabase};
use anyhow::bail;

use crate::operator_changes::{OperatorChanges, RoomChanges};

/// A database that is open for a command. A service that runs on it sees every change with the next request.
pub(crate) struct OperatorSession<'a, S: ServiceSchema> {
    pub(crate) database: SqliteDatabase<S>,
    pub(crate) settings: &'a Settings,
    pub(crate) context: &'a Context,
}

pub(crate) type IssuerSession<'a> = OperatorSession<'a, IssuerSchema>;
pub(crate) type RoomsSession<'a> = OperatorSession<'a, RoomsSchema>;

impl<'a, S: ServiceSchema> OperatorSession<'a, S> {
    /// Runs a command on the database, which must be there.
    pub(crate) async fn run(
        settings: &'a Settings,
        context: &'a Context,
        command: impl AsyncFnOnce(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let session = Self {
            database: open(context).await?,
            settings,
            context,
        };
        let done = command(&session).await;
        session.database.close().await;
        done
    }
}

impl RoomsSession<'_> {
    /// Opens the outputs of the events of changes. Called before a change is made.
    pub(crate) fn changes(&self) -> anyhow::Result<RoomChanges> {
        RoomChanges::open(self.settings, &self.context.data, &self.database)
    }
}

impl IssuerSession<'_> {
    /// Opens the outputs of the events of changes. Called before a change is made.
    pub(crate) fn changes(&self) -> anyhow::Result<OperatorChanges> {
        OperatorChanges::open(self.settings, &self.context.data, &self.database)
    }

    /// Returns the account that is named by its UUID or by the address of its login.
    pub(crate) async fn find(&self, name: &str) -> anyhow::Result<Aci> {
        const NAME: TransactionName = TransactionName::new("find account");
        let mut reader = self.database.read(NAME).await?;
        let found = if name.contains('@') {
            let email = Email::parse(name)?;
            let found = reader.login_by_email(&email).await?;
            found.map(|(login, _)| login.aci)
        } else {
            let aci = Aci::parse(name).map_err(|_| {
                Failure::failed("that is no name of an account")
                    .next("Give its UUID, or the email address of its login")
            })?;
            reader.account(&aci).await?.map(|account| account.aci)
        };
        Ok(found.ok_or_else(no_account)?)
    }
}

/// Refuses to give a guest more than its one device.
pub(crate) fn refuse_guest(account: &Account, what: &str) -> anyhow::Result<()> {
    if account.kind == AccountKind::Guest {
        bail!(
            Failure::failed(format!("a guest has no {what}"))
                .next("Add an account for the person with `anteroom account add`")
        );
    }
    Ok(())
}

/// Returns a database, which must be there.
pub(crate) async fn open<S: ServiceSchema>(context: &Context) -> anyhow::Result<SqliteDatabase<S>> {
    databases::open_existing(&context.data, &context.environment, os::now()).await
}

/// The failure of a command on an account that is not there.
pub(crate) fn no_account() -> Failure {
    Failure::failed("there is no such account").next("Look at `anteroom account list`")
}
