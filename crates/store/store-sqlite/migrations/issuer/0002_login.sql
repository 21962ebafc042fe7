-- Logins: email addresses with passwords, sessions, the tokens of mails, invites, and people whom
-- identity providers vouch for.

-- What the account may do.
ALTER TABLE accounts ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'administrator'));
-- 1 for an account that an administrator has shut out.
ALTER TABLE accounts ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1));

-- Finds the devices that were not seen for long.
CREATE INDEX devices_by_last_seen ON devices (last_seen);

CREATE TABLE logins (
    -- The account.
    account_index BLOB    NOT NULL PRIMARY KEY
        REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- HASHED: the email address, for look-ups.
    email_index   BLOB    NOT NULL UNIQUE CHECK (length(email_index) = 32),
    -- SEALED: the email address.
    email         BLOB    NOT NULL,
    -- SEALED: the slow hash of the password, with its salt and its cost.
    verifier      BLOB    NOT NULL,
    -- 1 once the address was shown to be theirs.
    verified      INTEGER NOT NULL CHECK (verified IN (0, 1)),
    -- When the login was added.
    created       INTEGER NOT NULL CHECK (created >= 0)
) STRICT;

CREATE TABLE login_failures (
    -- HASHED: the email address, which need not have an account.
    email_index BLOB    NOT NULL PRIMARY KEY CHECK (length(email_index) = 32),
    -- Failures in a row.
    failures    INTEGER NOT NULL CHECK (failures BETWEEN 1 AND 4294967295),
    -- 1 once they have locked the address.
    locked      INTEGER NOT NULL CHECK (locked IN (0, 1)),
    -- The first moment at which neither the lock nor the failures count any more.
    expires     INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;

CREATE INDEX login_failures_by_expiry ON login_failures (expires);

CREATE TABLE sessions (
    -- 16 random bytes, which say nothing and prove nothing.
    session_id    BLOB    NOT NULL PRIMARY KEY CHECK (length(session_id) = 16),
    -- The account.
    account_index BLOB    NOT NULL,
    -- The device's number within the account.
    device_id     INTEGER NOT NULL,
    -- 1 if the session goes on for longer without being used.
    remember      INTEGER NOT NULL CHECK (remember IN (0, 1)),
    -- When it began.
    created       INTEGER NOT NULL CHECK (created >= 0),
    -- The first moment at which it is over, unless it is used before.
    expires       INTEGER NOT NULL CHECK (expires >= 0),
    FOREIGN KEY (account_index, device_id)
        REFERENCES devices (account_index, device_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX sessions_by_device ON sessions (account_index, device_id);
CREATE INDEX sessions_by_expiry ON sessions (expires);

CREATE TABLE refresh_tokens (
    -- HASHED: the token.
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    -- The session.
    session_id BLOB    NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    -- When it was used; NULL for the one with which the session goes on.
    used       INTEGER CHECK (used >= 0)
) STRICT;

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_use ON refresh_tokens (used) WHERE used IS NOT NULL;

CREATE TABLE email_tokens (
    -- The account.
    account_index BLOB    NOT NULL REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- What the mail's link is for.
    purpose       TEXT    NOT NULL CHECK (purpose IN ('verify email', 'reset password')),
    -- HASHED, together with the purpose: the token.
    token_hash    BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- The first moment at which it is worth nothing any more.
    expires       INTEGER NOT NULL CHECK (expires >= 0),
    PRIMARY KEY (account_index, purpose)
) STRICT;

CREATE INDEX email_tokens_by_expiry ON email_tokens (expires);

CREATE TABLE invites (
    -- HASHED: the code.
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    -- When it was made.
    created    INTEGER NOT NULL CHECK (created >= 0),
    -- The first moment at which it is worth nothing any more.
    expires    INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;

CREATE INDEX invites_by_expiry ON invites (expires);

CREATE TABLE identities (
    -- HASHED: the provider and its name for somebody, for look-ups.
    identity_index BLOB    NOT NULL PRIMARY KEY CHECK (length(identity_index) = 32),
    -- SEALED: the provider.
    issuer         BLOB    NOT NULL,
    -- SEALED: the provider's name for somebody.
    subject        BLOB    NOT NULL,
    -- The account.
    account_index  BLOB    NOT NULL,
    -- The device's number within the account.
    device_id      INTEGER NOT NULL,
    FOREIGN KEY (account_index, device_id)
        REFERENCES devices (account_index, device_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX identities_by_device ON identities (account_index, device_id);
