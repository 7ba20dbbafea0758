-- Accounts, the addresses that name them, and the tokens that let them in.
--
-- Times are microseconds since 1970; null where something has not happened. Booleans are 0 and 1. Addresses are
-- matched by email_key, the address in lower case, so that one address is one account whatever its case, and one
-- table holds primary and secondary addresses so that the primary key keeps both apart at once.
-- AUTOINCREMENT: the number of an erased account is never given to another, since tokens hold it.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    academic_title TEXT NOT NULL,
    password_hash TEXT,
    epoch BIGINT NOT NULL,
    epoch_began_at BIGINT,
    is_staff BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    verified_at BIGINT,
    archived_at BIGINT,
    deactivated_at BIGINT
);

CREATE UNIQUE INDEX accounts_by_username ON accounts (username);

CREATE TABLE email_addresses (
    email_key TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('primary', 'secondary'))
);

CREATE UNIQUE INDEX email_addresses_by_account ON email_addresses (account_id, role);

-- Addresses that an account gave up, as SHA-256 of their key. An access token that Django issued names an address
-- and nothing else: if it is older than this, it is not meant for whoever has the address now.
CREATE TABLE freed_addresses (
    address_hash TEXT NOT NULL PRIMARY KEY,
    freed_at BIGINT NOT NULL
);

-- A refresh token is kept as its SHA-256. session_id is shared by all that came from one login.
CREATE TABLE refresh_tokens (
    token_hash TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);

CREATE INDEX refresh_tokens_by_account ON refresh_tokens (account_id);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Tokens from mailed links that have done their work, kept as SHA-256 until they would have expired anyway.
CREATE TABLE spent_action_tokens (
    token_hash TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
