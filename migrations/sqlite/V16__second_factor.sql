-- How the owner proved to be the owner when the session began or was last confirmed, and when. Earlier sessions began with a
-- password.
ALTER TABLE sessions ADD COLUMN authentication TEXT NOT NULL DEFAULT 'password';
UPDATE sessions SET authenticated_at = began_at WHERE authenticated_at IS NULL;

-- The secret that an account shares with an authenticator app (RFC 6238), encrypted with a key that is derived from the secret
-- key. session_id is the session in which the set-up began, which alone can finish it. confirmed_at is null until the owner has
-- entered a first code. last_step is the newest time step whose code was used.
CREATE TABLE authenticators (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed_secret TEXT NOT NULL,
    session_id TEXT,
    added_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    last_used_at BIGINT
);

-- Unused recovery codes, as keyed hashes.
CREATE TABLE recovery_codes (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);

-- Passkeys (WebAuthn). The id is that of the credential in base64url. The credential holds the public key, the signature
-- counter and the backup flags in JSON.
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    is_backed_up BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE INDEX passkeys_by_account ON passkeys (account_id);
