-- The room service: keys, server params, call links, approvals, calls.
--
-- SEALED columns hold AES-256-GCM-SIV ciphertext bound to table, column and row; HASHED ones a
-- keyed hash. Times are whole seconds since 1970-01-01T00:00:00Z.

-- Marks the file as a room service's database: "AnRo".
PRAGMA application_id = 1097749103;

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
    -- Which params these are: the only kind that the room service may know.
    kind       TEXT    NOT NULL CHECK (kind = 'generic'),
    -- The first moment at which they hold.
    not_before INTEGER NOT NULL CHECK (not_before >= 0),
    -- The first moment at which they no longer hold; NULL while no end is set.
    not_after  INTEGER CHECK (not_after >= not_before),
    -- SEALED: the secret params in the byte format of the protocol.
    secret     BLOB    NOT NULL
) STRICT;

CREATE TABLE call_links (
    -- HASHED: the room id, for look-ups.
    room_index    BLOB    NOT NULL PRIMARY KEY CHECK (length(room_index) = 32),
    -- SEALED: the room id.
    room_id       BLOB    NOT NULL,
    -- The epoch; NULL for a link without one.
    epoch         INTEGER CHECK (epoch BETWEEN 0 AND 4294967295),
    -- HASHED, together with the room: the admin passkey.
    passkey_hash  BLOB    NOT NULL CHECK (length(passkey_hash) = 32),
    -- SEALED: the public params that presentations are made under.
    zkparams      BLOB    NOT NULL,
    -- Who may come in without being asked: everybody, or only those an admin has approved.
    restrictions  TEXT    NOT NULL CHECK (restrictions IN ('none', 'adminApproval')),
    -- SEALED: the name, which the clients have encrypted already.
    name          BLOB    NOT NULL,
    -- 1 if the link has been revoked.
    revoked       INTEGER NOT NULL CHECK (revoked IN (0, 1)),
    -- When the link was created.
    created       INTEGER NOT NULL CHECK (created >= 0),
    -- The first moment at which it is expired.
    expiration    INTEGER NOT NULL CHECK (expiration >= created),
    -- The first moment at which it is unknown, and may be deleted.
    delete_at     INTEGER NOT NULL CHECK (delete_at >= expiration)
) STRICT;

CREATE INDEX call_links_by_delete_at ON call_links (delete_at);

CREATE TABLE approvals (
    -- The link, by its room.
    room_index BLOB NOT NULL REFERENCES call_links (room_index) ON DELETE CASCADE,
    -- HASHED, together with the room: the user's opaque id, for look-ups.
    user_index BLOB NOT NULL CHECK (length(user_index) = 32),
    -- SEALED: the user's opaque id.
    user_id    BLOB NOT NULL,
    PRIMARY KEY (room_index, user_index)
) STRICT;

CREATE TABLE calls (
    -- HASHED: the room's key, for look-ups; a room has one call at most.
    call_index  BLOB    NOT NULL PRIMARY KEY CHECK (length(call_index) = 32),
    -- SEALED: the room's key, adhoc:<room id> or a group's id.
    call_key    BLOB    NOT NULL,
    -- The era's random id.
    era_id      BLOB    NOT NULL CHECK (length(era_id) = 16),
    -- SEALED: the opaque id of the user who started it.
    creator     BLOB    NOT NULL,
    -- The node of the room service that owns it.
    node        TEXT    NOT NULL CHECK (node <> ''),
    -- The address of the media server that carries it; NULL if the node does.
    media       TEXT    CHECK (media <> ''),
    -- When it started.
    started     INTEGER NOT NULL CHECK (started >= 0),
    -- The first moment at which the row no longer holds; NULL if it holds until it is removed.
    lease_until INTEGER CHECK (lease_until >= 0)
) STRICT;

CREATE INDEX calls_by_node ON calls (node);
CREATE INDEX calls_by_lease_until ON calls (lease_until);
