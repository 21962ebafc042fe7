//! Call links and what their holders show.

use anteroom_protocol::{
    Aci, AdminPasskey, AuthCredentialResponse, CreateCredentialRequestContext, Randomness, RootKey,
    ServiceId, Timestamp,
};
use anteroom_service::{Clock as _, Entropy as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{LogGuard, TestRooms};

/// A call link as its creator knows it. `Debug` shows nothing of it.
pub struct TestLink {
    /// The root key.
    pub root_key: RootKey,
    /// The passkey.
    pub passkey: AdminPasskey,
}

impl TestLink {
    /// The room id, in hex.
    #[must_use]
    pub fn room(&self) -> String {
        self.root_key.room_id().to_hex()
    }

    /// The passkey in base64.
    #[must_use]
    pub fn passkey_text(&self) -> String {
        STANDARD.encode(self.passkey.as_bytes())
    }

    /// The public params in base64.
    #[must_use]
    pub fn zkparams(&self) -> String {
        let params = self.root_key.secret_params();
        STANDARD.encode(params.public_params().to_bytes())
    }

    /// The opaque user id of an account in this room.
    #[must_use]
    pub fn opaque_id(&self, aci: &Aci) -> String {
        let params = self.root_key.secret_params();
        hex::encode(params.encrypt(&ServiceId::Aci(*aci)).to_bytes())
    }
}

impl TestRooms {
    /// A link that nobody has created yet.
    #[must_use]
    pub fn new_link(&self) -> TestLink {
        let mut rng = self.entropy.rng();
        let link = TestLink {
            root_key: RootKey::generate_v0(&mut *rng),
            passkey: AdminPasskey::random(&mut *rng),
        };
        let guard = LogGuard::global();
        guard.watch_bytes("root key", &link.root_key.to_bytes());
        guard.watch_bytes("room id", link.root_key.room_id().as_bytes());
        guard.watch_bytes("passkey", link.passkey.as_bytes());
        link
    }

    /// A new account, which the service never hears of.
    #[must_use]
    pub fn new_account(&self) -> Aci {
        let aci = Aci::random(&mut *self.entropy.rng());
        LogGuard::global().watch_bytes("account id", aci.as_bytes());
        aci
    }

    /// A fresh auth presentation of the account for the link, in base64.
    ///
    /// # Panics
    /// Never with params of this service.
    #[must_use]
    pub fn auth(&self, link: &TestLink, aci: &Aci) -> String {
        self.auth_of_day(link, aci, self.clock.now().start_of_day())
    }

    /// As [`Self::auth`], for the day that starts at `day`.
    ///
    /// # Panics
    /// Never with params of this service.
    #[must_use]
    pub fn auth_of_day(&self, link: &TestLink, aci: &Aci, day: Timestamp) -> String {
        let public = self.params.public_params();
        let secret = link.root_key.secret_params();
        let presentation = AuthCredentialResponse::issue(aci, day, &self.params, self.randomness())
            .and_then(|response| response.receive(aci, day, public))
            .and_then(|credential| credential.present(aci, day, public, &secret, self.randomness()))
            .expect("params of this service");
        let user = link.opaque_id(aci);
        LogGuard::global().watch_text("opaque user id", &user);
        STANDARD.encode(presentation.to_bytes())
    }

    /// A fresh create presentation of the account for the link's room, in base64.
    ///
    /// # Panics
    /// Never with params of this service.
    #[must_use]
    pub fn create(&self, link: &TestLink, aci: &Aci) -> String {
        let public = self.params.public_params();
        let room = link.root_key.room_id();
        let secret = link.root_key.secret_params();
        let day = self.clock.now().start_of_day();
        let context = CreateCredentialRequestContext::new(&room, self.randomness());
        let presentation = context
            .request()
            .issue(aci, day, &self.params, self.randomness())
            .and_then(|response| context.receive(&response, aci, public))
            .and_then(|credential| {
                credential.present(aci, &room, public, &secret, self.randomness())
            })
            .expect("params of this service");
        STANDARD.encode(presentation.to_bytes())
    }

    fn randomness(&self) -> Randomness {
        Randomness::random(&mut *self.entropy.rng())
    }
}
