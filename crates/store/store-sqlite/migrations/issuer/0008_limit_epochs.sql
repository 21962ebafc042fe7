-- Limits of accounts that begin anew.

-- Part of the names of the account's buckets: with the next number they are full again.
ALTER TABLE accounts ADD COLUMN limit_epoch INTEGER NOT NULL DEFAULT 0 CHECK (limit_epoch BETWEEN 0 AND 4294967295);
