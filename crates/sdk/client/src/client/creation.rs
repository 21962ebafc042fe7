//! The creation of links with the credentials at hand.

use anteroom_protocol::{AdminPasskey, CallLink, RootKey};
use url::Url;

use super::{Client, Error, OwnLink, Shared};
use crate::{Approval, CreatePass, MAX_SPARE_LINKS, RoomsError, transport::parse_base};

impl Client {
    /// Creates the link of a new room at the room service at `rooms`, such as
    /// `https://rooms.example`. The issuer is asked for nothing, up to three times between two
    /// renewals. Where another program has used up the same stored credential, the next one is taken.
    /// A create that fails without being refused, or whose future is dropped, uses up nothing at this room
    /// service: the next one there tries the same room again. A client creates one link at a time; more
    /// wait.
    ///
    /// The [`Self::credentials`] must be stored again afterwards, in these cases too.
    ///
    /// # Errors
    /// [`Error::NoSpareLink`]; the address cannot be used; the room service cannot be reached, or refuses.
    pub async fn create_link(&self, rooms: &str, approval: Approval) -> Result<OwnLink, Error> {
        let (host, is_plain) = host_of(rooms)?;
        let service = self.shared.rooms_at(rooms)?;
        let mut rng = self.shared.options.system.rng();
        let passkey = AdminPasskey::random(&mut *rng);
        let _creation = self.shared.creation.lock().await;
        for _ in 0..MAX_SPARE_LINKS {
            let (root_key, pass) = self.shared.spare_link(service.base_url())?;
            let created = service
                .create(&root_key, &pass, &passkey, approval, &mut *rng)
                .await;
            if !created.as_ref().is_err_and(RoomsError::leaves_create_open) {
                self.shared.change(|store| store.use_up_link(&root_key));
            }
            let created = match created {
                Ok(created) => created,
                Err(error) if error.is_link_conflict() => continue,
                Err(error) => return Err(error.into()),
            };
            return Ok(OwnLink {
                link: CallLink {
                    host,
                    is_plain,
                    root_key: created.root_key,
                    params: Some(pass.params()),
                },
                passkey,
                state: created.state,
            });
        }
        Err(Error::NoSpareLink)
    }
}

impl Shared {
    fn spare_link(&self, service: &Url) -> Result<(RootKey, CreatePass), Error> {
        let (now, options) = (self.options.system.now(), &self.options);
        let mut credentials = self.credentials();
        let store = credentials.as_mut().ok_or(Error::NoSpareLink)?;
        let listing = store.listing().clone();
        let params = listing.trusted(&*options.pins, options.trust(), now)?;
        store
            .tried_link(&params, now, service)
            .or_else(|| store.take_spare_link(&params, now, service))
            .ok_or(Error::NoSpareLink)
    }
}

/// The host of a link at the room service with this address, and whether that serves without TLS.
pub(super) fn host_of(address: &str) -> Result<(String, bool), RoomsError> {
    let is_plain = parse_base(address)?.scheme() == "http";
    let host = address.split_once("://").map(|(_, host)| host);
    let host = host.unwrap_or_default().trim_end_matches('/');
    if !CallLink::is_host(host) {
        return Err(RoomsError::BaseUrl("no link can name its host and path"));
    }
    Ok((host.to_owned(), is_plain))
}
