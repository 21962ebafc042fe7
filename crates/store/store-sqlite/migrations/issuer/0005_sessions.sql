-- Failures are counted for each origin, devices are known by their last refresh token, and the link
-- of a sign-up that was opened is known as such.

-- Whoever is locked at the upgrade is not locked any more.
DROP TABLE login_failures;

CREATE TABLE login_failures (
    -- HASHED: the email address, which need not have an account.
    email_index  BLOB    NOT NULL CHECK (length(email_index) = 32),
    -- HASHED, together with the email address: the network or the device they came from.
    origin_index BLOB    NOT NULL CHECK (length(origin_index) = 32),
    -- Failures in a row.
    failures     INTEGER NOT NULL CHECK (failures BETWEEN 1 AND 4294967295),
    -- 1 once they have locked the address for the origin.
    locked       INTEGER NOT NULL CHECK (locked IN (0, 1)),
    -- The first moment at which neither the lock nor the failures count any more.
    expires      INTEGER NOT NULL CHECK (expires >= 0),
    PRIMARY KEY (email_index, origin_index)
) STRICT;

CREATE INDEX login_failures_by_expiry ON login_failures (expires);

CREATE TABLE known_devices (
    -- The account.
    account_index BLOB    NOT NULL,
    -- The device's number within the account.
    device_id     INTEGER NOT NULL,
    -- HASHED: the last refresh token that the device got.
    token_hash    BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    PRIMARY KEY (account_index, device_id),
    FOREIGN KEY (account_index, device_id)
        REFERENCES devices (account_index, device_id) ON DELETE CASCADE
) STRICT;

INSERT OR REPLACE INTO known_devices (account_index, device_id, token_hash)
SELECT account_index, device_id, token_hash
FROM refresh_tokens JOIN sessions USING (session_id) WHERE used IS NULL
ORDER BY created;

CREATE TABLE confirmed_sign_ups (
    -- HASHED: the token of the mail, which has confirmed the address.
    token_hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    -- The account.
    account_index BLOB    NOT NULL REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- The first moment at which nobody is told so any more.
    expires       INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;

CREATE INDEX confirmed_sign_ups_by_account ON confirmed_sign_ups (account_index);
CREATE INDEX confirmed_sign_ups_by_expiry ON confirmed_sign_ups (expires);
