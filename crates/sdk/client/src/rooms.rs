//! The client of the room service over HTTP.

use std::sync::Arc;

use anteroom_client_core::{
    Answer, Request,
    rooms::{link_requests, live, peek},
};
use anteroom_protocol::{AdminPasskey, AdminStatement, RootKey, Timestamp};
use rand_core::CryptoRng;
use url::Url;

use crate::{
    Approval, CreatePass, CreatedLink, LinkChange, LinkState, OngoingCall, Pass, Peek,
    ReplayMemory, ReplayStore, RoomsError, ServiceAddress, Timeouts,
    transport::{MAX_ROOMS_ANSWER, Transport},
};

/// A client of the room service. Every request carries a presentation made for it alone, and no other data
/// that identifies the user.
#[derive(Clone, Debug)]
pub struct RoomsClient {
    transport: Transport,
    pub(crate) sockets: Transport,
    pub(crate) timeouts: Timeouts,
    pub(crate) replays: ReplayMemory,
}

impl RoomsClient {
    /// Creates a client of the room service at `base_url`, such as `https://rooms.example`.
    ///
    /// # Errors
    /// The URL cannot be used, or the TLS certificates of the system cannot be read.
    pub fn new(
        base_url: impl Into<ServiceAddress>,
        timeouts: Timeouts,
    ) -> Result<Self, RoomsError> {
        let address = base_url.into();
        Ok(Self {
            transport: Transport::new(&address, timeouts, MAX_ROOMS_ANSWER)?,
            sockets: Transport::lasting(&address, timeouts)?,
            timeouts,
            replays: ReplayMemory::default(),
        })
    }

    /// Sets the store that holds the counters of received messages beyond the life of the process.
    #[must_use]
    pub fn with_replay_store(mut self, store: Arc<dyn ReplayStore>) -> Self {
        self.replays = ReplayMemory::with_store(store);
        self
    }

    /// Returns the room service's address.
    #[must_use]
    pub const fn base_url(&self) -> &Url {
        &self.transport.base
    }

    /// Returns whether presentations and passkeys would cross a network unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.transport.is_exposed()
    }

    /// Waits for any answer of the room service, and returns its time if the answer carries it. The request
    /// carries no presentation.
    ///
    /// # Errors
    /// No answer arrived.
    pub async fn ping(&self) -> Result<Option<Timestamp>, RoomsError> {
        Ok(self.send(live::request()).await?.time())
    }

    /// Creates the link of a room, without a name: the key that encrypts a name depends on the completed root
    /// key. Repeating the call with the same key and passkey changes nothing.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::Problem`] with 409 if the room has a link of another passkey.
    pub async fn create<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &CreatePass,
        passkey: &AdminPasskey,
        approval: Approval,
        rng: &mut R,
    ) -> Result<CreatedLink, RoomsError> {
        let request = link_requests::create(room, pass, passkey, approval, None, rng)?;
        link_requests::read_created(&self.send(request).await?, room)
    }

    /// Creates the link of a room as [`Self::create`], with a statement of its admins. A room service without
    /// the feature `statements` gets none.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn create_with<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &CreatePass,
        passkey: &AdminPasskey,
        approval: Approval,
        statement: &AdminStatement,
        rng: &mut R,
    ) -> Result<CreatedLink, RoomsError> {
        let request = link_requests::create(room, pass, passkey, approval, Some(statement), rng)?;
        match link_requests::read_created(&self.send(request).await?, room) {
            Err(error) if error.is_unknown_form() => {
                self.create(room, pass, passkey, approval, rng).await
            }
            created => created,
        }
    }

    /// Fetches the state of a link.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::NoSuchLink`].
    pub async fn link<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        rng: &mut R,
    ) -> Result<LinkState, RoomsError> {
        let request = link_requests::state(room, pass, rng)?;
        link_requests::read_state(&self.send(request).await?, room)
    }

    /// Changes a link, and returns its new state.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::NoSuchLink`]; [`RoomsError::Problem`] with 403 for a wrong passkey
    /// and 409 if a running call prevents the change.
    pub async fn update<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        passkey: &AdminPasskey,
        change: &LinkChange,
        rng: &mut R,
    ) -> Result<LinkState, RoomsError> {
        let request = link_requests::update(room, pass, passkey, change, rng)?;
        link_requests::read_updated(&self.send(request).await?, room)
    }

    /// Deletes a link. Deleting an absent link succeeds.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::Problem`] with 403 for a wrong passkey and 409 for a running call
    /// under [`OngoingCall::Keep`].
    pub async fn delete<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        passkey: &AdminPasskey,
        call: OngoingCall,
        rng: &mut R,
    ) -> Result<(), RoomsError> {
        let request = link_requests::delete(room, pass, passkey, call, rng)?;
        link_requests::read_deleted(&self.send(request).await?)
    }

    /// Fetches the state of a room's call; `None` if no call is running.
    ///
    /// # Errors
    /// The request failed; [`RoomsError::NoSuchLink`], [`RoomsError::Closed`].
    pub async fn peek<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        pass: &Pass,
        rng: &mut R,
    ) -> Result<Option<Peek>, RoomsError> {
        let request = peek::request(room, pass, rng)?;
        peek::read(&self.send(request).await?, room)
    }

    async fn send(&self, request: Request) -> Result<Answer, RoomsError> {
        Ok(self.transport.exchange(&request).await?)
    }
}
