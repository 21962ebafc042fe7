//! The rate limits of client addresses, one for each operation.

use anteroom_runtime::{Admission, ClientAddress, RetryAfter, WindowSize, network_windows};

use crate::{domain::limits::Limits, settings::LoginLimits};

/// A limit of requests from one client address.
pub(crate) struct ClientLimit {
    /// The name of its windows. Operations with the same name share them.
    name: &'static str,
    /// The maximum number of requests.
    size: fn(&LoginLimits) -> WindowSize,
}

impl ClientLimit {
    const fn new(name: &'static str, size: fn(&LoginLimits) -> WindowSize) -> Self {
        Self { name, size }
    }
}

pub(crate) const LOGIN: ClientLimit = ClientLimit::new("login", |limits| limits.login);
pub(crate) const REFRESH: ClientLimit = ClientLimit::new("refresh", |limits| limits.token);
pub(crate) const SIGN_UP: ClientLimit = ClientLimit::new("sign-up", |limits| limits.sign_up);
pub(crate) const VERIFY: ClientLimit = ClientLimit::new("verify email", |limits| limits.token);
pub(crate) const RESEND: ClientLimit =
    ClientLimit::new("resend verification", |limits| limits.reset);

/// Requests for a reset and confirmations share their windows, because each confirmation costs a
/// hash.
pub(crate) const RESET: ClientLimit = ClientLimit::new("password reset", |limits| limits.reset);

/// Logouts have a limit of their own, so that no other limit refuses them.
pub(crate) const LOGOUT: ClientLimit = ClientLimit::new("logout", |limits| limits.logout);

impl Limits {
    /// Admits one more guest: under the limit of all networks of the client's address, the share of the
    /// widest in all guests, and the limit of all guests. A refused request counts in none of them.
    ///
    /// # Errors
    /// The time after which to try again, when a limit is reached.
    pub(crate) async fn admit_guest(&self, client: ClientAddress) -> Result<(), RetryAfter> {
        const NAME: &str = "guests";
        const ALL: &str = "all guests";
        let keys = &self.pseudonymizer;
        let mut windows = network_windows(keys, NAME, client, self.sizes.guests);
        if let Some(network) = client.groups().last() {
            let key = keys.network_limit_key(ALL, &network);
            windows.push((key, self.sizes.guests_of_network));
        }
        windows.push((keys.total_limit_key(ALL), self.sizes.all_guests));
        match self.limiter.take_in_windows(&windows, self.now()).await {
            Admission::Granted => Ok(()),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Admits a client under a limit, which applies to all networks of its address.
    ///
    /// # Errors
    /// The time after which to try again, when the limit is reached.
    pub(crate) async fn admit(
        &self,
        limit: &ClientLimit,
        client: ClientAddress,
    ) -> Result<(), RetryAfter> {
        let size = (limit.size)(&self.sizes);
        let windows = network_windows(&self.pseudonymizer, limit.name, client, size);
        match self.limiter.take_in_windows(&windows, self.now()).await {
            Admission::Granted => Ok(()),
            Admission::Limited(after) => Err(after),
        }
    }
}
