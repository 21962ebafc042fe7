//! The admission that a leaf carries.

use anteroom_protocol::ParseError;

use crate::{
    AdminSignature, Approval, MemberPublicKey, SignedStatement, Statement as _,
    encoding::{Reader, Writer},
};

const NONE: u8 = 0;
const APPROVAL: u8 = 1;
const ADMIN: u8 = 3;

/// The reason for which a leaf says it is in. It stands in the leaf for as long as the leaf is in, for
/// everybody to check.
///
/// Encoding: the kind (1), then nothing; or `length (2) || approval`; or the signature of the admin key (64).
/// The kind 2 is of no admission.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a leaf has one, and where somebody decides who comes in most are approvals"
)]
pub enum Admission {
    /// None: enough where the policy asks for none.
    None,
    /// An approval of the leaf's member key.
    Approval(SignedStatement<Approval>),
    /// The admin key's signature over the leaf's member key in this era.
    Admin(AdminSignature),
}

impl Admission {
    /// The maximum length in bytes.
    pub const MAX_LENGTH: usize = 1 + 2 + Approval::MAX_LENGTH;

    /// Returns the approval in it.
    #[must_use]
    pub const fn approval(&self) -> Option<&SignedStatement<Approval>> {
        match self {
            Self::Approval(approval) => Some(approval),
            Self::None | Self::Admin(_) => None,
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        match self {
            Self::None => writer.u8(NONE),
            Self::Approval(approval) => {
                writer.u8(APPROVAL);
                writer.bytes(approval.as_bytes());
            }
            Self::Admin(signature) => {
                writer.u8(ADMIN);
                writer.fixed(signature.as_bytes());
            }
        }
        writer.finish()
    }

    /// Parses the bytes. No signature is verified.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::read(Reader::new(bytes))
    }

    /// Parses the bytes that stand in the leaf of a member key.
    pub(crate) fn parse_of(bytes: &[u8], member_key: &MemberPublicKey) -> Result<Self, ParseError> {
        Self::read(Reader::with_known_key(bytes, member_key))
    }

    fn read(mut reader: Reader<'_>) -> Result<Self, ParseError> {
        let admission = match reader.u8()? {
            NONE => Self::None,
            APPROVAL => {
                let approval = reader.nested(Approval::MAX_LENGTH)?;
                Self::Approval(SignedStatement::read(approval)?)
            }
            ADMIN => Self::Admin(AdminSignature::from_bytes(reader.signature()?)),
            _ => return Err(ParseError),
        };
        reader.finish()?;
        Ok(admission)
    }
}
