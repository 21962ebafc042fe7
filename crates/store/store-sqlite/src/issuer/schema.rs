//! The schema of the issuer's file.

use anteroom_store::KeyOwner;

use crate::{
    database::{Schema, SqliteDatabase, SqliteTransaction},
    file::FileSchema,
    migrations,
};

/// The schema of the issuer's file.
#[derive(Clone, Copy, Debug)]
pub enum IssuerSchema {}

impl Schema for IssuerSchema {
    const FILE: FileSchema = FileSchema {
        owner: KeyOwner::Issuer,
        migrations: migrations::ISSUER,
        application_id: 0x416e_4973,
        holds_any: "SELECT EXISTS (SELECT 1 FROM keys)
             OR EXISTS (SELECT 1 FROM server_params)
             OR EXISTS (SELECT 1 FROM accounts)
             OR EXISTS (SELECT 1 FROM devices)
             OR EXISTS (SELECT 1 FROM login_failures)
             OR EXISTS (SELECT 1 FROM invites)",
        transient_deletions: &[
            "DELETE FROM sessions",
            "DELETE FROM known_devices",
            "DELETE FROM sign_ups",
            "DELETE FROM confirmed_sign_ups",
            "DELETE FROM reset_tokens",
            "DELETE FROM invites",
        ],
    };
}

/// The issuer's database in an SQLite file.
pub type SqliteIssuer = SqliteDatabase<IssuerSchema>;

/// A transaction on the issuer's file.
pub(super) type IssuerTransaction = SqliteTransaction<IssuerSchema>;
