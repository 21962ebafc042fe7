//! The rate limits of client addresses, one for each operation.

use anteroom_runtime::{Admission, ClientAddress, RetryAfter, WindowSize, network_windows};

use crate::{domain::limits::Limits, settings::LoginLimits};

/// A limit of requests from one client address.
pub(crate) struct ClientLimit {
    /// The name of its windows. Operations with the same name share them.
    pub(crate) name: &'static str,
    /// The maximum number of requests.
    pub(crate) size: fn(&LoginLimits) -> WindowSize,
}

pub(crate) const LOGIN: ClientLimit = ClientLimit {
    name: "login",
    size: |limits| limits.login,
};

pub(crate) const REFRESH: ClientLimit = ClientLimit {
    name: "refresh",
    size: |limits| limits.token,
};

pub(crate) const SIGN_UP: ClientLimit = ClientLimit {
    name: "sign-up",
    size: |limits| limits.sign_up,
};

pub(crate) const VERIFY: ClientLimit = ClientLimit {
    name: "verify email",
    size: |limits| limits.token,
};

pub(crate) const RESEND: ClientLimit = ClientLimit {
    name: "resend verification",
    size: |limits| limits.reset,
};

/// Requests for a reset and confirmations share their windows, because each confirmation costs a
/// hash.
pub(crate) const RESET: ClientLimit = ClientLimit {
    name: "password reset",
    size: |limits| limits.reset,
};

/// Logouts have a limit of their own, so that no other limit refuses them.
pub(crate) const LOGOUT: ClientLimit = ClientLimit {
    name: "logout",
    size: |limits| limits.logout,
};

impl Limits {
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
