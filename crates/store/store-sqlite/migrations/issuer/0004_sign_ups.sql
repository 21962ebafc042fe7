-- The link of a sign-up confirms the password of that sign-up, and no other.

CREATE TABLE sign_ups (
    -- HASHED: the token of the mail, by which the row is found.
    token_hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    -- The account whose address nobody has confirmed yet.
    account_index BLOB    NOT NULL REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- SEALED: the slow hash of this sign-up's password, with its salt and its cost.
    verifier      BLOB    NOT NULL,
    -- The first moment at which it is worth nothing any more.
    expires       INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;

CREATE INDEX sign_ups_by_account ON sign_ups (account_index);
CREATE INDEX sign_ups_by_expiry ON sign_ups (expires);

CREATE TABLE reset_tokens (
    -- The account.
    account_index BLOB    NOT NULL PRIMARY KEY
        REFERENCES accounts (account_index) ON DELETE CASCADE,
    -- HASHED: the token of the mail.
    token_hash    BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- The first moment at which it is worth nothing any more.
    expires       INTEGER NOT NULL CHECK (expires >= 0)
) STRICT;

CREATE INDEX reset_tokens_by_expiry ON reset_tokens (expires);

INSERT INTO reset_tokens (account_index, token_hash, expires)
SELECT account_index, token_hash, expires FROM email_tokens WHERE purpose = 'reset password';

-- Links of sign-ups that did not say which password they were for: who waits signs up again.
DROP TABLE email_tokens;
