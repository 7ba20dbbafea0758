-- What happened to whom, by whom and from where, for whoever has to find out afterwards. Rows are added in the
-- transaction of what they tell of, are never changed, and go when they are older than audit.kept.
--
-- account_id is who it happened to and refers to no row, so that it outlives an erased account; numbers are never given
-- twice. It is null where nobody has the name that was given. actor_id is the account that did it to another one.
-- detail is a code or the id of a working group. Nothing here is a secret, a name or a mail address: whatever people type may be a
-- password in the wrong field.

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    account_id BIGINT,
    actor TEXT NOT NULL CHECK (actor IN ('owner', 'account', 'operator', 'somebody')),
    actor_id BIGINT,
    address TEXT,
    session_id TEXT,
    detail TEXT,
    CHECK ((actor = 'account') = (actor_id IS NOT NULL))
);

CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_account ON audit (account_id, at, id);
CREATE INDEX audit_by_actor ON audit (actor_id, at, id) WHERE actor_id IS NOT NULL;

CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'what is in the audit is not changed');
END;
