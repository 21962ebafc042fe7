//! The rights to a link, and the step to them.

use anteroom_console::failure::Failure;

use super::LinkTarget;
use crate::links::OwnLink;

impl LinkTarget {
    /// Returns the link, if the user has its passkey.
    pub(crate) fn own(&self) -> anyhow::Result<&OwnLink> {
        self.own.as_ref().ok_or_else(|| {
            Failure::new("passkey_missing", "you do not have this link's passkey")
                .next(format!(
                    "Ask an admin of the link for its secret, and use anteroom link import LINK \
                     --secret-file FILE --rooms {}",
                    self.rooms_url()
                ))
                .into()
        })
    }

    /// Returns the address of the room service that the link names, or the placeholder for one.
    pub(crate) fn rooms_url(&self) -> String {
        let scheme = if self.link.is_plain { "http" } else { "https" };
        match self.link.host.as_str() {
            "" => "URL".to_owned(),
            host => format!("{scheme}://{host}"),
        }
    }
}
