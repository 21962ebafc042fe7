-- Accounts of guests, and the params that make their credentials.

-- 'guest' for an account that somebody got without a login, and that is deleted when it is not used any more.
ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'regular' CHECK (kind IN ('regular', 'guest'));

-- Finds the guests.
CREATE INDEX guests ON accounts (account_index) WHERE kind = 'guest';

ALTER TABLE server_params RENAME TO old_server_params;

CREATE TABLE server_params (
    -- 8 bytes of a hash of the public params.
    params_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(params_id) = 8),
    -- Which params these are.
    kind       TEXT    NOT NULL CHECK (kind IN ('generic', 'group', 'certificates', 'guest')),
    -- The first moment at which they hold.
    not_before INTEGER NOT NULL CHECK (not_before >= 0),
    -- The first moment at which they no longer hold; NULL while no end is set.
    not_after  INTEGER CHECK (not_after >= not_before),
    -- SEALED: the secret params in the byte format of the protocol.
    secret     BLOB    NOT NULL
) STRICT;

INSERT INTO server_params (params_id, kind, not_before, not_after, secret)
SELECT params_id, kind, not_before, not_after, secret FROM old_server_params;

DROP TABLE old_server_params;
