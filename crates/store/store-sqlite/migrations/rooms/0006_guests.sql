-- The params that make the credentials of guests, and what guests may do with a link.

ALTER TABLE server_params RENAME TO old_server_params;

CREATE TABLE server_params (
    -- 8 bytes of a hash of the public params.
    params_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(params_id) = 8),
    -- Which params these are: the only kinds that the room service may know.
    kind       TEXT    NOT NULL CHECK (kind IN ('generic', 'guest')),
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

-- 'wait' for guests who wait in the lobby, 'accounts' for guests who are admitted as accounts are, 'no' for
-- none.
ALTER TABLE call_links ADD COLUMN guests TEXT NOT NULL DEFAULT 'wait' CHECK (guests IN ('wait', 'accounts', 'no'));
