//! Call links, group auth and server params: every byte format of the protocol.
//!
//! Both ends are here. The issuer makes credentials for accounts ([`CreateCredentialRequest::issue`],
//! [`AuthCredentialResponse::issue`], [`GroupAuthCredentialResponse::issue`]); the client receives
//! and presents them; the room service verifies presentations ([`VerifierKeys`]).
//!
//! Several credentials at once, and endorsements of many members, use all cores with the feature
//! `parallel`, which is off by default: the same bytes, sooner.
//!
//! Pure: time and randomness are arguments. Parsing is total and strict, with one opaque error for
//! what does not parse ([`ParseError`]) and one for what does not verify ([`VerifyError`]).

mod auth_credential;
mod batch;
mod call_link_params;
mod create_credential;
mod display;
mod generic_params;
mod group_auth_credential;
mod group_params;
mod group_send;
mod group_server_params;
mod hello;
mod ids;
mod link;
mod room_name;
mod root_key;
mod time;
mod uid;
mod verifier_keys;

pub use anteroom_kvac::parallel;
pub use anteroom_kvac::{Mode, ParseError, Randomness, VerifyError};

pub use self::{
    auth_credential::{AuthCredential, AuthCredentialResponse, AuthPresentation},
    batch::{BatchCredentials, CredentialBatch, GroupIdentity},
    call_link_params::{CallLinkPublicParams, CallLinkSecretParams},
    create_credential::{
        CreateCredential, CreateCredentialRequest, CreateCredentialRequestContext,
        CreateCredentialResponse, CreatePresentation,
    },
    display::{disturbs_display, is_visible, printable},
    generic_params::{GenericPublicParams, GenericSecretParams, ParamsId},
    group_auth_credential::{
        GroupAuthCredential, GroupAuthCredentialResponse, GroupAuthPresentation,
    },
    group_params::{GroupMasterKey, GroupPublicParams, GroupSecretParams},
    group_send::{
        GroupSendEndorsement, GroupSendEndorsementsResponse, GroupSendFullToken, GroupSendToken,
    },
    group_server_params::{GroupServerPublicParams, GroupServerSecretParams},
    hello::{HelloKey, HelloTooLong},
    ids::{Aci, AuthSalt, Pni, ServiceId},
    link::{CallLink, KeyDamage, LinkError, LinkMember},
    root_key::{AdminPasskey, RoomId, RootKey},
    time::{DAY, HOUR, Timestamp},
    uid::UidCiphertext,
    verifier_keys::{VerifierKey, VerifierKeys},
};

/// Bytes of all tables of static points together. Beside them, server params in use have tables of
/// 40 KiB for each kind of credential that is presented.
#[must_use]
pub fn static_table_bytes() -> usize {
    anteroom_kvac::static_table_bytes() + uid::UID_DOMAIN.table_bytes()
}

/// Lower-case hex.
fn hex_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
