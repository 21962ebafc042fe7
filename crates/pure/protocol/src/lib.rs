//! The protocol of call links, group auth and server params: every byte format, on both sides.
//!
//! # Contract
//!
//! - **Issuer**: creates credentials for accounts ([`CreateCredentialRequest::issue`],
//!   [`AuthCredentialResponse::issue`], [`GroupAuthCredentialResponse::issue`]) and verifies each one before
//!   it returns it.
//! - **Client**: receives credentials (`receive` verifies the proof of issuance) and presents them
//!   (`present`).
//! - **Room service**: verifies presentations ([`VerifyingParams`]), and learns neither the account nor which
//!   credential was presented.
//! - **Input**: bytes, and the time and the randomness as arguments. The crate performs no I/O and reads
//!   neither a clock nor a random number generator of its own.
//! - **Errors**: parsing is total and strict, with one opaque error ([`ParseError`]); a verification says
//!   only that it failed ([`VerifyError`]). Errors of the text of a link name the damage ([`LinkError`]) and
//!   contain no part of the text. No function panics on an input.
//! - **Secrets**: keys and passkeys are wiped on drop, and `Debug` of a secret or of an account's id shows
//!   nothing of it.
//!
//! The section numbers in the modules refer to the specification of the zero-knowledge protocol;
//! `call-links.md` is that of call links.
//!
//! The feature `parallel`, off by default, spreads batches of credentials and endorsements of many members
//! over all cores. The resulting bytes are the same.
//!
//! ```
//! use anteroom_protocol::{CallLink, RootKey};
//!
//! let text = "https://calls.example/call/#key=bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz";
//! let link = CallLink::parse(text)?;
//! assert_eq!(link.host, "calls.example");
//! assert_eq!(link.root_key, RootKey::parse("bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz")?);
//! assert_eq!(link.to_url().as_str(), text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[macro_use]
mod fixed_bytes;

mod auth_credential;
mod batch;
mod call_ids;
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
mod link_admin_key;
mod link_state;
pub mod media;
mod member_key;
mod room_name;
mod root_key;
mod statement;
mod time;
mod uid;
mod verifying_params;

pub use anteroom_kvac::parallel;
pub use anteroom_kvac::{Mode, ParseError, Randomness, VerifyError, redacted_debug};

pub use self::{
    auth_credential::{AuthCredential, AuthCredentialResponse, AuthPresentation},
    batch::{BatchCredentials, CredentialBatch, GroupIdentity},
    call_ids::{DemuxId, EraId, GroupEpoch, OpaqueUserId},
    call_link_params::{CallLinkPublicParams, CallLinkSecretParams},
    create_credential::{
        CreateCredential, CreateCredentialRequest, CreateCredentialRequestContext,
        CreateCredentialResponse, CreatePresentation,
    },
    display::{
        MAX_NAME_CHARS, disturbs_display, is_visible, printable, printable_lines, printable_name,
    },
    generic_params::{GenericPublicParams, GenericSecretParams, ParamsId},
    group_auth_credential::{
        GroupAuthCredential, GroupAuthCredentialResponse, GroupAuthPresentation,
    },
    group_params::{GroupMasterKey, GroupPublicParams, GroupSecretParams},
    group_send::{
        GroupSendEndorsement, GroupSendEndorsementsResponse, GroupSendFullToken, GroupSendToken,
    },
    group_server_params::{GroupServerPublicParams, GroupServerSecretParams},
    hello::{Hello, HelloKey, HelloLengthError, HelloTooLong},
    ids::{Aci, AuthSalt, DeviceId, Pni, ServiceId},
    link::{CallLink, KeyDamage, LinkError, LinkMember},
    link_admin_key::LinkAdminKey,
    link_state::{GuestAdmission, LinkState, Restrictions},
    member_key::MemberKey,
    root_key::{AdminPasskey, RoomId, RootKey},
    statement::{AdminStatement, ApprovalStatement, StatementLengthError},
    time::{DAY, HOUR, Timestamp},
    uid::{UidCiphertext, static_table_bytes},
    verifying_params::{VerifyingParams, VerifyingParamsEntry},
};
