-- When the account was added to this database, by a registration or an import. Accounts that existed before this migration
-- count as added by it, so that none of them expires at once as never verified.
ALTER TABLE accounts ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET added_at = (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT;

-- The language of pages and mails. Null if the owner has chosen none.
ALTER TABLE accounts ADD COLUMN language TEXT;

-- The text that the owner agreed to at registration, if the site has one.
ALTER TABLE accounts ADD COLUMN terms_version TEXT;
ALTER TABLE accounts ADD COLUMN terms_accepted_at BIGINT;

-- A login on the pages is a session with a cookie and without tokens. authenticated_at is the last time at which its owner
-- entered the password, and admin_used_at the last use of the pages for operators.
ALTER TABLE sessions ADD COLUMN cookie_hash TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN authenticated_at BIGINT;
ALTER TABLE sessions ADD COLUMN admin_used_at BIGINT;
CREATE UNIQUE INDEX sessions_by_cookie ON sessions (cookie_hash);

-- The account that a mail is about, so that the mail is exported and erased with it. Its recipient may be somebody else.
ALTER TABLE outbox ADD COLUMN account_id BIGINT;
CREATE INDEX outbox_by_account ON outbox (account_id);

-- The key of the address of the recipient, by which the mails to an address are found. The program adds it to earlier mails.
ALTER TABLE outbox ADD COLUMN recipient_key TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX outbox_by_recipient ON outbox (recipient_key);

-- Invitations to register, and to join a working group if there is one. An operator made those without invited_by.
CREATE TABLE invitations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    working_group_id TEXT COLLATE "C" REFERENCES working_groups (id) ON DELETE CASCADE,
    invited_by BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX invitations_by_token ON invitations (token_hash);
CREATE INDEX invitations_by_email ON invitations (email_key);
CREATE INDEX invitations_by_working_group ON invitations (working_group_id);
CREATE INDEX invitations_by_inviter ON invitations (invited_by);
CREATE INDEX invitations_by_end ON invitations (expires_at);

-- The ids of erased accounts, so that their audit entries expire earlier, and a restored backup can erase them again. There,
-- joined_at tells whether the account with the id is the same.
CREATE TABLE erased_accounts (
    account_id BIGINT NOT NULL PRIMARY KEY,
    joined_at BIGINT NOT NULL,
    erased_at BIGINT NOT NULL
);

CREATE INDEX erased_accounts_by_time ON erased_accounts (erased_at);
