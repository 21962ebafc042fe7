//! The rights that an account presents to the room service. Every presentation is new.

use anteroom_protocol::{
    Aci, AuthCredential, CreateCredential, GenericPublicParams, MemberKey, ParamsId, Randomness,
    RoomId, RootKey, Timestamp,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::error::RoomsError;
use crate::{IssuedCredential, IssuerError, ParamsKind, TrustedParams, wire};

/// An account's right to use links, valid for about a day.
#[derive(Clone, Debug)]
pub struct Pass {
    aci: Aci,
    issued: IssuedCredential<AuthCredential>,
    params: GenericPublicParams,
    /// The only room in which the pass may be presented; `None` for any room.
    room: Option<RoomId>,
}

/// An account's right to create the link of one room.
#[derive(Clone, Debug)]
pub struct CreatePass {
    aci: Aci,
    issued: IssuedCredential<CreateCredential>,
    params: GenericPublicParams,
}

impl Pass {
    /// Creates the pass of a credential. If the credential's params are trusted for the room of one link
    /// alone, the pass is limited to it: a presentation elsewhere would mark its holder.
    ///
    /// # Errors
    /// [`IssuerError::Untrusted`] if the params are not trusted (any more).
    pub fn new(
        aci: Aci,
        issued: &IssuedCredential<AuthCredential>,
        params: &TrustedParams,
    ) -> Result<Self, IssuerError> {
        let found = params.generic_with_room(issued.params);
        let (trusted, room) = found.ok_or_else(|| untrusted(issued.params))?;
        Ok(Self {
            aci,
            issued: issued.clone(),
            params: trusted.clone(),
            room,
        })
    }

    /// Returns the midnight of the day for which the pass is valid.
    #[must_use]
    pub const fn day(&self) -> Timestamp {
        self.issued.redemption
    }

    /// Returns the account of the pass.
    #[must_use]
    pub const fn aci(&self) -> Aci {
        self.aci
    }

    /// Creates a fresh presentation for one room, and for a member key or none, in base64.
    pub(crate) fn present<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        member: Option<&MemberKey>,
        rng: &mut R,
    ) -> Result<Zeroizing<String>, RoomsError> {
        if self.room.is_some_and(|only| only != room.room_id()) {
            return Err(RoomsError::OtherRoom);
        }
        let presentation = self
            .issued
            .credential
            .present_for(
                &self.aci,
                self.issued.redemption,
                &self.params,
                &room.secret_params(),
                member,
                Randomness::random(rng),
            )
            .map_err(|_| RoomsError::Presentation)?;
        Ok(Zeroizing::new(wire::encode(&presentation.to_bytes())))
    }
}

impl CreatePass {
    /// Creates the pass of a create credential.
    ///
    /// # Errors
    /// [`IssuerError::Untrusted`] if the params are not trusted (any more), or only for the room of one link.
    pub fn new(
        aci: Aci,
        issued: &IssuedCredential<CreateCredential>,
        params: &TrustedParams,
    ) -> Result<Self, IssuerError> {
        let trusted = params.generic(issued.params);
        let trusted = trusted.ok_or_else(|| untrusted(issued.params))?;
        Ok(Self {
            aci,
            issued: issued.clone(),
            params: trusted.clone(),
        })
    }

    /// Returns the params that the link is made under.
    #[must_use]
    pub fn params(&self) -> ParamsId {
        self.params.id()
    }

    pub(crate) fn present<R: CryptoRng + ?Sized>(
        &self,
        room: &RootKey,
        rng: &mut R,
    ) -> Result<Zeroizing<String>, RoomsError> {
        let presentation = self
            .issued
            .credential
            .present(
                &self.aci,
                &room.room_id(),
                &self.params,
                &room.secret_params(),
                Randomness::random(rng),
            )
            .map_err(|_| RoomsError::Presentation)?;
        Ok(Zeroizing::new(wire::encode(&presentation.to_bytes())))
    }
}

fn untrusted(id: ParamsId) -> IssuerError {
    IssuerError::Untrusted {
        kind: ParamsKind::Generic,
        offered: vec![id],
    }
}
