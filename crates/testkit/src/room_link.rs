//! Call links and the presentations of their users.

use std::sync::Arc;

use anteroom_kvac::Sho;
use anteroom_protocol::{
    Aci, AdminPasskey, AuthCredentialResponse, CreateCredentialRequestContext, GenericSecretParams,
    MemberKey, Mode, Randomness, RootKey, ServiceId, Timestamp,
};
use anteroom_runtime::{Clock as _, Entropy as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use curve25519_dalek::{RistrettoPoint, ristretto::CompressedRistretto};

use crate::{LogGuard, SeededEntropy, TestRooms};

/// A call link as its creator knows it. `Debug` shows nothing of it.
pub struct TestLink {
    /// The root key.
    pub root_key: RootKey,
    /// The passkey.
    pub passkey: AdminPasskey,
}

impl TestLink {
    /// Returns the room id in hex.
    #[must_use]
    pub fn room(&self) -> String {
        self.root_key.room_id().to_hex()
    }

    /// Returns the passkey in base64.
    #[must_use]
    pub fn passkey_text(&self) -> String {
        STANDARD.encode(self.passkey.as_bytes())
    }

    /// Returns the public params in base64.
    #[must_use]
    pub fn zkparams(&self) -> String {
        let params = self.root_key.secret_params();
        STANDARD.encode(params.public_params().to_bytes())
    }

    /// Returns the opaque user id of an account in this room.
    #[must_use]
    pub fn opaque_id(&self, aci: &Aci) -> String {
        let params = self.root_key.secret_params();
        hex::encode(params.encrypt(&ServiceId::Aci(*aci)).to_bytes())
    }
}

/// Creates presentations for call links without an issuer, from the secret params.
#[derive(Clone)]
pub struct TestPresenter {
    params: Arc<GenericSecretParams>,
    entropy: Arc<SeededEntropy>,
}

impl TestPresenter {
    /// Creates a presenter that issues under these params.
    #[must_use]
    pub const fn new(params: Arc<GenericSecretParams>, entropy: Arc<SeededEntropy>) -> Self {
        Self { params, entropy }
    }

    /// Generates a link that is not created at the service yet.
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

    /// Generates an account, which is not known to the service.
    #[must_use]
    pub fn new_account(&self) -> Aci {
        let aci = Aci::random(&mut *self.entropy.rng());
        LogGuard::global().watch_bytes("account id", aci.as_bytes());
        aci
    }

    /// Creates an auth presentation of the account for the link, of the day that starts at `day`, in base64.
    ///
    /// # Panics
    /// Never with params of the service.
    #[must_use]
    pub fn auth(&self, link: &TestLink, aci: &Aci, day: Timestamp) -> String {
        self.auth_for(link, aci, None, day)
    }

    /// As [`Self::auth`], for a member key or for none.
    ///
    /// # Panics
    /// Never with params of the service.
    #[must_use]
    pub fn auth_for(
        &self,
        link: &TestLink,
        aci: &Aci,
        member: Option<&MemberKey>,
        day: Timestamp,
    ) -> String {
        let public = self.params.public_params();
        let secret = link.root_key.secret_params();
        let presentation = AuthCredentialResponse::issue(aci, day, &self.params, self.randomness())
            .and_then(|response| response.receive(aci, day, public))
            .and_then(|credential| {
                let randomness = self.randomness();
                credential.present_for(aci, day, public, &secret, member, randomness)
            })
            .expect("params of this service");
        let user = link.opaque_id(aci);
        LogGuard::global().watch_text("opaque user id", &user);
        STANDARD.encode(presentation.to_bytes())
    }

    /// Creates a create presentation of the account for the room of `link` under the params of `params`, of
    /// the day that starts at `day`, in base64. An honest client passes one link twice.
    ///
    /// # Panics
    /// Never with params of the service.
    #[must_use]
    pub fn create(&self, link: &TestLink, params: &TestLink, aci: &Aci, day: Timestamp) -> String {
        let public = self.params.public_params();
        let room = link.root_key.room_id();
        let secret = params.root_key.secret_params();
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

impl TestRooms {
    /// Returns a presenter under the params of this service.
    #[must_use]
    pub fn presenter(&self) -> TestPresenter {
        TestPresenter::new(Arc::clone(&self.params), Arc::clone(&self.entropy))
    }

    /// Adds params of guest accounts to the service, and returns a presenter under them.
    pub async fn add_guest_params(&self) -> TestPresenter {
        let randomness = Randomness::random(&mut *self.entropy.rng());
        let params = GenericSecretParams::generate(Mode::Standard, randomness);
        LogGuard::global().watch_bytes("guest secret params", &params.to_bytes());
        self.store_guest_params(&params).await;
        TestPresenter::new(Arc::new(params), Arc::clone(&self.entropy))
    }

    /// Generates a link that is not created at the service yet.
    #[must_use]
    pub fn new_link(&self) -> TestLink {
        self.presenter().new_link()
    }

    /// Generates an account, which is not known to the service.
    #[must_use]
    pub fn new_account(&self) -> Aci {
        self.presenter().new_account()
    }

    /// Creates an auth presentation of the account for the link, in base64.
    #[must_use]
    pub fn auth(&self, link: &TestLink, aci: &Aci) -> String {
        self.auth_of_day(link, aci, self.clock.now().start_of_day())
    }

    /// As [`Self::auth`], for a member key.
    #[must_use]
    pub fn auth_for_member(&self, link: &TestLink, aci: &Aci, member: &MemberKey) -> String {
        let day = self.clock.now().start_of_day();
        self.presenter().auth_for(link, aci, Some(member), day)
    }

    /// As [`Self::auth`], for the day that starts at `day`.
    #[must_use]
    pub fn auth_of_day(&self, link: &TestLink, aci: &Aci, day: Timestamp) -> String {
        self.presenter().auth(link, aci, day)
    }

    /// As [`Self::auth`], with the second half of the user's ciphertext shifted `times` times, which a
    /// malicious client of a service with legacy params can do.
    ///
    /// # Panics
    /// Never with params of this service.
    #[must_use]
    pub fn shifted_auth(&self, link: &TestLink, aci: &Aci, times: usize) -> String {
        // G_w, G_w', G_x0, G_x1, G_V, G_z, G_y0, G_y1 precede it.
        const BEFORE_G_Y2: usize = 8;
        let mut system = Sho::plain(b"Signal_ZKCredential_ConstantSystemParams_generate_20230410");
        let mut points = std::iter::repeat_with(|| system.point());
        let g_y2 = points.nth(BEFORE_G_Y2).expect("endless");
        let params = self.params.public_params().to_bytes();
        let y2_g_y2 = point(&params, 33) - point(&params, 65);
        let auth = STANDARD.decode(self.auth(link, aci));
        let mut bytes = auth.expect("base64");
        for _ in 0..times {
            // Shifts C_V, C_y2 and E_A2.
            for (offset, by) in [(65, y2_g_y2), (169, g_y2), (465, g_y2)] {
                let moved = (point(&bytes, offset) + by).compress();
                let word = bytes.get_mut(offset..offset + 32);
                word.expect("in it").copy_from_slice(moved.as_bytes());
            }
        }
        STANDARD.encode(bytes)
    }

    /// Creates a create presentation of the account for the link's room, in base64.
    #[must_use]
    pub fn create(&self, link: &TestLink, aci: &Aci) -> String {
        self.create_under(link, link, aci)
    }

    /// As [`Self::create`], under the params of another link. An honest client never does this.
    #[must_use]
    pub fn create_under(&self, link: &TestLink, params: &TestLink, aci: &Aci) -> String {
        let day = self.clock.now().start_of_day();
        self.presenter().create(link, params, aci, day)
    }
}

fn point(bytes: &[u8], offset: usize) -> RistrettoPoint {
    let word = bytes.get(offset..offset + 32).expect("long enough");
    let point = CompressedRistretto::from_slice(word).expect("32 bytes");
    point.decompress().expect("a point")
}
