//! An OpenID Connect provider that publishes its keys over real HTTP and signs tokens.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::{Mutex, MutexGuard};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

use crate::router_server::serve_router;

/// The two RSA keys. A rotation switches between them.
const RSA_KEYS: [&[u8]; 2] = [
    include_bytes!("../keys/rsa-1.der"),
    include_bytes!("../keys/rsa-2.der"),
];

/// The algorithm of a token's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OidcAlgorithm {
    /// RSA, PKCS #1 version 1.5.
    Rs256,
    /// RSA-PSS.
    Ps256,
    /// ECDSA over P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// A key that signs tokens.
pub struct OidcKey {
    id: String,
    algorithm: OidcAlgorithm,
    secret: Secret,
}

enum Secret {
    Rsa(rsa::KeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// An OpenID Connect provider on a free port of the loopback interface. It runs until the value is dropped.
pub struct OidcProvider {
    issuer: String,
    state: Arc<Shared>,
    generation: AtomicUsize,
    server: Option<DropGuard>,
}

#[derive(Default)]
struct Shared {
    documents: Mutex<ProviderDocuments>,
    fetches: AtomicUsize,
}

#[derive(Clone, Default)]
struct ProviderDocuments {
    configuration: String,
    keys: String,
    down: bool,
}

impl OidcAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Returns the name in headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl OidcKey {
    /// Creates a key with this id: for RSA one of two fixed keys, else a new one.
    ///
    /// # Panics
    /// The system provides no randomness.
    #[must_use]
    pub fn new(id: &str, algorithm: OidcAlgorithm, generation: usize) -> Self {
        let rng = SystemRandom::new();
        let secret = match algorithm {
            OidcAlgorithm::Rs256 | OidcAlgorithm::Ps256 => {
                let bytes = RSA_KEYS.iter().cycle().nth(generation).expect("two keys");
                Secret::Rsa(rsa::KeyPair::from_der(bytes).expect("a good key"))
            }
            OidcAlgorithm::Es256 => {
                let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let bytes = EcdsaKeyPair::generate_pkcs8(scheme, &rng).expect("a new key");
                let pair = EcdsaKeyPair::from_pkcs8(scheme, bytes.as_ref(), &rng);
                Secret::Ecdsa(pair.expect("a good key"))
            }
            OidcAlgorithm::EdDsa => {
                let bytes = Ed25519KeyPair::generate_pkcs8(&rng).expect("a new key");
                let pair = Ed25519KeyPair::from_pkcs8(bytes.as_ref());
                Secret::Ed25519(pair.expect("a good key"))
            }
        };
        Self {
            id: id.to_owned(),
            algorithm,
            secret,
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the public part, as in a JWKS.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.secret {
            Secret::Rsa(pair) => {
                let public = rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)})
            }
            Secret::Ecdsa(pair) => {
                // The byte 4, then both coordinates.
                let (_, point) = pair.public_key().as_ref().split_at(1);
                let (x, y) = point.split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Secret::Ed25519(pair) => {
                let x = text(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "x": x})
            }
        };
        if let Value::Object(members) = &mut jwk {
            members.insert("kid".to_owned(), json!(self.id));
            members.insert("alg".to_owned(), json!(self.algorithm.name()));
            members.insert("use".to_owned(), json!("sig"));
        }
        jwk
    }

    /// Signs a token with these claims.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm.name(), "kid": self.id, "typ": "JWT"});
        self.token_with_header(&header, claims)
    }

    /// Signs a token with this header, which is not checked.
    ///
    /// # Panics
    /// The system provides no randomness.
    #[must_use]
    pub fn token_with_header(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.secret {
            Secret::Rsa(pair) => {
                let padding: &dyn ring::signature::RsaEncoding = match self.algorithm {
                    OidcAlgorithm::Ps256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &rng, message, &mut signature)
                    .expect("a signature");
                signature
            }
            Secret::Ecdsa(pair) => {
                let signature = pair.sign(&rng, message).expect("a signature");
                signature.as_ref().to_vec()
            }
            Secret::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

impl OidcProvider {
    /// Starts a provider that has published nothing yet: see [`OidcProvider::rotate`].
    ///
    /// # Panics
    /// No port is available.
    pub async fn start() -> Self {
        let state = Arc::new(Shared::default());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .with_state(Arc::clone(&state));
        let (address, server) = serve_router(router).await;
        let provider = Self {
            state,
            generation: AtomicUsize::new(0),
            server: Some(server),
            issuer: format!("http://{address}"),
        };
        let keys = format!("{}/keys", provider.issuer);
        provider.publish_configuration(
            &json!({"issuer": provider.issuer, "jwks_uri": keys}).to_string(),
        );
        provider
    }

    /// Returns the issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Replaces the published keys by a new key of each algorithm, and returns them in the order of
    /// [`OidcAlgorithm::ALL`].
    #[must_use]
    pub fn rotate(&self) -> [OidcKey; 4] {
        let generation = self.generation.fetch_add(1, Ordering::SeqCst);
        let keys = OidcAlgorithm::ALL.map(|algorithm| {
            let id = format!("{}-{generation}", algorithm.name());
            OidcKey::new(&id, algorithm, generation)
        });
        let jwks: Vec<Value> = keys.iter().map(OidcKey::jwk).collect();
        self.publish_keys(&json!({ "keys": jwks }).to_string());
        keys
    }

    /// Publishes this text instead of keys.
    pub fn publish_keys(&self, document: &str) {
        document.clone_into(&mut self.documents().keys);
    }

    /// Publishes this text instead of a configuration.
    pub fn publish_configuration(&self, document: &str) {
        document.clone_into(&mut self.documents().configuration);
    }

    /// Sets whether the provider answers every request with 503.
    pub fn set_down(&self, down: bool) {
        self.documents().down = down;
    }

    /// Stops the provider and closes its listener.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Returns the number of requests for the configuration.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }

    fn documents(&self) -> MutexGuard<'_, ProviderDocuments> {
        self.state.documents()
    }
}

impl Shared {
    fn documents(&self) -> MutexGuard<'_, ProviderDocuments> {
        self.documents.lock()
    }
}

async fn configuration(State(state): State<Arc<Shared>>) -> Response {
    state.fetches.fetch_add(1, Ordering::SeqCst);
    let documents = state.documents().clone();
    answer(documents.down, documents.configuration)
}

async fn keys(State(state): State<Arc<Shared>>) -> Response {
    let documents = state.documents().clone();
    answer(documents.down, documents.keys)
}

fn answer(down: bool, document: String) -> Response {
    if down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    document.into_response()
}
