-- What keeps a link from being made again by somebody else: the index of its public params, and the
-- traces of deleted links. And how often the calls of a link were ended from outside.

-- NULL until the service opens the file for the first time after this migration.
-- HASHED: the public params, which no other link has.
ALTER TABLE call_links ADD COLUMN zkparams_index BLOB CHECK (length(zkparams_index) = 32);
-- How often whoever has the passkey has ended the link's call; a node whose call began under
-- another number ends it.
ALTER TABLE call_links ADD COLUMN ended_calls INTEGER NOT NULL DEFAULT 0
    CHECK (ended_calls BETWEEN 0 AND 4294967295);

CREATE UNIQUE INDEX call_links_by_zkparams ON call_links (zkparams_index);

CREATE TABLE deleted_links (
    -- HASHED: the room id.
    room_index     BLOB    NOT NULL PRIMARY KEY CHECK (length(room_index) = 32),
    -- HASHED, together with the room: the admin passkey, which alone creates the link anew.
    passkey_hash   BLOB    NOT NULL CHECK (length(passkey_hash) = 32),
    -- HASHED: the public params.
    zkparams_index BLOB    NOT NULL CHECK (length(zkparams_index) = 32),
    -- The first moment at which the room is free; that of the deleted link.
    delete_at      INTEGER NOT NULL CHECK (delete_at >= 0)
) STRICT;

CREATE INDEX deleted_links_by_zkparams ON deleted_links (zkparams_index);
CREATE INDEX deleted_links_by_delete_at ON deleted_links (delete_at);
