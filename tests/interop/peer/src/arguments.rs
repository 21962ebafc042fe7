//! The arguments of a request, by name and type.

use anteroom_protocol::{
    Aci, AuthSalt, ParseError, Pni, Randomness, RoomId, ServiceId, Timestamp, UidCiphertext,
    VerifyError,
};
use serde_json::{Map, Value};

/// The reason why a request has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The protocol refused an encoding.
    Parse,
    /// The protocol refused a proof, a credential or a token.
    Verify,
    /// The client refused an answer of the issuer, or the issuer the client.
    Refused(String),
    /// The request is malformed.
    Request(String),
}

impl Failure {
    /// Returns the failure for an unknown operation.
    pub(crate) fn unknown(operation: &str) -> Self {
        Self::Request(format!("unknown operation {operation}"))
    }
}

impl From<ParseError> for Failure {
    fn from(_: ParseError) -> Self {
        Self::Parse
    }
}

impl From<VerifyError> for Failure {
    fn from(_: VerifyError) -> Self {
        Self::Verify
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Request(format!("{error:#}"))
    }
}

/// The members of one request.
pub(crate) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Result<Self, Failure> {
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(Failure::Request("a line is one JSON object".to_owned())),
        }
    }

    /// Returns whether the member is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Returns a text.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| wrong(name, "a text"))
    }

    /// Returns a byte string.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        hex::decode(self.text(name)?).map_err(|_| wrong(name, "hex"))
    }

    /// Returns a byte string of a fixed length; another length is an encoding error of the protocol.
    pub(crate) fn array<const N: usize>(&self, name: &str) -> Result<[u8; N], Failure> {
        self.bytes(name)?.try_into().map_err(|_| Failure::Parse)
    }

    /// Returns several texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&str>, Failure> {
        let members = self
            .0
            .get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| wrong(name, "a list"))?;
        members
            .iter()
            .map(|member| {
                member
                    .as_str()
                    .ok_or_else(|| wrong(name, "a list of texts"))
            })
            .collect()
    }

    /// Returns several values of a type that parses from bytes.
    pub(crate) fn list<T>(
        &self,
        name: &str,
        parse: impl Fn(&[u8]) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, Failure> {
        self.texts(name)?
            .into_iter()
            .map(|text| {
                let bytes = hex::decode(text).map_err(|_| wrong(name, "hex"))?;
                Ok(parse(&bytes)?)
            })
            .collect()
    }

    /// Returns a time in seconds.
    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, Failure> {
        self.0
            .get(name)
            .and_then(Value::as_u64)
            .map(Timestamp::from_secs)
            .ok_or_else(|| wrong(name, "a time in seconds"))
    }

    /// Returns 32 bytes for a single use.
    pub(crate) fn randomness(&self, name: &str) -> Result<Randomness, Failure> {
        Ok(Randomness::from_bytes(self.array(name)?))
    }

    /// Returns the account.
    pub(crate) fn aci(&self) -> Result<Aci, Failure> {
        Ok(Aci::parse(self.text("aci")?)?)
    }

    /// Returns the account's phone-number id.
    pub(crate) fn pni(&self) -> Result<Pni, Failure> {
        Ok(Pni::parse(self.text("pni")?)?)
    }

    /// Returns the account's salt.
    pub(crate) fn salt(&self) -> Result<AuthSalt, Failure> {
        Ok(AuthSalt::from_bytes(self.array("salt")?))
    }

    /// Returns the room.
    pub(crate) fn room_id(&self) -> Result<RoomId, Failure> {
        Ok(RoomId::from_bytes(self.array("roomId")?))
    }

    /// Returns an account id or a phone-number id.
    pub(crate) fn service_id(&self, name: &str) -> Result<ServiceId, Failure> {
        Ok(ServiceId::parse(self.text(name)?)?)
    }

    /// Returns several ids.
    pub(crate) fn service_ids(&self, name: &str) -> Result<Vec<ServiceId>, Failure> {
        self.texts(name)?
            .into_iter()
            .map(|text| Ok(ServiceId::parse(text)?))
            .collect()
    }

    /// Returns an encrypted user id.
    pub(crate) fn ciphertext(&self) -> Result<UidCiphertext, Failure> {
        Ok(UidCiphertext::from_bytes(&self.bytes("ciphertext")?)?)
    }
}

fn wrong(name: &str, expected: &str) -> Failure {
    Failure::Request(format!("{name} must be {expected}"))
}
