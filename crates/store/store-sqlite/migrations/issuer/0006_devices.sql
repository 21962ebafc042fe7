-- Where devices were last seen from, and when to the second.
--
-- From here on devices.last_seen is the moment of the last use, as it was written within the last
-- minutes, and no longer the midnight of its day. Older values stand until the next use.

-- SEALED: the pseudonym of the address it was last seen from; NULL while none is known.
ALTER TABLE devices ADD COLUMN last_address BLOB;
