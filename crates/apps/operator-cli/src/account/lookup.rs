//! Accounts as the commands find and print them.

use anteroom_console::{context::Context, failure::Failure, os};
use anteroom_protocol::Aci;
use anteroom_server::databases;
use anteroom_store::{Email, IssuerDatabase as _, TransactionName};
use anteroom_store_sqlite::SqliteIssuer;

/// Returns the issuer's database, which must be there.
pub(crate) async fn open(context: &Context) -> anyhow::Result<SqliteIssuer> {
    databases::open_existing(&context.data, &context.environment, os::now()).await
}

/// Returns the account that is named by its UUID or by the address of its login.
pub(crate) async fn find(database: &SqliteIssuer, name: &str) -> anyhow::Result<Aci> {
    const NAME: TransactionName = TransactionName::new("find account");
    let mut reader = database.read(NAME).await?;
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

/// The failure of a command on an account that is not there.
pub(crate) fn no_account() -> Failure {
    Failure::failed("there is no such account").next(LIST_ACCOUNTS)
}

pub(crate) const LIST_ACCOUNTS: &str = "Look at `anteroom account list`";
