//! A test of a relay as a client uses it: an allocation with these credentials (RFC 8656), or a
//! binding if the relay needs none (RFC 8489). The allocation is released at once.

mod channel;
mod error;

use std::{net::SocketAddr, time::Duration};

use stun_types::{
    attribute::{ErrorCode, MessageIntegrity, Nonce, Realm, Username, XorMappedAddress},
    message::{
        BINDING, IntegrityAlgorithm, LongTermCredentials, Message, MessageClass,
        MessageIntegrityCredentials, MessageWriteVec, TransactionId,
    },
    prelude::{AttributeWrite, MessageWrite as _, MessageWriteExt as _},
};
use tokio::time::timeout;
use turn_types::{
    attribute::{Lifetime, RequestedTransport, XorRelayedAddress},
    message::{ALLOCATE, REFRESH},
};

use self::channel::Channel;
pub use self::error::TrialError;
use crate::RelayUrl;

/// The maximum wait for the relay to confirm the release of the allocation.
const GIVE_BACK: Duration = Duration::from_secs(1);

/// Tests the relay of a URL, within `limit`. Returns the address that others would see. The TLS
/// certificate must be for `certificate_name`, or without one for the host of the URL.
///
/// # Errors
/// [`TrialError`].
pub async fn try_relay(
    url: &RelayUrl,
    certificate_name: Option<&str>,
    username: &str,
    password: &str,
    limit: Duration,
) -> Result<SocketAddr, TrialError> {
    let trial = async {
        let mut channel = Channel::open(url, certificate_name).await?;
        if url.needs_credentials() {
            let allocation = allocate(&mut channel, username, password).await?;
            Ok((allocation.address, Some((channel, allocation))))
        } else {
            Ok((bind(&mut channel).await?, None))
        }
    };
    let tried = timeout(limit, trial)
        .await
        .unwrap_or(Err(TrialError::Silent));
    let (address, allocated) = tried?;
    if let Some((mut channel, allocation)) = allocated {
        // An allocation that is not released ends by itself within ten minutes.
        let given_back = channel.exchange(&allocation.release, allocation.release_id);
        let _ = timeout(GIVE_BACK, given_back).await;
    }
    Ok(address)
}

/// An allocation, and the request that releases it.
struct Allocation {
    address: SocketAddr,
    release: Vec<u8>,
    release_id: TransactionId,
}

async fn bind(channel: &mut Channel) -> Result<SocketAddr, TrialError> {
    let request = Message::builder_request(BINDING, MessageWriteVec::new());
    let id = request.transaction_id();
    let answer = channel.exchange(&request.finish(), id).await?;
    let answer = parsed(&answer)?;
    if let Some(code) = code(&answer)? {
        return Err(TrialError::Refused(code));
    }
    let mapped = answer.attribute::<XorMappedAddress>();
    Ok(mapped.map_err(|_| TrialError::Malformed)?.addr(id))
}

async fn allocate(
    channel: &mut Channel,
    username: &str,
    password: &str,
) -> Result<Allocation, TrialError> {
    // Section 7.2: the first answer is always a refusal, with realm and nonce.
    let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
    let udp = RequestedTransport::new(RequestedTransport::UDP);
    request.add_attribute(&udp).map_err(malformed)?;
    let id = request.transaction_id();
    let challenge = channel.exchange(&request.finish(), id).await?;
    let challenge = parsed(&challenge)?;
    match code(&challenge)? {
        Some(401) => {}
        Some(other) => return Err(TrialError::Refused(other)),
        None => return Err(TrialError::Malformed),
    }
    let realm = challenge.attribute::<Realm>().map_err(malformed)?;
    let nonce = challenge.attribute::<Nonce>().map_err(malformed)?;
    let key: MessageIntegrityCredentials =
        LongTermCredentials::new(username.to_owned(), password.to_owned())
            .to_key(realm.realm().to_owned())
            .into();
    let user = Username::new(username).map_err(malformed)?;
    let authenticated = |method, first: &dyn AttributeWrite| {
        let mut request = Message::builder_request(method, MessageWriteVec::new());
        for attribute in [first, &user, &realm, &nonce] {
            request.add_attribute(attribute).map_err(malformed)?;
        }
        request
            .add_message_integrity(&key, IntegrityAlgorithm::Sha1)
            .map_err(malformed)?;
        let id = request.transaction_id();
        Ok::<_, TrialError>((request.finish(), id))
    };

    let (request, id) = authenticated(ALLOCATE, &udp)?;
    let answer = channel.exchange(&request, id).await?;
    let answer = parsed(&answer)?;
    if let Some(code) = code(&answer)? {
        return Err(TrialError::Refused(code));
    }
    // The relay also proves that it knows the password.
    if answer.attribute::<MessageIntegrity>().is_err() || answer.validate_integrity(&key).is_err() {
        return Err(TrialError::Malformed);
    }
    let relayed = answer.attribute::<XorRelayedAddress>().map_err(malformed)?;
    let (release, release_id) = authenticated(REFRESH, &Lifetime::new(0))?;
    Ok(Allocation {
        address: relayed.addr(id),
        release,
        release_id,
    })
}

fn parsed(bytes: &[u8]) -> Result<Message<'_>, TrialError> {
    Message::from_bytes(bytes).map_err(malformed)
}

fn code(answer: &Message<'_>) -> Result<Option<u16>, TrialError> {
    if !answer.has_class(MessageClass::Error) {
        return Ok(None);
    }
    let code = answer.attribute::<ErrorCode>().map_err(malformed)?;
    Ok(Some(code.code()))
}

fn malformed<E>(_: E) -> TrialError {
    TrialError::Malformed
}
