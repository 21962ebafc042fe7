//! The sealed columns of each database, for a reseal.

use super::columns;
use crate::keys::{Column, KeyOwner};

/// A column of sealed values.
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    /// The column.
    pub column: Column,
    /// The columns whose values, one after the other, form the row key that a value is bound to.
    pub row: &'static [RowPart],
}

/// A column of a row key, and the encoding of its value there.
#[derive(Clone, Copy, Debug)]
pub enum RowPart {
    /// The bytes as they are.
    Bytes(&'static str),
    /// A number as 4 bytes, big-endian.
    Number(&'static str),
    /// A text as UTF-8.
    Text(&'static str),
}

impl RowPart {
    /// Returns the column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes(name) | Self::Number(name) | Self::Text(name) => name,
        }
    }
}

const ACCOUNT: &[RowPart] = &[RowPart::Bytes("account_index")];
const DEVICE: &[RowPart] = &[
    RowPart::Bytes("account_index"),
    RowPart::Number("device_id"),
];
const SIGN_UP: &[RowPart] = &[
    RowPart::Bytes("token_hash"),
    RowPart::Bytes("account_index"),
];
const IDENTITY: &[RowPart] = &[RowPart::Bytes("identity_index")];
const SERVER_PARAMS: &[RowPart] = &[RowPart::Bytes("params_id"), RowPart::Text("kind")];
const LINK: &[RowPart] = &[RowPart::Bytes("room_index")];
const APPROVAL: &[RowPart] = &[RowPart::Bytes("room_index"), RowPart::Bytes("user_index")];
const CALL: &[RowPart] = &[RowPart::Bytes("call_index"), RowPart::Bytes("era_id")];

/// Returns all columns of a database that are sealed under its data keys.
#[must_use]
pub const fn sealed_columns(owner: KeyOwner) -> &'static [SealedColumn] {
    const fn of(column: Column, row: &'static [RowPart]) -> SealedColumn {
        SealedColumn { column, row }
    }
    match owner {
        KeyOwner::Issuer => {
            &const {
                [
                    of(columns::SERVER_PARAMS_SECRET, SERVER_PARAMS),
                    of(columns::ACCOUNT_ACI, ACCOUNT),
                    of(columns::ACCOUNT_PNI, ACCOUNT),
                    of(columns::ACCOUNT_AUTH_SALT, ACCOUNT),
                    of(columns::DEVICE_NAME, DEVICE),
                    of(columns::DEVICE_LAST_ADDRESS, DEVICE),
                    of(columns::LOGIN_EMAIL, ACCOUNT),
                    of(columns::LOGIN_VERIFIER, ACCOUNT),
                    of(columns::SIGN_UP_VERIFIER, SIGN_UP),
                    of(columns::SHADOW_SIGN_UP_VERIFIER, ACCOUNT),
                    of(columns::IDENTITY_ISSUER, IDENTITY),
                    of(columns::IDENTITY_SUBJECT, IDENTITY),
                ]
            }
        }
        KeyOwner::Rooms => {
            &const {
                [
                    of(columns::SERVER_PARAMS_SECRET, SERVER_PARAMS),
                    of(columns::CALL_LINK_ROOM, LINK),
                    of(columns::CALL_LINK_ZKPARAMS, LINK),
                    of(columns::CALL_LINK_NAME, LINK),
                    of(columns::CALL_LINK_ADMIN_STATEMENT, LINK),
                    of(columns::APPROVAL_USER, APPROVAL),
                    of(columns::CALL_KEY, CALL),
                    of(columns::CALL_CREATOR, CALL),
                ]
            }
        }
    }
}
