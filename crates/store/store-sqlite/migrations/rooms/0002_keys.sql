-- Keys that a newer one has replaced can retire.

ALTER TABLE keys RENAME TO old_keys;

CREATE TABLE keys (
    -- Counts up over all purposes; of one purpose, the highest is in use.
    key_id  INTEGER NOT NULL PRIMARY KEY CHECK (key_id BETWEEN 1 AND 4294967295),
    -- What the key is for.
    purpose TEXT    NOT NULL
        CHECK (purpose IN ('data', 'index', 'password', 'event')),
    -- SEALED under the master key: the key; NULL once it is retired.
    wrapped BLOB,
    -- When the key was made.
    created INTEGER NOT NULL CHECK (created >= 0),
    -- When the key was forgotten, because nothing needed it any more; NULL while it is there.
    retired INTEGER CHECK (retired >= created AND (retired IS NULL) = (wrapped IS NOT NULL))
) STRICT;

INSERT INTO keys (key_id, purpose, wrapped, created)
SELECT key_id, purpose, wrapped, created FROM old_keys;

DROP TABLE old_keys;
