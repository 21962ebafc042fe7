-- How devices were made; people of identity providers, who outlive their devices; and sign-ups with
-- addresses that have an account.

-- How the device was made: 'operator' by a command, 'login' by a login, 'request' by a request that
-- gave it a password of its own, 'identity' by a token of an identity provider.
ALTER TABLE devices ADD COLUMN origin TEXT NOT NULL DEFAULT 'operator' CHECK (origin IN ('operator', 'login', 'request', 'identity'));

-- The first device of an account was made by a command unless something says otherwise; all others
-- that no login and no provider stands for have got a password of their own by a request.
UPDATE devices SET origin = CASE
    WHEN EXISTS (SELECT 1 FROM identities
        WHERE identities.account_index = devices.account_index
            AND identities.device_id = devices.device_id) THEN 'identity'
    WHEN EXISTS (SELECT 1 FROM known_devices
        WHERE known_devices.account_index = devices.account_index
            AND known_devices.device_id = devices.device_id) THEN 'login'
    WHEN device_id > 1 THEN 'request'
    ELSE 'operator'
END;

ALTER TABLE identities RENAME TO old_identities;

CREATE TABLE identities (
    -- HASHED: the provider and its name for somebody, for look-ups.
    identity_index BLOB    NOT NULL PRIMARY KEY CHECK (length(identity_index) = 32),
    -- SEALED: the provider.
    issuer         BLOB    NOT NULL,
    -- SEALED: the provider's name for somebody.
    subject        BLOB    NOT NULL,
    -- The account.
    account_index  BLOB    NOT NULL REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- The device's number within the account; NULL after the device is gone, until there is a new one.
    device_id      INTEGER CHECK (device_id BETWEEN 1 AND 4294967295),
    -- When the last device of theirs was deleted: tokens that are no younger are refused. NULL if none
    -- was.
    ended          INTEGER CHECK (ended >= 0)
) STRICT;

INSERT INTO identities (identity_index, issuer, subject, account_index, device_id)
SELECT identity_index, issuer, subject, account_index, device_id FROM old_identities;

DROP TABLE old_identities;

CREATE INDEX identities_by_device ON identities (account_index, device_id);

CREATE TABLE shadow_sign_ups (
    -- The account whose address somebody signed up with once more.
    account_index BLOB    NOT NULL PRIMARY KEY
        REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- SEALED: the slow hash of the last such sign-up's password, which opens nothing.
    verifier      BLOB    NOT NULL,
    -- The first moment at which it is worth nothing any more.
    expires       INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;

CREATE INDEX shadow_sign_ups_by_expiry ON shadow_sign_ups (expires);

CREATE TABLE decoy_tokens (
    -- Always 1: the row is written where a token would be, if the address had an account.
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- HASHED: a token that is in no mail.
    token_hash BLOB    NOT NULL CHECK (length(token_hash) = 32),
    -- When it would end.
    expires    INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;
