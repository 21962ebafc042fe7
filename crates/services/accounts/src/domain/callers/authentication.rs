//! The authentication of a request, with the changes that it causes.

use std::sync::Arc;

use anteroom_runtime::ClientAddress;

use crate::{
    domain::{
        callers::{caller::Caller, credentials::Credentials},
        devices::announcement::announce,
        failure::Failure,
    },
    state::AccountsState,
};

/// Authenticates a request from a client: `None` if the credentials are missing or wrong.
///
/// # Errors
/// Those of the database, if the caller is not cached.
pub(crate) async fn authenticate(
    accounts: &Arc<AccountsState>,
    credentials: &Credentials,
    client: ClientAddress,
) -> Result<Option<Caller>, Failure> {
    let address = accounts.address(client);
    let mut changes = Vec::new();
    let caller = accounts
        .authenticator
        .authenticate(
            credentials,
            address,
            &*accounts.storage.entropy,
            &mut changes,
        )
        .await;
    for change in &changes {
        announce(accounts, change);
    }
    caller
}
