-- A login begins a session, which its owner can see and end; so far only its refresh tokens knew of it. An access token
-- names its session and ends with it.
--
-- Of the refresh tokens of a session each is turned in once (spent_at) for its successor, which names it as its
-- predecessor. A successor whose answer was lost is replaced (replaced_at) by another of the same predecessor; so each
-- token has one successor at most that is not replaced. address and user_agent are those of the last login or refresh.
--
-- Whoever is logged in stays so: sessions are made of the refresh tokens that are there, each the successor of the one
-- issued before it. Where they were used is not known.

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    began_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT,
    user_agent TEXT NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account_id, last_used_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

INSERT INTO sessions (id, account_id, began_at, last_used_at, expires_at, user_agent)
SELECT session_id, account_id, MIN(issued_at), MAX(issued_at), MAX(expires_at), ''
FROM refresh_tokens
GROUP BY session_id, account_id;

ALTER TABLE refresh_tokens RENAME TO former_refresh_tokens;
DROP INDEX refresh_tokens_by_account;
DROP INDEX refresh_tokens_by_session;

CREATE TABLE refresh_tokens (
    token_hash TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    predecessor_hash TEXT,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    replaced_at BIGINT
);

INSERT INTO refresh_tokens (token_hash, session_id, predecessor_hash, issued_at, expires_at, spent_at)
SELECT token_hash, session_id,
    LAG(token_hash) OVER (PARTITION BY session_id ORDER BY issued_at, spent_at NULLS LAST),
    issued_at, expires_at, spent_at
FROM former_refresh_tokens;

DROP TABLE former_refresh_tokens;

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_predecessor ON refresh_tokens (predecessor_hash);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);

-- What has expired is swept by these.
CREATE INDEX spent_action_tokens_by_end ON spent_action_tokens (expires_at);
CREATE INDEX freed_addresses_by_time ON freed_addresses (freed_at);
