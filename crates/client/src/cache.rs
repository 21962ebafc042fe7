//! A week of credentials in memory.

use std::{collections::HashMap, sync::Arc};

use anteroom_protocol::{Aci, Timestamp};
use tokio::sync::Mutex;

use crate::{Account, ClientError, DayCredentials, DayRange, IssuerClient, TrustedParams};

/// Keeps what was issued until its day is over.
///
/// Whatever day is asked for, the issuer is asked for the same week, so that the times of its
/// requests say nothing about when a credential is used. Credentials are never written anywhere.
#[derive(Debug, Default)]
pub struct CredentialCache {
    days: Mutex<HashMap<(Aci, Timestamp), Arc<DayCredentials>>>,
}

impl CredentialCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The credentials of the day of `moment`: kept ones, or freshly fetched ones.
    ///
    /// Callers at the same time wait for one request. A day that came without group credentials
    /// is handed out but not kept.
    ///
    /// # Errors
    /// [`ClientError::Range`] if the day is not in the week from `now` on; else as
    /// [`IssuerClient::day_credentials`].
    pub async fn day(
        &self,
        client: &IssuerClient,
        account: &Account,
        params: &TrustedParams,
        moment: Timestamp,
        now: Timestamp,
    ) -> Result<Arc<DayCredentials>, ClientError> {
        let day = moment.start_of_day();
        let week = DayRange::week_from(now);
        if day < week.first() || week.last() < day {
            return Err(ClientError::Range);
        }
        let mut days = self.days.lock().await;
        days.retain(|(_, day), _| *day >= now.start_of_day());
        if let Some(kept) = days.get(&(account.aci, day))
            && params.verifies(kept.auth.params, now)
        {
            return Ok(Arc::clone(kept));
        }
        let mut wanted = None;
        for fetched in client.day_credentials(account, week, params, now).await? {
            let fetched = Arc::new(fetched);
            if fetched.day == day {
                wanted = Some(Arc::clone(&fetched));
            }
            if fetched.group.is_some() {
                days.insert((account.aci, fetched.day), fetched);
            }
        }
        wanted.ok_or(ClientError::Malformed("the day is missing"))
    }
}
