//! A link that was named on the command line, and the warnings about what it shows by itself.

use anteroom_client::{AdminPublicKey, Error};
use anteroom_console::failure::Failure;
use anteroom_protocol::{CallLink, LinkError};
use anyhow::bail;

use super::{LinkTarget, pasted};
use crate::{
    arguments::LinkArgument,
    links::LinkStore,
    secret_text::{self, Input},
};

impl LinkTarget {
    /// Parses an argument: a link, a root key, the short name of an own link, or the file that contains one
    /// of them.
    pub(crate) fn find(argument: &LinkArgument, store: &LinkStore) -> anyhow::Result<Self> {
        Self::read(Some(&argument.link), Input::Whole, store)
    }

    /// As [`Self::find`], with an optional argument; the rest of the input may be for the command.
    pub(crate) fn read(
        argument: Option<&str>,
        input: Input,
        store: &LinkStore,
    ) -> anyhow::Result<Self> {
        let text = secret_text::read(argument, "the link", input)?;
        let text = pasted::link(&text);
        if text.trim().is_empty() {
            bail!(
                Failure::new("link_unknown", "there is no link: the text is empty")
                    .next("Paste the whole link in quotes; anteroom link list shows your own")
            );
        }
        let mut link = match CallLink::parse(text) {
            Ok(link) => link,
            Err(LinkError::NotALink) => {
                let own = store.by_name(text.trim())?.ok_or_else(|| {
                    Failure::new(
                        "link_unknown",
                        "that is no link, no root key, and not the short name of a link of yours",
                    )
                    .next(
                        "Paste the whole link in quotes; anteroom link list shows your own. Short names of others' links \
                         are theirs alone",
                    )
                })?;
                return Ok(Self {
                    link: own.link.clone(),
                    own: Some(own),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let own = store.find(&link.root_key)?;
        let own_params = own.as_ref().and_then(|own| own.link.params);
        link.params = link.params.or(own_params);
        let own_admin = own.as_ref().and_then(|own| own.link.admin);
        link.admin = link.admin.or(own_admin);
        // A bare key, or a link that was cut off, does not bring certificates back.
        link.without_certificates |= own
            .as_ref()
            .is_some_and(|own| own.link.without_certificates);
        if own_admin.is_some() && link.admin != own_admin {
            bail!(
                Failure::new(
                    "link_admin_other",
                    "the link names another admin key than yours of the same room",
                )
                .next(
                    "It may be mistyped after admin=: use the link as anteroom link list --links shows it, in quotes",
                )
            );
        }
        let named = Self { link, own };
        if let Some(notice) = named.notice() {
            tracing::warn!("{notice}");
        }
        Ok(named)
    }

    /// Returns a warning about a link that may have lost its params or its admin key.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        let is_bare = self.link.host.is_empty();
        // A link of the user's own was made without what it lacks.
        let lacks_admin = self.link.admin.is_none() && self.own.is_none();
        match (self.link.params.is_none(), lacks_admin) {
            _ if is_bare => None,
            (true, true) => Some(NO_PARAMS_AND_ADMIN),
            (true, false) => Some(NO_PARAMS),
            (false, true) => Some(NO_ADMIN),
            (false, false) => None,
        }
    }

    /// Checks that the admin key of the link is one, as the link itself shows it.
    pub(crate) fn check_admin_key(&self) -> Result<(), Error> {
        let key = self.link.admin.as_ref();
        let key = key.map(|key| AdminPublicKey::from_bytes(key.as_bytes()));
        key.transpose().map(|_| ()).map_err(|_| Error::LinkAdmin)
    }
}

/// The warning about a link without server params.
const NO_PARAMS: &str = "the link names no server params, so they cannot be compared with those of whoever made it. \
    If the link that you were given has params=, quote it: in a shell an & ends the command";
/// The warning about a link without server params and without an admin key.
const NO_PARAMS_AND_ADMIN: &str = "the link names no server params, so they cannot be compared with those of whoever \
    made it, and no key of its admins. If the link that you were given has params= or admin=, quote it: in a shell an \
    & ends the command, and without the key you are in no group with the others of a call, and read nothing of theirs";
/// The warning about a link without an admin key.
const NO_ADMIN: &str = "the link names no key of its admins. If the link that you were given has admin=, use all of \
    it, in quotes: without it you are in no group with the others of a call, and read nothing of theirs. Links of \
    earlier versions have none";
