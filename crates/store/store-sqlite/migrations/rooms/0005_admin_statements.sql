-- The admins of a link can leave a statement for everybody who comes by the link. The service does
-- not read it. A link that was stored before has NULL until its admins make a statement.

-- SEALED: the newest statement of the admins, empty without one.
ALTER TABLE call_links ADD COLUMN admin_statement BLOB;
