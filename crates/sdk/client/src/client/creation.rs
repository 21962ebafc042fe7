//! The creation of links with the credentials at hand.

use anteroom_client_core::parse_base;
use anteroom_protocol::{CallLink, RootKey};
use url::Url;

use super::{Client, shared::Shared};
use crate::{
    AdminRights, AdminSecret, Approval, CreatePass, Error, MAX_SPARE_LINKS, OwnLink,
    RoomStatements, RoomsError, StatementSigner, TransportFailure,
};

impl Client {
    /// Creates the link of a new room at the room service at `rooms`, such as
    /// `https://rooms.example`. The issuer is asked for nothing, up to three times between two
    /// renewals. Where another program has used up the same stored credential, the next one is taken.
    /// A create that fails without being refused, or whose future is dropped, uses up nothing at this room
    /// service: the next one there tries the same room again. A client creates one link at a time; more
    /// wait.
    ///
    /// The link names the public key of the room's admins, and the room gets a policy that they have signed.
    /// The secret of the admins is drawn here and sent to nobody. [`OwnLink::is_policy_kept`] tells whether the
    /// room service has taken the policy.
    ///
    /// The [`Self::credentials`] must be stored again afterwards, in these cases too.
    ///
    /// # Errors
    /// [`Error::NoSpareLink`]; the address cannot be used; the room service cannot be reached, or refuses.
    pub async fn create_link(&self, rooms: &str, approval: Approval) -> Result<OwnLink, Error> {
        let (host, is_plain) = host_of(rooms).map_err(RoomsError::from)?;
        let service = self.shared.rooms_at(rooms)?;
        let mut rng = self.shared.options.system.rng();
        let secret = AdminSecret::random(&mut *rng);
        let _creation = self.shared.creation.lock().await;
        for _ in 0..MAX_SPARE_LINKS {
            let (root_key, pass) = self.shared.spare_link(service.base_url())?;
            let room = root_key.room_id();
            let (passkey, signer) = (secret.passkey(&room), StatementSigner::new(&secret, &room));
            let policy = signer.policy(approval, None, self.shared.options.system.now())?;
            let mut statements = RoomStatements::new(room, signer.public());
            statements.see_policy(&policy);
            statements.keep(&*self.shared.options.statements);
            let created = service
                .create_with(&root_key, &pass, &passkey, approval, &policy, &mut *rng)
                .await;
            if !created.as_ref().is_err_and(RoomsError::leaves_create_open) {
                self.shared.change(|store| store.use_up_link(&root_key));
            }
            let created = match created {
                Ok(created) => created,
                Err(error) if error.is_link_conflict() => continue,
                Err(error) => return Err(error.into()),
            };
            let link = CallLink {
                host,
                is_plain,
                root_key: created.root_key,
                params: Some(pass.params()),
                without_certificates: self.shared.options.links_without_certificates,
                admin: Some(signer.public().named()),
            };
            return Ok(OwnLink::new(
                link,
                AdminRights::Secret(secret),
                created.state,
            ));
        }
        Err(Error::NoSpareLink)
    }
}

impl Shared {
    fn spare_link(&self, service: &Url) -> Result<(RootKey, CreatePass), Error> {
        let (now, options) = (self.options.system.now(), &self.options);
        let mut credentials = self.credentials.lock();
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
fn host_of(address: &str) -> Result<(String, bool), TransportFailure> {
    let is_plain = parse_base(address)?.scheme() == "http";
    let host = address.split_once("://").map(|(_, host)| host);
    let host = host.unwrap_or_default().trim_end_matches('/');
    if !CallLink::is_host(host) {
        return Err(TransportFailure::BaseUrl(
            "no link can name its host and path",
        ));
    }
    Ok((host.to_owned(), is_plain))
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn the_host_of_a_link_is_one_that_a_link_can_name() {
        for (address, expected) in [
            ("https://rooms.example/", Some(("rooms.example", false))),
            ("http://127.0.0.1:8081", Some(("127.0.0.1:8081", true))),
            (
                "https://example.org/rooms",
                Some(("example.org/rooms", false)),
            ),
            ("https://example.org/a%20b", None),
            ("https://example.org/a//b", None),
            ("rooms.example", None),
        ] {
            let host = host_of(address).ok();
            let host = host
                .as_ref()
                .map(|(host, is_plain)| (host.as_str(), *is_plain));
            assert_eq!(host, expected, "{address}");
        }
    }
}
