-- The issuer: keys, server params, accounts, devices.
--
-- SEALED columns hold AES-256-GCM-SIV ciphertext bound to table, column and row; HASHED ones a
-- keyed hash. Times are whole seconds since 1970-01-01T00:00:00Z.

-- Marks the file as an issuer's database: "AnIs".
PRAGMA application_id = 1097746803;

CREATE TABLE master_key_check (
    -- Always 1: there is one master key.
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- A salt (16 bytes) and what the master key gives with it (32 bytes).
    key_check BLOB    NOT NULL CHECK (length(key_check) = 48)
) STRICT;

CREATE TABLE keys (
    -- Counts up over all purposes; of one purpose, the highest is in use.
    key_id  INTEGER NOT NULL PRIMARY KEY CHECK (key_id BETWEEN 1 AND 4294967295),
    -- What the key is for.
    purpose TEXT    NOT NULL CHECK (purpose IN ('data', 'index', 'password', 'event')),
    -- SEALED under the master key: the key.
    wrapped BLOB    NOT NULL,
    -- When the key was made.
    created INTEGER NOT NULL CHECK (created >= 0)
) STRICT;

CREATE TABLE server_params (
    -- 8 bytes of a hash of the public params.
    params_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(params_id) = 8),
    -- Which params these are.
    kind       TEXT    NOT NULL CHECK (kind IN ('generic', 'group')),
    -- The first moment at which they hold.
    not_before INTEGER NOT NULL CHECK (not_before >= 0),
    -- The first moment at which they no longer hold; NULL while no end is set.
    not_after  INTEGER CHECK (not_after >= not_before),
    -- SEALED: the secret params in the byte format of the protocol.
    secret     BLOB    NOT NULL
) STRICT;

CREATE TABLE accounts (
    -- HASHED: the account id, for look-ups.
    account_index BLOB    NOT NULL PRIMARY KEY CHECK (length(account_index) = 32),
    -- SEALED: the account id.
    aci           BLOB    NOT NULL,
    -- SEALED: the phone-number id; NULL for an account without one.
    pni           BLOB,
    -- SEALED: what stands in for the phone-number id in group credentials.
    auth_salt     BLOB    NOT NULL,
    -- When the account was added.
    created       INTEGER NOT NULL CHECK (created >= 0)
) STRICT;

CREATE TABLE devices (
    -- The account.
    account_index BLOB    NOT NULL REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- The device's number within the account; 1 is the first.
    device_id     INTEGER NOT NULL CHECK (device_id BETWEEN 1 AND 4294967295),
    -- SEALED: what its owner calls it.
    name          BLOB    NOT NULL,
    -- HASHED, together with account and device: the password.
    password_hash BLOB    NOT NULL CHECK (length(password_hash) = 32),
    -- When the device was added.
    created       INTEGER NOT NULL CHECK (created >= 0),
    -- The day (midnight UTC) on which it was last seen.
    last_seen     INTEGER NOT NULL CHECK (last_seen >= 0),
    PRIMARY KEY (account_index, device_id)
) STRICT;
