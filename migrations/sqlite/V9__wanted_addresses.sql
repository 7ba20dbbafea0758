-- The address that an account last asked for as its secondary one, as SHA-256 of its key, until a link confirms it or the
-- secondary address is given up. Links to other addresses, and those that were mailed before, are of no use: whoever has
-- the mailbox of an address that was mistyped, or given up, must not get in by it.
CREATE TABLE wanted_addresses (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    address_hash TEXT NOT NULL
);
